/**
 * `foil simulate`, the command as it is built, against a mock endpoint on this machine: replies streamed in 100 ms, 20 requests
 * a session.
 *
 *   throughput  sessions a minute at 10, 64 and 256 at once, against a bare keep-alive client in the same run, from the first
 *               request to the end of the process; with retries armed and every turn on the disk. CPU and memory of the
 *               whole process at 256, beside those of a command that does nothing.
 *   faults      30% answers 429 with `Retry-After: 1`, 5% connections reset, 5% streams cut short, against the shortest time
 *               that these very faults leave room for.
 *   kills       kill -9 at random moments: no turn that was kept is lost or asked for again.
 *
 *     npx tsx bench/simulate.ts [--only throughput,faults,kills] [--kills 10] [--rounds 4] [--json]
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killAtRandom } from './simulate-kills.ts';
import { idealSeconds } from './simulate-plan.ts';
import { cleanUp, corpusOf, faultsIn, openMock, prepare, runBare, runFoil, workspace } from './simulate-programs.ts';

const LIMITS = { ratio: 0.88, cpuMs: 8, rssMb: 150, faults: 1.3 };
const AT_ONCE = [10, 64, 256] as const;
const FAULTS_AT_ONCE = 32;
const FAULTS_SESSIONS = 128;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'throughput,faults,kills' },
    kills: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '4' },
    json: { type: 'boolean', default: false },
  },
});

const folder = await mkdtemp(join(tmpdir(), 'foil-simulate-'));
let missed = false;

function say(name: string, ok: boolean, figures: Record<string, number | string>): void {
  missed ||= !ok;
  if (values.json) console.log(JSON.stringify({ bench: 'simulate', name, ...figures, ok }));
  else {
    const text = Object.entries(figures).map(([key, value]) => `${key} ${value}`);
    console.log(`${name.padEnd(16)} ${ok ? 'ok  ' : 'MISS'} ${text.join(', ')}`);
  }
}

const round = (value: number, digits = 2) => Number(value.toFixed(digits));

async function throughput(): Promise<void> {
  for (const atOnce of AT_ONCE) {
    const mock = await openMock(false);
    const sessions = atOnce * Number(values.rounds);
    const place = join(folder, `throughput-${atOnce}`);
    await workspace(place, mock.base, sessions, atOnce);
    const bare = await runBare(mock, place, sessions, atOnce);
    const foil = await runFoil(mock, place, atOnce);
    const ratio = bare.seconds / foil.seconds;
    const wrong = faultsIn(await corpusOf(place), sessions);
    // All is done: what it costs to start, to read the contexts and to look what is left.
    const idle = await runFoil(mock, place, atOnce);
    const cpuMs = foil.cpuMs / sessions;
    const full = atOnce === 256;
    const ok =
      wrong.length === 0 && (!full || (ratio >= LIMITS.ratio && cpuMs <= LIMITS.cpuMs && foil.rssMb <= LIMITS.rssMb));
    say(`at once ${atOnce}`, ok, {
      'sessions/min': Math.round((sessions / foil.seconds) * 60),
      bare: Math.round((sessions / bare.seconds) * 60),
      ratio: round(ratio),
      'cpu ms/session': round(cpuMs),
      'bare cpu': round(bare.cpuMs / sessions),
      'rss MB': Math.round(foil.rssMb),
      'bare rss': Math.round(bare.rssMb),
      'rss with nothing to do': Math.round(idle.rssMb),
      wrong: wrong.length,
    });
    mock.end();
  }
}

async function faults(): Promise<void> {
  const mock = await openMock(true);
  const place = join(folder, 'faults');
  await workspace(place, mock.base, FAULTS_SESSIONS, FAULTS_AT_ONCE);
  const { seconds, summary } = await runFoil(mock, place, FAULTS_AT_ONCE, true);
  const ideal = idealSeconds(FAULTS_SESSIONS, FAULTS_AT_ONCE);
  const wrong = faultsIn(await corpusOf(place), FAULTS_SESSIONS);
  say('faults', wrong.length === 0 && seconds / ideal <= LIMITS.faults, {
    sessions: FAULTS_SESSIONS,
    'lost or empty': wrong.length,
    retries: JSON.stringify(summary?.retries ?? {}),
    seconds: round(seconds, 1),
    ideal: round(ideal, 1),
    ratio: round(seconds / ideal),
  });
  mock.end();
}

async function kills(): Promise<void> {
  const place = join(folder, 'kills');
  await mkdir(place);
  const { tally, ok } = await killAtRandom(place, Number(values.kills));
  say('kill -9', ok, { ...tally });
}

try {
  await prepare();
  const only = values.only.split(',');
  if (only.includes('throughput')) await throughput();
  if (only.includes('faults')) await faults();
  if (only.includes('kills')) await kills();
} finally {
  await cleanUp();
  await rm(folder, { recursive: true, force: true });
}
process.exitCode = missed ? 1 : 0;
