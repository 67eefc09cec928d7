import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openTurnJournal } from '../../src/backends/store/turn-journal.ts';
import { foldTurns, type TurnRecord } from '../../src/core/workflows/simulate/journal.ts';

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'foil-journal-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

function turn(session: string, index: number, text = `turn ${index}`, key = 'k'): TurnRecord {
  const role = index % 2 === 0 ? 'user' : 'assistant';
  return { schema: 1, session, key, index, role, text, seed: index, end: false, empty: 0 };
}

test('a record is on the disk when its promise resolves, in the order of appending', async () => {
  const dir = await folder();
  const journal = await openTurnJournal(dir, 'made');
  const records = Array.from({ length: 50 }, (_, index) => turn('s', index));
  await Promise.all(
    records.map(async (record) => {
      await journal.append(record);
      expect(await readFile(join(dir, 'made.unfinished'), 'utf8')).toContain(`"text":"${record.text}"`);
    }),
  );
  await journal.close(() => false);
  const again = await openTurnJournal(dir, 'made');
  expect(again.records).toEqual(records);
  await again.close(() => false);
});

test('a write that was cut off loses its own record alone, and nothing is joined to it', async () => {
  const dir = await folder();
  const journal = await openTurnJournal(dir, 'made');
  await journal.append(turn('s', 0));
  await journal.close(() => false);
  await appendFile(join(dir, 'made.unfinished'), '{"schema":1,"session":"s","key":"k","ind');
  const again = await openTurnJournal(dir, 'made');
  expect(again.records).toEqual([turn('s', 0)]);
  await again.append(turn('s', 1));
  await again.close(() => false);
  expect((await openTurnJournal(dir, 'made')).records).toEqual([turn('s', 0), turn('s', 1)]);
});

test('what the corpus has is let go, and an empty journal is gone', async () => {
  const dir = await folder();
  const journal = await openTurnJournal(dir, 'made');
  await journal.append(turn('one', 0));
  await journal.append(turn('two', 0));
  await journal.close((session) => session === 'one');
  const again = await openTurnJournal(dir, 'made');
  expect(again.records).toEqual([turn('two', 0)]);
  await again.close(() => true);
  expect(await readdir(dir)).toEqual([]);
});

test('a damaged line is an error with its place, not a turn that is silently lost', async () => {
  const dir = await folder();
  await appendFile(join(dir, 'made.unfinished'), `${JSON.stringify({ ...turn('s', 0), index: 'x' })}\n`);
  await expect(openTurnJournal(dir, 'made')).rejects.toMatchObject({ where: { line: 1, field: 'index' } });
});

test('the fold takes the newest key, no gap, and the first of two records for a place', () => {
  const fold = (...records: TurnRecord[]) => [...(foldTurns(records).get('s') ?? [])].map(({ text }) => text);
  expect(fold(turn('s', 0), turn('s', 1))).toEqual(['turn 0', 'turn 1']);
  expect(fold(turn('s', 0), turn('s', 0, 'late'), turn('s', 1))).toEqual(['turn 0', 'turn 1']);
  expect(fold(turn('s', 0), turn('s', 2))).toEqual(['turn 0']);
  expect(fold(turn('s', 0), turn('s', 0, 'anew', 'other'), turn('s', 1, 'on', 'other'))).toEqual(['anew', 'on']);
  expect(fold(turn('s', 1))).toEqual([]);
});
