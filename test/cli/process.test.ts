import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LAUNCHER = join(ROOT, 'bin', 'foil.js');

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'foil-process-'));
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

function start(
  args: readonly string[],
  options: { command?: string; env?: NodeJS.ProcessEnv; first?: readonly string[] } = {},
) {
  const { command = process.execPath, env = {}, first = [LAUNCHER] } = options;
  const child = spawn(command, [...first, ...args], {
    cwd,
    env: { ...process.env, XDG_CACHE_HOME: join(cwd, 'cache'), ...env },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
    stdout,
    stderr,
  }));
  return { child, ended };
}

/** A Python that says it fits, and whose first command (the venv) prints a line and never ends. */
async function slowPython(): Promise<string> {
  const file = join(cwd, 'slow-python');
  const about = JSON.stringify({ executable: file, version: [3, 12, 0], venv: true, ensurepip: true });
  await writeFile(
    file,
    `#!/bin/sh\nif [ "$1" = -c ]; then echo '${about}'; else echo $$ > pid; echo begun; exec sleep 60; fi\n`,
    {
      mode: 0o755,
    },
  );
  return file;
}

async function startSlow() {
  const args = ['--device', 'cpu', '--python', await slowPython(), '--dir', join(cwd, 'envs'), '--json'];
  const { child, ended } = start(['setup', 'train', ...args]);
  const pid = await vi.waitFor(
    async () =>
      z.coerce
        .number()
        .int()
        .positive()
        .parse((await readFile(join(cwd, 'pid'), 'utf8')).trim()),
    {
      timeout: 15_000,
    },
  );
  return { child, ended, pid };
}

describe('signals', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s cancels: exit code 130, said on both streams, children ended',
    async (signal) => {
      const { child, ended, pid } = await startSlow();
      child.kill(signal);
      const { code, stdout, stderr } = await ended;
      expect(code).toBe(130);
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ event: 'error', code: 'cancelled' });
      expect(stderr).toContain('cancelled');
    },
  );

  it('the same key press passed on by npm or the launcher counts once', async () => {
    const { child, ended } = await startSlow();
    child.kill('SIGINT');
    setTimeout(() => child.kill('SIGINT'), 30);
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain('cancelled');
  });
});

describe('a reader that leaves', () => {
  it('is no error', async () => {
    const { child, ended } = start(['--help']);
    child.stdout.destroy();
    const { code, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('the launcher', () => {
  it('starts again under the Node of the `node` package where the running one is too old', async () => {
    // a module that runs first and makes this Node look old; the second one is started without it
    const old = join(cwd, 'old.mjs');
    await writeFile(old, "Object.defineProperty(process.versions, 'node', { value: '20.11.1' });\n");
    const { code, stdout, stderr } = await start(['doctor', '--json'], { first: ['--import', old, LAUNCHER] }).ended;
    expect(stderr).toBe('');
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({
      id: 'node',
      status: 'ok',
      detail: expect.stringMatching(/^2[2-9]\./),
    });
    expect([0, 1]).toContain(code);
  });

  it('says what to do where there is no newer Node, and where nothing was built', async () => {
    await mkdir(join(cwd, 'bin'));
    await cp(LAUNCHER, join(cwd, 'bin', 'foil.js'));
    await writeFile(join(cwd, 'package.json'), '{"type": "module"}');
    const copy = join(cwd, 'bin', 'foil.js');
    const unbuilt = await start([], { first: [copy] }).ended;
    expect(unbuilt).toMatchObject({ code: 1, stdout: '' });
    expect(unbuilt.stderr).toContain('npm run build');

    const old = join(cwd, 'old.mjs');
    await writeFile(old, "Object.defineProperty(process.versions, 'node', { value: '20.11.1' });\n");
    await symlink(join(ROOT, 'dist'), join(cwd, 'dist'));
    const tooOld = await start([], { first: ['--import', old, copy] }).ended;
    expect(tooOld).toMatchObject({ code: 1, stdout: '' });
    expect(tooOld.stderr).toContain('Node 20.11.1 is too old');
    expect(tooOld.stderr).toContain('npm ci');
  });
});

describe('foil serve', { timeout: 180_000 }, () => {
  it('says where it listens, answers there, and ends on Ctrl+C', async () => {
    // the weights in the user's own cache: fetching them is another test's business
    const { XDG_CACHE_HOME } = process.env;
    const { child, ended } = start(['serve', '--json'], { env: { XDG_CACHE_HOME } });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const ready = z
      .object({ event: z.literal('ready'), base_url: z.string(), key_file: z.string() })
      .parse(JSON.parse(line));
    const { token } = z.object({ token: z.string() }).parse(JSON.parse(await readFile(ready.key_file, 'utf8')));
    expect((await stat(ready.key_file)).mode & 0o077).toBe(0);
    expect((await fetch(`${ready.base_url}/models`)).status).toBe(401);
    const answer = await fetch(`${ready.base_url}/models`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(200);
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(130);
    expect(stdout + stderr).not.toContain(token);
  });
});
