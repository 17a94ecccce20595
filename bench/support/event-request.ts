/** The bytes of a request that sends an event, for `rawLoad`. */
export function eventRequest(type: string, data: unknown): string {
  const body = JSON.stringify({ type, data });
  return [
    'POST /api/events HTTP/1.1',
    'Host: localhost',
    'X-API-Key: test-api-key-change-in-prod',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
