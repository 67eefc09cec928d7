/**
 * The endpoint of bench/simulate.ts: `node simulate-mock.js [--faults]`. It says its port, and a line at the first request after
 * each look at /begun; /asked tells what it was asked, /begun when it began.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { faultOf, REPLY_MS, RETRY_AFTER_S, replyOf } from './simulate-plan.ts';

const faults = process.argv.includes('--faults');
/** Attempts by seed of the request. */
const asked = new Map<number, number>();
let begun: number | null = null;

function chunk(content: string, finish: string | null): string {
  const choices = [{ index: 0, delta: content === '' ? {} : { content }, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`;
}

function answer(seed: number, response: ServerResponse): void {
  const attempt = asked.get(seed) ?? 0;
  asked.set(seed, attempt + 1);
  const fault = faults ? faultOf(seed, attempt) : null;
  if (fault === 'busy') {
    response.writeHead(429, { 'retry-after': String(RETRY_AFTER_S), 'content-type': 'application/json' });
    response.end('{"error":{"message":"slow down"}}');
    return;
  }
  if (fault === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  const words = replyOf(seed);
  const half = words.length >> 1;
  const text = (part: readonly string[]) => part.map((word) => chunk(word, null)).join('');
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  // One after the other: two timers of different lengths may fire in the wrong order on a busy machine.
  setTimeout(() => {
    response.write(text(words.slice(0, half)));
    if (fault === 'cut') response.socket?.end();
    else setTimeout(() => response.end(`${text(words.slice(half))}${chunk('', 'stop')}data: [DONE]\n\n`), REPLY_MS / 2);
  }, REPLY_MS / 2);
}

const server = createServer((request, response) => {
  if (request.url === '/asked') {
    response.end(JSON.stringify([...asked]));
    return;
  }
  if (request.url === '/begun') {
    response.end(JSON.stringify(begun));
    begun = null;
    return;
  }
  if (begun === null) {
    begun = Date.now();
    console.log('begun');
  }
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (piece: string) => {
    body += piece;
  });
  request.on('end', () => answer((JSON.parse(body) as { seed: number }).seed, response));
});
// Connections stay open between sessions, as a server behind load would keep them.
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(String((server.address() as AddressInfo).port)));
