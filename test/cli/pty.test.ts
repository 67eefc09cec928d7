import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runFoil } from '../e2e/pty.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/foil.js', import.meta.url));
const [ENTER_SCREEN, LEAVE_SCREEN] = ['\x1b[?1049h', '\x1b[?1049l'];

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'foil-pty-'));
  // a server that is not there: no test here may start an engine
  const model = (kind: string) => `{ kind: ${kind}, server: none, model: m }`;
  await writeFile(
    join(cwd, 'foil.yaml'),
    `servers:\n  none: { base_url: "http://127.0.0.1:9/v1" }\nmodels:\n  sim: ${model('simulator')}\n  bot: ${model('chatbot')}\nroles: { simulator: sim, chatbot: bot, discriminator: null }\n`,
  );
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

/** Starts `foil ARGS` on a terminal, calls `act` when `sign` shows, and tells what was on the terminal, and the exit code. */
function onTerminal(args: readonly string[], sign: string, act: (pty: ReturnType<typeof spawn>) => void) {
  return new Promise<{ code: number; text: string }>((done) => {
    const env = {
      ...process.env,
      CI: 'false',
      TERM: 'xterm-256color',
      LC_ALL: 'C.UTF-8',
      XDG_CACHE_HOME: join(cwd, 'cache'),
    };
    const pty = spawn(process.execPath, [LAUNCHER, ...args], { cwd, env, cols: 100, rows: 30 });
    let text = '';
    let acted = false;
    pty.onData((data) => {
      text += data;
      if (acted || !text.includes(sign)) return;
      acted = true;
      act(pty);
    });
    pty.onExit(({ exitCode }) => done({ code: exitCode, text }));
  });
}

describe('on a terminal', () => {
  it('SIGTERM gives the terminal back, exit code 130', async () => {
    const { code, text } = await onTerminal([], 'sim', (pty) => pty.kill('SIGTERM'));
    expect(text.indexOf(ENTER_SCREEN)).toBeGreaterThanOrEqual(0);
    expect(text.lastIndexOf(LEAVE_SCREEN)).toBeGreaterThan(text.lastIndexOf(ENTER_SCREEN));
    expect(code).toBe(130);
  });

  it('loses no key that is typed while it starts', async () => {
    const run = runFoil(['--workspace', cwd]);
    try {
      await run.waitFor('you are the chatbot');
      await run.send('typed early');
      await run.waitFor('sim sim');
      // what the terminal itself echoed would not go on like this
      await run.send(' and late');
      await run.waitFor('typed early and late');
    } finally {
      run.kill('SIGKILL');
      await run.exited;
    }
  });

  it('what stops the start is read after the screen is gone: file, line, remedy, no stack', async () => {
    await writeFile(join(cwd, 'foil.yaml'), 'context_budget: 15000\nalternatives: many\n');
    const { code, text } = await onTerminal([], 'never', () => {});
    const after = text.slice(text.lastIndexOf(LEAVE_SCREEN));
    expect(after).toMatch(/foil\.yaml:2.*alternatives/);
    expect(after).toContain('→');
    expect(after).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
  });
});

it('keys typed before the screen is there do not shift its first row', async () => {
  const early = runFoil(['--workspace', cwd]);
  for (let n = 0; n < 5; n += 1) await early.send('\x1b[15~');
  const shown = await early.waitFor('Runs ');
  expect(shown.split('\n')[0]).toMatch(/^ foil {2}/u);
  early.kill('SIGKILL');
  await early.exited;
});
