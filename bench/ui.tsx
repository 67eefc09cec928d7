/**
 * Key to paint with a 10,000-turn session open while two models talk at 200 tokens/s, against the same with an empty
 * session; the same while a loop that runs behind the screen simulates 256 sessions at once against a mock endpoint
 * (bench/simulate.ts); and the bytes that the terminal gets meanwhile. The whole app runs, on scripted models, in
 * a terminal of 120x40 that only listens. Blocks of the cases alternate, so that a busy machine slows all alike.
 *
 *     npx tsx bench/ui.tsx [--rounds 4] [--json]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FakeDiscriminator, FakeRegistry } from '../src/backends/fake/models.ts';
import type { ChatModel, GenerateEvent } from '../src/core/ports.ts';
import { contextSchema, type LiveSession, type TurnNode } from '../src/core/session/schema.ts';
import { batch } from '../src/ui/batch.ts';
import type { Workbench } from '../src/ui/control/workbench.ts';
import { startCrowd } from './crowd.ts';
import { benchWorkbench, inProduction, openScreen, pause } from './screen.tsx';
import { cleanUp, openMock, prepare } from './simulate-programs.ts';

const COLUMNS = 120;
const ROWS = 40;
const TURNS = 10_000;
const TOKENS_A_SECOND = 200;
const TOKENS_A_TURN = 120;
const KEYS_A_BLOCK = 60;
/** As the Loop screen takes the progress of a stage. */
const PROGRESS_MS = 300;
const MAX_RATIO = 1.5;
const MAX_KB_A_SECOND = 40;
/** Characters that stand nowhere else on the screen, so that the write which paints one is known. */
const TYPED = 'ΓΔΘΛΞΠΣΦΨΩ';
const WORDS = 'well i guess it is just that my boss never listens and so nothing changes at work for me '.split(
  /(?<= )/u,
);

/** A model that says words at a steady rate, whatever the machine does: late words come together, as from a socket. */
class SteadyModel implements ChatModel {
  readonly sampling = {};
  readonly system = null;
  readonly flip = true;
  readonly window = null;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  async *generate(): AsyncGenerator<GenerateEvent> {
    const begun = performance.now();
    let text = '';
    for (let token = 0; token < TOKENS_A_TURN; token += 1) {
      const early = begun + (token * 1000) / TOKENS_A_SECOND - performance.now();
      if (early > 0) await pause(early);
      const word = WORDS[token % WORDS.length] ?? '';
      text += word;
      yield { type: 'delta', index: 0, text: word };
    }
    yield { type: 'choice', index: 0, text, end: false, cut: false };
  }

  countTokens(texts: readonly string[]): Promise<number[]> {
    return Promise.resolve(texts.map((text) => Math.ceil(text.length / 4)));
  }
}

function session(turns: number): LiveSession {
  const at = '2026-01-01T00:00:00.000Z';
  const nodes = Array.from({ length: turns }, (_, id): TurnNode => {
    const role = id % 2 === 0 ? 'user' : 'assistant';
    const content = `${WORDS.slice(0, 5 + (id % 12)).join('')}${id}`;
    const scores = role === 'user' ? { judge: { z: Math.sin(id), logit_p0: 0, template: 'fake' } } : {};
    return { id, parent: id === 0 ? null : id - 1, role, content, by: { kind: 'human' }, at, scores };
  });
  return {
    schema: 1,
    id: 'bench',
    created: at,
    updated: at,
    context: contextSchema.parse({}),
    nodes,
    head: turns === 0 ? null : turns - 1,
    roles: { simulator: 'sim', chatbot: 'bot', discriminator: 'judge' },
    seed: 1,
  };
}

function workbench(open: LiveSession): Workbench {
  const models = new FakeRegistry({
    simulators: [new SteadyModel('sim')],
    chatbots: [new SteadyModel('bot')],
    discriminators: [new FakeDiscriminator('judge', (messages) => Math.sin(messages.length))],
  });
  const runs = () => Promise.reject(new Error('the bench trains nothing'));
  const seats = { user: 'model', assistant: 'model' } as const;
  return benchWorkbench(models, { open, roles: open.roles, seats, runs, maxUserTurns: 1_000_000 });
}

interface Block {
  readonly latencies: number[];
  readonly bytes: number;
  readonly seconds: number;
  readonly turns: number;
  /** Turns of the simulation behind it. */
  readonly simulated: number;
}

/** One run of the app: models talking, a key every 30 to 60 ms. @param endpoint where 256 sessions are simulated meanwhile. */
async function block(turns: number, endpoint?: string): Promise<Block> {
  let bytes = 0;
  let awaited: { character: string; at: number } | null = null;
  const latencies: number[] = [];
  const { control, send, close } = openScreen(workbench(session(turns)), { columns: COLUMNS, rows: ROWS }, (data) => {
    bytes += Buffer.byteLength(data);
    if (awaited && data.includes(awaited.character)) {
      latencies.push(performance.now() - awaited.at);
      awaited = null;
    }
  });
  await control.start();
  await pause(100);
  send('r');
  while (control.state.chat.focus !== 'composer') {
    send('\t');
    await pause(20);
  }
  await pause(600);
  const show = batch<string>(PROGRESS_MS, (all) => control.tell('ok', all.at(-1) ?? ''));
  const crowd = endpoint === undefined ? null : await startCrowd(endpoint, (text) => show.push(text));
  await crowd?.full;
  const made = crowd?.turns ?? 0;

  const [begun, bytesBefore] = [performance.now(), bytes];
  for (let key = 0; key < KEYS_A_BLOCK; key += 1) {
    const character = TYPED[key % TYPED.length] ?? '';
    awaited = { character, at: performance.now() };
    send(character);
    await pause(30 + ((key * 7) % 31));
    while (awaited) await pause(1);
    if (key % TYPED.length === TYPED.length - 1) {
      send('\x15');
      await pause(20);
    }
  }
  const seconds = (performance.now() - begun) / 1000;
  const spoken = (control.state.chat.session?.nodes.length ?? 0) - turns;
  const simulated = (crowd?.turns ?? 0) - made;
  const result = { latencies, bytes: bytes - bytesBefore, seconds, turns: spoken, simulated };
  await crowd?.end();
  show.stop();
  close();
  return result;
}

const quantile = (values: readonly number[], q: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))] ?? Number.NaN;

/** What a case measured, over its blocks. A block in which the models fell silent measured nothing. */
function summarise(blocks: readonly Block[]): { p50_ms: number; p95_ms: number; kb_a_second: number } {
  if (blocks.some((one) => one.turns < 2)) throw new Error('the models did not talk');
  const latencies = blocks.flatMap((one) => one.latencies);
  const bytes = blocks.reduce((sum, one) => sum + one.bytes, 0);
  const seconds = blocks.reduce((sum, one) => sum + one.seconds, 0);
  return { p50_ms: quantile(latencies, 0.5), p95_ms: quantile(latencies, 0.95), kb_a_second: bytes / seconds / 1000 };
}

const CASES = ['empty', 'full', 'crowd'] as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '4' }, json: { type: 'boolean', default: false } },
  });
  await prepare();
  const mock = await openMock(false);
  const blocks: Record<(typeof CASES)[number], Block[]> = { empty: [], full: [], crowd: [] };
  await block(0);
  for (let round = 0; round < Number(values.rounds); round += 1) {
    blocks.empty.push(await block(0));
    blocks.full.push(await block(TURNS));
    blocks.crowd.push(await block(0, mock.base));
  }
  mock.end();
  await cleanUp();
  const empty = summarise(blocks.empty);
  const full = summarise(blocks.full);
  const crowd = summarise(blocks.crowd);
  const [ratio, crowded] = [full.p95_ms / empty.p95_ms, crowd.p95_ms / empty.p95_ms];
  const simulated = blocks.crowd.reduce((sum, one) => sum + one.simulated, 0);
  const turnsASecond = simulated / blocks.crowd.reduce((sum, one) => sum + one.seconds, 0);
  const kb = Math.max(full.kb_a_second, empty.kb_a_second, crowd.kb_a_second);
  const ok = ratio <= MAX_RATIO && crowded <= MAX_RATIO && kb <= MAX_KB_A_SECOND;
  const round = (value: number) => Number(value.toFixed(2));
  if (values.json) {
    const shown = (of: typeof full) => ({
      p50_ms: round(of.p50_ms),
      p95_ms: round(of.p95_ms),
      kb_a_second: round(of.kb_a_second),
    });
    const limits = { ratio: MAX_RATIO, kb_a_second: MAX_KB_A_SECOND };
    console.log(
      JSON.stringify({
        bench: 'ui',
        name: 'key-to-paint',
        ratio: round(ratio),
        crowded: round(crowded),
        kb_a_second: round(kb),
        simulated_turns_a_second: Math.round(turnsASecond),
        empty: shown(empty),
        full: shown(full),
        crowd: shown(crowd),
        limits,
        ok,
      }),
    );
  } else {
    const line = (what: string, of: typeof full, to: number) =>
      console.log(
        `${what} ${round(of.p95_ms)} ms / ${round(empty.p95_ms)} ms = ${round(to)} (at most ${MAX_RATIO}); ` +
          `p50 ${round(of.p50_ms)} / ${round(empty.p50_ms)} ms`,
      );
    line('key to paint p95, 10,000 turns:  ', full, ratio);
    line('key to paint p95, 256 sessions:  ', crowd, crowded);
    console.log(`turns of these sessions:          ${Math.round(turnsASecond)} a second`);
    console.log(`to the terminal:                  ${round(kb)} kB/s (at most ${MAX_KB_A_SECOND})`);
  }
  process.exit(ok ? 0 : 1);
}

await inProduction(fileURLToPath(import.meta.url), main);
