/**
 * A log of 1,000,000 lines against one of 1,000: opening a run's log and scrolling in it, to the paint. The whole app runs
 * over a run store on disk files held in memory, in a terminal of 120x40 that only listens. Blocks of the two alternate,
 * so that a busy machine slows both alike.
 *
 *     npx tsx bench/log.tsx [--lines 1000000] [--rounds 5] [--json]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FakeRegistry } from '../src/backends/fake/models.ts';
import { FakeLauncher, FakeRunStore, FakeTrainer, fakeRecord, fileOf } from '../src/backends/fake/runs.ts';
import { contextSchema } from '../src/core/session/schema.ts';
import type { RunPorts } from '../src/core/stage/ports.ts';
import type { RunRequest } from '../src/core/stage/run.ts';
import type { Workbench } from '../src/ui/control/workbench.ts';
import { benchClock, benchWorkbench, inProduction, openScreen, pause } from './screen.tsx';

const COLUMNS = 120;
const ROWS = 30;
const SHORT = 1_000;
const KEYS_A_BLOCK = 40;
const MAX_RATIO = 2;
const ESC = '\x1b';

const REQUEST: RunRequest = {
  stage: 'sft',
  name: 'bench',
  kind: 'simulator',
  preset: 'small',
  changes: {},
  seed: 1,
  rows: { train: null, valid: null, simulated: [], match: 'turns', context: true, system: null },
  adapter: null,
  base: null,
  launcher: 'local',
  resources: { gpus: 0, cpus: null, memoryGb: null, hours: null },
  from: null,
};

/** A run that is done, with a log of so many lines. */
function worldOf(lines: number): RunPorts {
  const runs = new FakeRunStore();
  const launchers = new FakeLauncher();
  runs.records.set('run', { ...fakeRecord('run', REQUEST), handle: null });
  const text: string[] = [];
  for (let k = 0; k < lines; k += 1) text.push(`step ${k} loss ${(3 / (1 + k / lines)).toFixed(4)} tokens/s 250\n`);
  runs.disk.write(fileOf('run', 'log'), text.join(''));
  const trainer = new FakeTrainer(runs, { version: 1, stages: {} });
  return { runs, trainer, launchers, models: new FakeRegistry({}), clock: benchClock, newId: (prefix) => prefix };
}

function workbench(runs: RunPorts): Workbench {
  const roles = { simulator: 'sim', chatbot: 'bot', discriminator: null };
  const at = '2026-01-01T00:00:00.000Z';
  const open = {
    ...{ schema: 1 as const, id: 'bench', created: at, updated: at, nodes: [], head: null, roles, seed: 1 },
    context: contextSchema.parse({}),
  };
  const seats = { user: 'model', assistant: 'human' } as const;
  return benchWorkbench(runs.models, { open, roles, seats, runs: async () => runs, maxUserTurns: 1 });
}

interface Block {
  /** From the key that opens the log to its last line on the screen, ms. */
  readonly open: number;
  /** From each key that scrolls to the next write, ms. */
  readonly scroll: readonly number[];
}

/** Opens the log, scrolls up through it, goes to its start and down again. */
async function block(ports: RunPorts, lines: number): Promise<Block> {
  let written = 0;
  let awaited: string | null = null;
  const { control, send, close } = openScreen(workbench(ports), { columns: COLUMNS, rows: ROWS }, (data) => {
    written += 1;
    if (awaited !== null && data.includes(awaited)) awaited = null;
  });
  await control.start();
  send(`${ESC}[15~`);
  while (control.state.runs.runs.length === 0) await pause(5);
  await pause(50);

  const begun = performance.now();
  awaited = `step ${lines - 1} `;
  send('\r');
  await pause(0);
  send('\t');
  while (awaited) await pause(1);
  const open = performance.now() - begun;

  await pause(100);
  const scroll: number[] = [];
  for (let key = 0; key < KEYS_A_BLOCK; key += 1) {
    const half = key < KEYS_A_BLOCK / 2;
    if (key === KEYS_A_BLOCK / 2) {
      send('g');
      while (control.state.runs.details['run']?.log.start !== 0) await pause(1);
      await pause(60);
    }
    const [before, at] = [written, performance.now()];
    send(half ? `${ESC}[5~` : `${ESC}[6~`);
    while (written === before && performance.now() - at < 2000) await pause(0);
    scroll.push(performance.now() - at);
    await pause(20);
  }
  close();
  return { open, scroll };
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

function summarise(blocks: readonly Block[]): { open_ms: number; scroll_ms: number } {
  return { open_ms: median(blocks.map(({ open }) => open)), scroll_ms: median(blocks.flatMap(({ scroll }) => scroll)) };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      lines: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  });
  const lines = Number(values.lines);
  const [shortWorld, longWorld] = [worldOf(SHORT), worldOf(lines)];
  const blocks: { short: Block[]; long: Block[] } = { short: [], long: [] };
  await block(shortWorld, SHORT);
  for (let round = 0; round < Number(values.rounds); round += 1) {
    blocks.short.push(await block(shortWorld, SHORT));
    blocks.long.push(await block(longWorld, lines));
  }
  const [short, long] = [summarise(blocks.short), summarise(blocks.long)];
  const ratio = { open: long.open_ms / short.open_ms, scroll: long.scroll_ms / short.scroll_ms };
  const ok = ratio.open <= MAX_RATIO && ratio.scroll <= MAX_RATIO;
  const round = (value: number) => Number(value.toFixed(2));
  if (values.json) {
    const shown = (of: typeof short) => ({ open_ms: round(of.open_ms), scroll_ms: round(of.scroll_ms) });
    const result = { open: round(ratio.open), scroll: round(ratio.scroll) };
    const cases = { short: shown(short), long: shown(long) };
    console.log(
      JSON.stringify({ bench: 'log', name: 'long-log', lines, ratio: result, ...cases, limit: MAX_RATIO, ok }),
    );
  } else {
    const row = (what: string, a: number, b: number) =>
      console.log(`${what} ${lines} lines: ${round(a)} ms / ${round(b)} ms = ${round(a / b)} (at most ${MAX_RATIO})`);
    row('open a log of', long.open_ms, short.open_ms);
    row('scroll a log of', long.scroll_ms, short.scroll_ms);
  }
  process.exit(ok ? 0 : 1);
}

await inProduction(fileURLToPath(import.meta.url), main);
