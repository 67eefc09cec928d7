/**
 * What it costs to have a label on the disk with 20,000 pairs in the set: `npx tsx bench/label.ts [--pairs N] [--json]`.
 * Each round writes one decision through the store, and the same bytes with a bare append and datasync to a file that is as
 * long; they take turns at going first. The ratio of the medians is the figure.
 */
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openPairStore } from '../src/backends/store/pair-store.ts';
import type { Decision } from '../src/core/preference/decisions.ts';
import { type PreferencePair, pairSchema } from '../src/core/preference/schema.ts';

const LIMIT = 1.5;
const ROUNDS = 500;
const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '20000' }, json: { type: 'boolean', default: false } },
});
const count = Number(values.pairs);
const by = { kind: 'model', name: 'it0' } as const;

const dir = await mkdtemp(join(tmpdir(), 'foil-label-'));
try {
  await writeFile(
    join(dir, 'a.jsonl'),
    Array.from({ length: count }, (_, n) => `${JSON.stringify(pair(n))}\n`),
  );
  await writeFile(
    join(dir, 'a.decisions.jsonl'),
    Array.from({ length: count }, (_, n) => `${JSON.stringify(label(n))}\n`),
  );
  const store = openPairStore(dir);
  const opened = performance.now();
  const { length } = await store.list('a');
  const loadMs = performance.now() - opened;
  const bare = await open(join(dir, 'bare.jsonl'), 'a');
  await bare.appendFile(Array.from({ length: count }, (_, n) => `${JSON.stringify(label(n))}\n`).join(''));
  await bare.sync();
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = -20; round < ROUNDS; round += 1) {
    const decision = label(((round + 20) * 37) % count);
    const one = async () => {
      const start = performance.now();
      await store.decide('a', decision);
      if (round >= 0) ours.push(performance.now() - start);
    };
    const other = async () => {
      const start = performance.now();
      await bare.appendFile(`${JSON.stringify(decision)}\n`);
      await bare.datasync();
      if (round >= 0) theirs.push(performance.now() - start);
    };
    for (const write of round % 2 === 0 ? [one, other] : [other, one]) await write();
  }
  await bare.close();
  await store.close();
  const [label_ms, append_ms] = [at(ours, 0.5), at(theirs, 0.5)];
  const ratio = label_ms / append_ms;
  const report = {
    pairs: length,
    load_ms: Math.round(loadMs),
    label_ms,
    label_p95_ms: at(ours, 0.95),
    append_ms,
    ratio,
    limit: LIMIT,
  };
  if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else {
    process.stdout.write(
      `a label with ${length} pairs / an append with datasync: ${ratio.toFixed(2)} (bound ${LIMIT}); ` +
        `${label_ms.toFixed(2)} ms against ${append_ms.toFixed(2)} ms, p95 ${report.label_p95_ms.toFixed(2)} ms; read in ${report.load_ms} ms\n`,
    );
  }
  process.exitCode = ratio <= LIMIT ? 0 : 1;
} finally {
  await rm(dir, { recursive: true, force: true });
}

function at(times: readonly number[], share: number): number {
  return [...times].sort((a, b) => a - b)[Math.floor(share * (times.length - 1))] ?? Number.NaN;
}

/** As large as a mined pair in the middle of a session. */
function pair(n: number): PreferencePair {
  const turn = (role: 'user' | 'assistant') => ({
    role,
    content: `turn of session ${n}: ${'some words of it '.repeat(6)}`,
  });
  return pairSchema.parse({
    ...{
      schema: 1,
      id: `p${n}`,
      created: '2026-01-01T00:00:00Z',
      origin: 'mined',
      context: { current_summary: `case ${n}` },
    },
    history: Array.from({ length: 12 }, (_, index) => turn(index % 2 === 0 ? 'user' : 'assistant')),
    chosen: { content: `eh, my boss again ${n}`, r: 0.7, by },
    rejected: { content: `I appreciate your support ${n}.`, r: -0.7, by },
    ...{ discriminator: 'd', simulator: 'it0', session: `s${n}`, t: 7, decision: 'pending' },
  });
}

function label(n: number): Decision {
  const at = new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();
  return { schema: 1, pair: `p${n}`, reviewer: 'anna', decision: 'approve', at, ms: 2100, pass: 1, blind: null };
}
