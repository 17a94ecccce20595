import { TriggersClient } from 'triggers-client';

/** Sends a thousand orders, each once however often this runs: the order's number is the dedup id. */
export async function sendOrders(url: string, apiKey: string): Promise<number> {
  const client = new TriggersClient({ url, apiKey });
  const orders = Array.from({ length: 1_000 }, (_, n) => ({
    type: 'order.created',
    data: { order: n },
    dedup_id: `order-${n}`,
  }));
  const results = await client.sendBatch(orders);
  return results.filter(({ status }) => status === 'accepted').length;
}
