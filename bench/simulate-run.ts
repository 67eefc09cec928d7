/**
 * One run of bench/simulate.ts in a process of its own: `foil` is the workflow with its journal and corpus on the disk, `bare` a
 * client of node:http that keeps its connections, asks the same, reads the streams, and does nothing else.
 *
 *     node simulate-run.js foil|bare BASE_URL SESSIONS AT_ONCE FOLDER
 */
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { OpenAIChatModel } from '../src/backends/openai/chat.ts';
import { openSessionStore } from '../src/backends/store/session-store.ts';
import { openTurnJournal } from '../src/backends/store/turn-journal.ts';
import { systemClock } from '../src/backends/system.ts';
import { FoilError } from '../src/core/errors.ts';
import type { Session } from '../src/core/session/schema.ts';
import { simulate } from '../src/core/workflows/simulate/simulate.ts';
import type { Summary } from '../src/core/workflows/simulate/types.ts';
import { contextsOf, SEED, seedsOf, USER_TURNS } from './simulate-plan.ts';

const [mode = '', base = '', sessions = '', lanes = '', folder = ''] = process.argv.slice(2);
const [count, atOnce] = [Number(sessions), Number(lanes)];

async function foil(): Promise<Summary> {
  const model = (name: string, system: string | null) =>
    new OpenAIChatModel({
      ...{ name, model: name, system, sampling: { temperature: 1 }, flip: true, window: null },
      endpoint: {
        ...{
          server: 'mock',
          baseURL: base,
          key: null,
          keyName: null,
          timeoutMs: 60_000,
          dialect: 'openai',
          own: false,
        },
        atOnce,
      },
      end: { tokenId: null, marker: null },
    });
  const store = await openSessionStore(join(folder, 'sessions'));
  const journal = await openTurnJournal(join(folder, 'sessions'), 'made');
  const request = {
    ...{ simulator: model('sim', null), chatbots: [model('bot', 'Listen, ask, and help.')] },
    ...{ contexts: contextsOf(count), contextCount: count, perContext: 1, seed: SEED, maxUserTurns: USER_TURNS },
    done: await store.ids('made'),
  };
  const append = (made: readonly Session[]) => store.append('made', made);
  console.log('started');
  let summary: Summary | null = null;
  for await (const event of simulate(request, { clock: systemClock, journal, append }, new AbortController().signal)) {
    if (event.type === 'done') summary = event.summary;
  }
  await store.close();
  if (!summary) throw new FoilError('no-summary', 'the run did not say that it was done');
  return summary;
}

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

async function bare(): Promise<null> {
  const contexts = contextsOf(count);
  let next = 0;
  console.log('started');
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
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
  return null;
}

const begun = performance.now();
const used = process.cpuUsage();
const summary = await (mode === 'bare' ? bare() : foil());
const { user, system } = process.cpuUsage(used);
const seconds = (performance.now() - begun) / 1000;
const cpuMs = (user + system) / 1000 / count;
console.log(JSON.stringify({ seconds, cpuMs, rssMb: process.resourceUsage().maxRSS / 1024, summary }));
process.exit(0);
