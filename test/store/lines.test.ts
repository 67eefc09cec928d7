import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLines, splitLines } from '../../src/backends/store/lines.ts';
import { isTorn } from '../../src/backends/store/records.ts';
import { testFolder } from '../fixtures/sessions.ts';

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('splitLines', () => {
  it('gives exact byte places, wherever the chunks break and whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ' '))),
        fc.boolean(),
        fc.integer({ min: 1, max: 7 }),
        async (texts, ended, size) => {
          const bytes = Buffer.from(texts.join('\n') + (ended ? '\n' : ''));
          const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
            bytes.subarray(i * size, (i + 1) * size),
          );
          const lines = await collect(splitLines(Readable.from(chunks), 'x'));
          for (const [index, line] of lines.entries()) {
            expect(line.number).toBe(index + 1);
            expect(bytes.subarray(line.offset, line.offset + line.raw.length).equals(line.raw)).toBe(true);
          }
          expect(
            Buffer.concat(lines.map((line) => Buffer.concat([line.raw, Buffer.from(line.ended ? '\n' : '')]))).equals(
              bytes,
            ),
          ).toBe(true);
        },
      ),
    );
  });

  it('reads on from a byte in the middle of a file, up to another', async () => {
    const file = join(await testFolder(), 'a.jsonl');
    await writeFile(file, 'héllo\nwörld\nrest\nlater');
    const lines = await collect(readLines(file, { offset: 7, line: 2 }, 14));
    expect(lines.map((line) => [line.number, line.offset, line.raw.toString(), line.ended])).toEqual([
      [2, 7, 'wörld', true],
    ]);
  });

  it('refuses a line without end instead of filling the memory', async () => {
    const chunk = Buffer.alloc(8 * 1024 * 1024, 'x');
    const lines = splitLines(Readable.from(Array.from({ length: 9 }, () => chunk)), 'big.jsonl');
    await expect(collect(lines)).rejects.toMatchObject({
      code: 'line-too-long',
      where: { file: 'big.jsonl', line: 1 },
    });
  });
});

describe('isTorn', () => {
  const line = (raw: Buffer) => ({ number: 1, offset: 0, raw, ended: true });

  it('knows every beginning of a record, cut at any byte, from a whole record', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (record) => {
        const bytes = Buffer.from(JSON.stringify(record));
        for (let cut = 1; cut < bytes.length; cut += 1) expect(isTorn(line(bytes.subarray(0, cut)))).toBe(true);
        expect(isTorn(line(bytes))).toBe(false);
      }),
    );
  });

  it('does not call other damage torn', () => {
    for (const text of ['garbage', '{"a": 1,, "b": 2}', '[1', '{"a":1}}', ''])
      expect(isTorn(line(Buffer.from(text)))).toBe(false);
  });
});
