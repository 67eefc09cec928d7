/**
 * What bench/simulate.ts compares with: a client of node:http that keeps its connections, asks what `foil simulate` asks, reads
 * the streams, and does nothing else.
 *
 *     node simulate-bare.js BASE_URL SESSIONS AT_ONCE
 */
import { Agent, request } from 'node:http';
import { contextsOf, seedsOf } from './simulate-plan.ts';

const [base = '', sessions = '', lanes = ''] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });
const url = new URL(`${base}/chat/completions`);

function ask(body: object): Promise<string> {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const sent = request({ method: 'POST', host: url.hostname, port: url.port, path: url.pathname, agent, headers });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        answer += piece;
      });
      response.on('end', () => {
        const data = answer.split('\n').filter((line) => line.startsWith('data: {'));
        resolve(data.map((line) => JSON.parse(line.slice(6)).choices[0].delta.content ?? '').join(''));
      });
    });
    sent.end(text);
  });
}

const contexts = contextsOf(Number(sessions));
let next = 0;
await Promise.all(
  Array.from({ length: Number(lanes) }, async () => {
    for (let context = contexts[next++]; context; context = contexts[next++]) {
      const messages: { role: string; content: string }[] = [
        { role: 'system', content: String(context.context.current_summary) },
      ];
      for (const seed of seedsOf(context.id)) {
        const content = await ask({ model: 'm', stream: true, seed, temperature: 1, messages });
        messages.push({ role: messages.length % 2 ? 'assistant' : 'user', content });
      }
    }
  }),
);
process.exit(0);
