import { request as plain } from 'node:http';
import { request as secure } from 'node:https';

/** More than any answer of a scheduler; a server that sends more is not one. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * One HTTP request, in node's own terms: `fetch` sends `Sec-Fetch-Mode`, which Ray takes for a browser and answers a POST
 * with 405 (is_browser_request, ray 2.60). Redirects are not followed, so that a key goes nowhere else.
 */
export function request(
  method: 'GET' | 'POST',
  address: string,
  headers: Readonly<Record<string, string>>,
  body: string | null,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const open = address.startsWith('https:') ? secure : plain;
    const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const outgoing = open(address, { method, headers: { ...headers, ...length }, signal, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      response.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > MAX_BYTES) response.destroy(new Error('the answer is too long'));
        else pieces.push(piece);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body ?? undefined);
  });
}
