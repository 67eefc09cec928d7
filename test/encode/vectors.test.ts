import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { openVectors } from '../../src/backends/encode/vectors.ts';
import type { FoilError } from '../../src/core/errors.ts';
import { testFolder } from '../fixtures/sessions.ts';

const ENCODER = { name: 'gpu-box:org/model', version: '1' };
let dir: string;
const problems: FoilError[] = [];
const open = (encoder = ENCODER) => openVectors(dir, encoder, (problem) => problems.push(problem));
const file = () => join(dir, 'gpu-box.org.model.jsonl');
const batch = (...texts: string[]) => new Map(texts.map((text, at) => [text, Float32Array.of(at + 0.1, -1e-20, 3e8)]));

beforeEach(async () => {
  dir = await testFolder();
  problems.length = 0;
});

test('gives back the very numbers, also to the next process, a line a batch', async () => {
  const store = await open();
  await store.append(batch('a', 'é\n🙂'));
  await store.append(batch('c'));
  expect(store.get('é\n🙂')).toEqual(Float32Array.of(1.1, -1e-20, 3e8));
  await store.close();
  expect((await readFile(file(), 'utf8')).trimEnd().split('\n')).toHaveLength(2);
  const again = await open();
  for (const text of ['a', 'é\n🙂', 'c']) expect(again.get(text)).toEqual(store.get(text));
  expect(again.get('b')).toBeUndefined();
  await again.close();
});

test('takes none of another version of the encoder for its own', async () => {
  const store = await open();
  await store.append(batch('a'));
  await store.close();
  const other = await open({ ...ENCODER, version: '2' });
  expect(other.get('a')).toBeUndefined();
  await other.append(new Map([['a', Float32Array.of(7)]]));
  expect((await open()).get('a')).toHaveLength(3);
});

test('after a write that broke off, keeps what was whole and goes on behind it', async () => {
  const store = await open();
  await store.append(batch('a'));
  await store.append(batch('b'));
  await store.close();
  const whole = await readFile(file());
  await writeFile(file(), whole.subarray(0, whole.length - 9));
  const again = await open();
  expect([again.get('a')?.length, again.get('b')]).toEqual([3, undefined]);
  await again.append(batch('b'));
  await again.close();
  const last = await open();
  expect([last.get('a')?.length, last.get('b')?.length]).toEqual([3, 3]);
  expect(problems.map(({ code }) => code)).toContain('torn-line');
});

test('sees what another process added meanwhile', async () => {
  const [one, two] = [await open(), await open()];
  await one.append(batch('a'));
  await two.append(batch('b'));
  expect([two.get('a')?.length, two.get('b')?.length]).toEqual([3, 3]);
  await Promise.all([one.close(), two.close()]);
});

test('says where a line is that is no vector', async () => {
  await writeFile(file(), `${JSON.stringify({ schema: 1, vectors: { k: 'AAAA' } })}\n`);
  await expect(open()).rejects.toMatchObject({ code: 'bad-vector' });
  await writeFile(file(), `${JSON.stringify({ schema: 1, vectors: { k: 7 } })}\n`);
  await appendFile(file(), '{}\n');
  await expect(open()).rejects.toMatchObject({ where: { file: file(), line: 1 } });
});
