import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BuildOptions, buildTrainEnv } from '../../src/backends/setup/build-env.ts';
import { pipFailure } from '../../src/backends/setup/pip-failure.ts';
import { findPython } from '../../src/backends/setup/python.ts';
import { type BuildEvent, findTrainEnv, MARK, type TrainEnv } from '../../src/backends/setup/train-env.ts';

let dir: string;
let requirements: string;
const never = new AbortController().signal;

/** A wheel with one module, `foil_tiny`, made by hand so that no index is asked. */
function makeWheel(folder: string): string {
  const file = join(folder, 'foil_tiny-1.2.3-py3-none-any.whl');
  const script = `import sys, zipfile
info = "foil_tiny-1.2.3.dist-info/"
with zipfile.ZipFile(sys.argv[1], "w") as z:
    z.writestr("foil_tiny.py", "answer = 42\\n")
    z.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: foil-tiny\\nVersion: 1.2.3\\n")
    z.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    z.writestr(info + "RECORD", "foil_tiny.py,,\\n" + info + "METADATA,,\\n" + info + "WHEEL,,\\n" + info + "RECORD,,\\n")`;
  execFileSync('python3', ['-c', script, file]);
  return file;
}

async function build(options: Partial<BuildOptions> = {}, signal = never, onEvent?: (event: BuildEvent) => void) {
  const events: BuildEvent[] = [];
  const generator = buildTrainEnv({ device: 'cpu', dir: join(dir, 'envs'), requirements, ...options }, signal);
  while (true) {
    const next = await generator.next();
    if (next.done) return { env: next.value, events };
    events.push(next.value);
    onEvent?.(next.value);
  }
}

const answer = (env: TrainEnv) =>
  execFileSync(env.executable, ['-c', 'import foil_tiny; print(foil_tiny.answer)'], { encoding: 'utf8' }).trim();
const steps = (events: readonly BuildEvent[]) =>
  events.filter((event) => event.type === 'step').map((event) => event.index);

beforeEach(async () => {
  // nothing in these tests may ask an index
  vi.stubEnv('PIP_NO_INDEX', '1');
  dir = await mkdtemp(join(tmpdir(), 'foil-env-'));
  requirements = join(dir, 'requirements.txt');
  await writeFile(requirements, `foil-tiny @ ${pathToFileURL(makeWheel(dir))}\n`);
});

afterEach(() => rm(dir, { recursive: true, force: true }));

describe('the training environment', { timeout: 120_000 }, () => {
  it('is built once, then found', async () => {
    const first = await build();
    expect(answer(first.env)).toBe('42');
    expect(first.env.packages['foil-tiny']).toBe('1.2.3');
    expect(steps(first.events)).toEqual([1, 3, 4]);
    expect(await readFile(join(first.env.dir, 'install.log'), 'utf8')).toContain('foil-tiny');

    const second = await build();
    expect(second).toEqual({ env: first.env, events: [] });
    expect(await findTrainEnv({ dir: join(dir, 'envs'), requirements })).toEqual(first.env);
    expect(await findTrainEnv({ dir: join(dir, 'envs'), requirements, device: 'cuda' })).toBeNull();
  });

  it('goes on after it was stopped in the middle of pip', async () => {
    const stop = new AbortController();
    const stopped = build({}, stop.signal, (event) => {
      if (event.type === 'line' && /tiny/.test(event.text)) stop.abort();
    });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    expect(await findTrainEnv({ dir: join(dir, 'envs'), requirements })).toBeNull();
    expect(answer((await build()).env)).toBe('42');
  });

  it('is built anew where its interpreter is gone or its mark is torn', async () => {
    const { env } = await build();
    await rm(join(env.dir, 'bin'), { recursive: true });
    expect(await findTrainEnv({ dir: join(dir, 'envs'), requirements })).toBeNull();
    expect(answer((await build()).env)).toBe('42');

    await writeFile(join(env.dir, MARK), '{"requirements": "');
    expect(await findTrainEnv({ dir: join(dir, 'envs'), requirements })).toBeNull();
    expect((await build()).env.packages['foil-tiny']).toBe('1.2.3');
  });

  it('is built by one of two builders, and the other waits for it', async () => {
    const [one, two] = await Promise.all([build(), build()]);
    expect(one.env).toEqual(two.env);
    const [builder, waiter] = steps(one.events).length > 0 ? [one, two] : [two, one];
    expect(steps(builder.events)).toEqual([1, 3, 4]);
    expect(waiter.events).toEqual([{ type: 'notice', text: expect.stringContaining('waiting') }]);
  });

  it('tells what pip cannot find, and where its output is', async () => {
    await writeFile(requirements, 'foil-no-such-package==9.9\n');
    await expect(build()).rejects.toMatchObject({
      code: 'pip-no-match',
      message: expect.stringContaining('foil-no-such-package==9.9'),
      where: { file: expect.stringContaining('install.log') },
    });
    expect(await findTrainEnv({ dir: join(dir, 'envs'), requirements })).toBeNull();
  });

  it('says so where it cannot write', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(build({ dir: join(dir, 'file', 'envs') })).rejects.toMatchObject({ code: 'no-write' });
  });
});

describe('looking for Python', () => {
  async function fakePython(version: readonly number[], modules: boolean): Promise<string> {
    const file = join(dir, 'bin', `python${version.join('.')}`);
    await mkdir(join(dir, 'bin'), { recursive: true });
    const about = JSON.stringify({ executable: file, version, venv: modules, ensurepip: modules });
    await writeFile(file, `#!/bin/sh\necho '${about}'\n`);
    await chmod(file, 0o755);
    return file;
  }

  it('tells an old one, one without venv, none at all, and something else apart', async () => {
    await expect(findPython(await fakePython([3, 8, 1], true), never)).rejects.toMatchObject({
      code: 'python-too-old',
      message: expect.stringContaining('3.8.1'),
    });
    await expect(findPython(await fakePython([3, 11, 2], false), never)).rejects.toMatchObject({
      code: 'no-venv',
      remedy: expect.arrayContaining([expect.stringContaining('python3.11-venv')]),
    });
    await expect(findPython(join(dir, 'nothing'), never)).rejects.toMatchObject({ code: 'no-python' });
    await expect(findPython('true', never)).rejects.toMatchObject({ code: 'no-python' });
    expect(await findPython(await fakePython([3, 12, 0], true), never)).toMatchObject({
      version: '3.12.0',
      problem: null,
    });
  });

  it('passes over those on the PATH that cannot build', async () => {
    const old = await fakePython([3, 8, 1], true);
    const good = await fakePython([3, 12, 0], true);
    await writeFile(join(dir, 'bin', 'python3'), `#!/bin/sh\nexec ${old}\n`, { mode: 0o755 });
    await writeFile(join(dir, 'bin', 'python'), `#!/bin/sh\nexec ${good}\n`, { mode: 0o755 });
    vi.stubEnv('PATH', join(dir, 'bin'));
    expect((await findPython(undefined, never)).executable).toBe(good);
    vi.stubEnv('PATH', join(dir, 'empty'));
    await expect(findPython(undefined, never)).rejects.toMatchObject({ code: 'no-python' });
  });
});

describe('what pip printed', () => {
  it.each([
    ['disk-full', 'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device'],
    [
      'pip-network',
      "WARNING: Retrying after connection broken by 'NewConnectionError'\nERROR: No matching distribution found for torch",
    ],
    ['pip-no-match', 'ERROR: No matching distribution found for torch==2.13.0'],
    ['pip-failed', 'something\nERROR: ResolutionImpossible: see the docs\nmore'],
    ['pip-failed', ''],
  ])('means %s', (code, text) => {
    const error = pipFailure(text.split('\n'), 'install.log');
    expect(error).toMatchObject({ code, where: { file: 'install.log' } });
    expect(error.remedy.length).toBeGreaterThan(0);
  });
});
