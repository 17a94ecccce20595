import { request as httpRequest } from 'node:http';
import { Duplex } from 'node:stream';

/**
 * A request of Node's own over a connection that answers with these bytes, and then closes.
 * @returns body: null where it is framed in a way that Node refuses
 */
export function asNodeSees(bytes: Buffer): Promise<{ status: number | null; body: string | null }> {
  return new Promise((resolve) => {
    let isAnswered = false;
    const connection = new Duplex({
      read() {
        // Once asked.
      },
      write(_chunk, _encoding, callback) {
        callback();
        if (isAnswered) return;
        isAnswered = true;
        this.push(bytes);
        this.push(null);
      },
    });
    let status: number | null = null;
    const failed = () => resolve({ status, body: null });
    const asked = httpRequest({ method: 'POST', createConnection: () => connection });
    asked.on('error', failed);
    asked.on('response', (response) => {
      status = response.statusCode ?? null;
      const body: Buffer[] = [];
      response.on('data', (piece: Buffer) => body.push(piece));
      response.on('error', failed);
      response.on('end', () => resolve({ status, body: Buffer.concat(body).toString('latin1') }));
    });
    asked.end('x');
  });
}
