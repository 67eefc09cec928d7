import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { openEvaluationStore } from '../../src/backends/evaluate/store.ts';
import { openLoopStore } from '../../src/backends/store/loop-store.ts';
import { testFolder } from '../fixtures/sessions.ts';

let root: string;
beforeEach(async () => {
  root = await testFolder();
});

const SPEC = { schema: 1, name: 'first', real: 'people', simulated: ['made'] };
const LOOP = {
  ...{ schema: 1, name: 'first', created: '2026-01-01T00:00:00.000Z', simulator: 'sim', chatbots: ['bot'] },
  contexts: { train: 'train', valid: 'valid' },
};

describe.each([
  { what: 'evaluation', file: 'spec.json', settings: SPEC, open: () => openEvaluationStore(root) },
  { what: 'loop', file: 'loop.json', settings: LOOP, open: () => openLoopStore(root) },
])('the folder of one $what', ({ what, file, settings, open }) => {
  const put = async (name: string, text: string) => {
    await mkdir(join(root, name));
    await writeFile(join(root, name, file), text);
  };

  test('is loaded by its name; an unknown one is told with the near and all that there are', async () => {
    await put('first', JSON.stringify(settings));
    await put('.hidden', '');
    expect(await open().list()).toEqual(['first']);
    expect((await open().load('first')).name).toBe('first');
    await expect(open().load('frist')).rejects.toMatchObject({
      code: `unknown-${what}`,
      remedy: ['did you mean "first"?', 'known: first'],
    });
  });

  test('whose settings are damaged, wrong or of another name is refused with the file, and left as it is', async () => {
    const where = { file: join(root, 'first', file) };
    const load = () => open().load('first');
    await put('first', '{ "name": ');
    await expect(load()).rejects.toMatchObject({
      ...{ code: 'bad-json', where },
      message: expect.stringContaining(`${file} is not JSON`),
    });
    expect(await readFile(where.file, 'utf8')).toBe('{ "name": ');
    await writeFile(where.file, JSON.stringify({ ...settings, schema: 99 }));
    await expect(load()).rejects.toMatchObject({ code: 'newer-schema', where: { ...where, field: 'schema' } });
    await writeFile(where.file, JSON.stringify({ ...settings, name: 'second' }));
    await expect(load()).rejects.toMatchObject({ code: 'bad-record', where: { ...where, field: 'name' } });
  });

  test('is held once at a time', async () => {
    await put('first', JSON.stringify(settings));
    const journal = await open().hold('first');
    await expect(open().hold('first')).rejects.toMatchObject({ code: 'locked' });
    await journal.close();
    await (await open().hold('first')).close();
  });
});
