import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { FakeRunStore, fakeRecord, fileOf } from '../../src/backends/fake/runs.ts';
import type { RunPorts } from '../../src/core/stage/ports.ts';
import { logPage, searchLog } from '../../src/core/workflows/runs/log.ts';
import { request } from './run-request.ts';

const { signal } = new AbortController();
let runs: FakeRunStore;
let ports: RunPorts;

beforeEach(() => {
  runs = new FakeRunStore();
  runs.records.set('a', fakeRecord('a', request()));
  ports = { runs } as unknown as RunPorts;
});

const log = (text: string) => runs.disk.write(fileOf('a', 'log'), text);
const texts = (page: { lines: readonly { text: string }[] }) => page.lines.map(({ text }) => text);
const line = (k: number) => `line ${k} of the log, as long as they are`;

test('pages from the end to the start and back are the lines of the log', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '𝔵', ' '), maxLength: 30 }), { maxLength: 60 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 7 }),
      async (lines, ended, size) => {
        const text = lines.join('\n') + (ended && lines.length > 0 ? '\n' : '');
        const wanted = text === '' ? [] : text.replace(/\n$/u, '').split('\n');
        log(text);
        const back: string[] = [];
        let page = await logPage(ports, 'a', 'end', size, signal);
        while (page.lines.length > 0) {
          back.unshift(...texts(page));
          page = await logPage(ports, 'a', { before: page.start }, size, signal);
        }
        // A last line without its line feed may be one that is empty so far.
        expect(back).toEqual(text.endsWith('\n') || text === '' ? wanted : text.split('\n'));
        const forth: string[] = [];
        let from = 0;
        for (;;) {
          const next = await logPage(ports, 'a', { after: from }, size, signal);
          forth.push(...texts(next));
          if (next.end === from || next.end >= next.size) break;
          if (next.lines.at(-1)?.at === next.end) break;
          from = next.end;
        }
        expect(forth).toEqual(wanted);
      },
    ),
    { numRuns: 60 },
  );
});

test('a page costs what it shows: the same in a log of a million lines as in one of a thousand', async () => {
  const cost = async (lines: number) => {
    log(Array.from({ length: lines }, (_, k) => line(k)).join('\n'));
    runs.disk.bytesRead = 0;
    const end = await logPage(ports, 'a', 'end', 50, signal);
    const up = await logPage(ports, 'a', { before: end.start }, 50, signal);
    const down = await logPage(ports, 'a', { after: up.end }, 50, signal);
    expect(texts(up).at(-1)).toBe(line(lines - 51));
    expect(texts(down)).toEqual(texts(end));
    return runs.disk.bytesRead;
  };
  const [short, long] = [await cost(10_000), await cost(1_000_000)];
  expect(long).toBeLessThanOrEqual(short * 1.1);
});

test('nothing in a log is obeyed, a progress bar is its last state, and a line without an end is cut', async () => {
  log(`\u001b[31mred\u001b[0m\rloss 3\rloss 2\r\n\u202Ehidden\n${'x'.repeat(300_000)}`);
  const page = await logPage(ports, 'a', { after: 0 }, 2, signal);
  expect(texts(page)).toEqual(['loss 2', '⟨202E⟩hidden']);
  const end = await logPage(ports, 'a', 'end', 3, signal);
  expect(end.lines.every(({ text }) => text.length <= 64 * 1024)).toBe(true);
});

test('a line that is still being written is shown, and shown again when it is whole', async () => {
  log('one\ntw');
  const page = await logPage(ports, 'a', 'end', 10, signal);
  expect(texts(page)).toEqual(['one', 'tw']);
  expect(page.end).toBe(4);
  log('one\ntwo\nthree\n');
  const next = await logPage(ports, 'a', { after: page.end }, 10, signal);
  expect(next).toMatchObject({ start: 4, lines: [{ at: 4, text: 'two' }, { text: 'three' }], end: 14, size: 14 });
});

test('text is found forwards and backwards, across blocks, whatever its case', async () => {
  const lines = Array.from({ length: 60_000 }, (_, k) => line(k));
  lines[30_000] = 'RuntimeError: é 漢 at 30000';
  lines[50_000] = 'runtimeerror again';
  log(lines.join('\n'));
  const first = await searchLog(ports, 'a', 'RUNTIMEerror', 0, 'forward', signal);
  const page = await logPage(ports, 'a', { after: first! }, 1, signal);
  expect(texts(page)).toEqual(['RuntimeError: é 漢 at 30000']);
  const second = await searchLog(ports, 'a', 'runtimeerror', page.end, 'forward', signal);
  expect(texts(await logPage(ports, 'a', { after: second! }, 1, signal))).toEqual(['runtimeerror again']);
  expect(await searchLog(ports, 'a', 'runtimeerror', second!, 'back', signal)).toBe(first);
  expect(await searchLog(ports, 'a', 'é 漢', Number.MAX_SAFE_INTEGER, 'back', signal)).toBe(first);
  // Bytes that merely fold alike are no match.
  expect(await searchLog(ports, 'a', 'ã©', 0, 'forward', signal)).toBeNull();
  expect(await searchLog(ports, 'a', 'not there', 0, 'forward', signal)).toBeNull();
});
