import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Surroundings } from '../../src/cli/cli.ts';
import { reportFailure } from '../../src/cli/failure.ts';
import { createOutput } from '../../src/cli/output.ts';
import { createProgram } from '../../src/cli/program.ts';
import { FoilError } from '../../src/core/errors.ts';
import { foil } from './run.ts';

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'foil-cli-'));
  vi.stubEnv('XDG_STATE_HOME', join(cwd, 'state'));
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

const session = (id: string, content: string) =>
  `${JSON.stringify({
    schema: 1,
    id,
    context: {},
    turns: [
      { role: 'user', content },
      { role: 'assistant', content: 'Go on.' },
    ],
  })}\n`;

describe('every command', () => {
  const io = { stdout: process.stdout, stderr: process.stderr } as unknown as Surroundings;
  const program = createProgram(() => async () => {}, io);
  const leaves = (command: Command, names: string[]): [string, Command][] =>
    command.commands.length === 0
      ? [[names.join(' '), command]]
      : command.commands.flatMap((child) => leaves(child, [...names, child.name()]));

  it.each(leaves(program, []))('%s has a description, and help with examples and --json', async (name, command) => {
    expect(command.description()).not.toBe('');
    const { code, stdout } = await foil([...name.split(' '), '--help'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('--json');
    expect(stdout).toMatch(/Examples:\n {2}\$ foil /);
  });
});

describe('wrong use', () => {
  it.each([
    ['an unknown command', ['frobnicate'], 'frobnicate', 'foil --help'],
    ['an unknown option', ['doctor', '--frob'], '--frob', 'foil doctor --help'],
    ['a missing argument', ['import'], 'paths', 'foil import --help'],
    ['a value that is no choice', ['setup', 'train', '--device', 'tpu'], 'cpu, cuda, auto', 'foil setup train --help'],
    ['no subcommand', ['setup'], 'which command', 'foil setup --help'],
  ])('%s exits 2 and says what to do', async (_, args, about, help) => {
    const plain = await foil(args, { cwd });
    expect(plain).toMatchObject({ code: 2, stdout: '' });
    expect(plain.stderr).toContain(about);
    expect(plain.stderr).toContain(help);

    const json = await foil([...args, '--json'], { cwd });
    expect(json.code).toBe(2);
    expect(json.events).toMatchObject([{ event: 'error', code: 'usage', message: expect.stringContaining(about) }]);
  });
});

describe('errors', () => {
  it('a bad record names file, line, field and remedy, without a stack', async () => {
    await writeFile(join(cwd, 'chats.jsonl'), session('a', 'hello') + session('b', ' '));
    const plain = await foil(['import', 'chats.jsonl'], { cwd });
    expect(plain.code).toBe(1);
    expect(plain.stderr).toContain('chats.jsonl:2, field turns[0].content');
    expect(plain.stderr).toMatch(/^ {2}→ /m);
    expect(plain.stderr).not.toMatch(/^\s+at /m);

    const json = await foil(['import', 'chats.jsonl', '--json'], { cwd });
    expect(json.events.at(-1)).toMatchObject({
      event: 'error',
      where: { file: expect.stringContaining('chats.jsonl'), line: 2, field: 'turns[0].content' },
      remedy: expect.arrayContaining([expect.any(String)]),
    });
  });

  it('a bug is told in one line; its stack goes to the log, or to the screen with FOIL_DEBUG=1', async () => {
    let said = '';
    const stream = { write: (text: string) => (said += text) } as unknown as NodeJS.WritableStream &
      Surroundings['stderr'];
    const out = createOutput({ stdout: stream, stderr: stream }, false);
    expect(reportFailure(new TypeError('x is not a function'), out, {})).toBe(1);
    expect(said).toContain('x is not a function');
    expect(said).not.toMatch(/^\s+at /m);
    const log = /details are in (.*)$/m.exec(said)?.[1] ?? '';
    expect(await readFile(log, 'utf8')).toMatch(/TypeError: x is not a function\n\s+at /);

    said = '';
    reportFailure(new TypeError('x is not a function'), out, { FOIL_DEBUG: '1' });
    expect(said).toMatch(/TypeError: x is not a function\n\s+at /);
  });

  it('text of files and models cannot drive the terminal', () => {
    let said = '';
    const stream = {
      write: (text: string) => (said += text),
      isTTY: true,
      columns: 40,
    } as unknown as Surroundings['stderr'];
    const out = createOutput({ stdout: stream, stderr: stream }, false);
    reportFailure(new FoilError('bad', 'evil \x1b]52;c;aGk=\x07 \u202e text'), out, {});
    out.line('\x1b[2J');
    out.write('\x9b31m');
    expect(said).not.toMatch(/[\x1b\x07\x9b\u202e]/);
  });
});

describe('--json', () => {
  it('prints JSON lines on stdout and nothing else there, notices on stderr', async () => {
    await writeFile(join(cwd, 'chats.jsonl'), session('a', 'hello') + session('b', ' '));
    const { code, events, stderr } = await foil(['import', 'chats.jsonl', '--skip-bad', '--json'], { cwd });
    expect(code).toBe(0);
    expect(events.map(({ event }) => event)).toEqual(['file', 'bad', 'imported']);
    expect(events.at(-1)).toMatchObject({ corpus: 'chats', added: 1, bad: 1 });
    expect(stderr).toContain('chats.jsonl:2');
  });
});

describe('--workspace', () => {
  it('holds what a command writes, wherever it was started', async () => {
    await writeFile(join(cwd, 'chats.jsonl'), session('a', 'hello'));
    expect((await foil(['--workspace', 'there', 'import', 'chats.jsonl'], { cwd })).code).toBe(0);
    expect(await readFile(join(cwd, 'there', 'sessions', 'chats.jsonl'), 'utf8')).toContain('hello');
  });
});

describe('cancelling', () => {
  it('exits 130 and keeps what was done', async () => {
    await writeFile(join(cwd, 'chats.jsonl'), session('a', 'hello'));
    const { code, stderr, events } = await foil(['import', 'chats.jsonl', '--json'], {
      cwd,
      signal: AbortSignal.abort(),
    });
    expect(code).toBe(130);
    expect(stderr).toContain('cancelled');
    expect(events).toMatchObject([{ event: 'error', code: 'cancelled' }]);
  });
});

describe('progress', () => {
  const collect = (isTTY: boolean) => {
    let said = '';
    const stderr = { write: (text: string) => (said += text), isTTY, columns: 30 } as unknown as Surroundings['stderr'];
    const stdout = { write: () => true } as unknown as Surroundings['stdout'];
    return { out: createOutput({ stdout, stderr }, false), said: () => said };
  };

  it('on a terminal is one line that never wraps and is gone at the end', () => {
    const { out, said } = collect(true);
    out.progress({ step: 'fetching', text: 'x'.repeat(100) });
    out.progress(null);
    expect(said()).toMatch(/^fetching {2}x{19}\r\x1b\[K$/);
  });

  it('in a log is a line per step, without escapes', () => {
    const { out, said } = collect(false);
    for (const percent of [1, 2, 3]) out.progress({ step: 'fetching', text: `${percent}%` });
    out.progress({ step: 'checking', text: '' });
    out.progress(null);
    expect(said()).toBe('fetching  1%\nchecking\n');
  });
});

describe('foil sessions, export and alternatives', () => {
  beforeEach(async () => {
    await mkdir(join(cwd, 'sessions'));
    const scores = { d: { z: [1], logit_p0: 0, template: 't', engine: 'e' } };
    const scored = JSON.stringify({ ...JSON.parse(session('a', 'hello')), scores });
    await writeFile(join(cwd, 'sessions', 'mine.jsonl'), `${scored}\n${session('torn', 'x').slice(0, 30)}`);
  });

  it('a session is shown with p_t and r_t; a torn line is told with its place', async () => {
    const { stdout } = await foil(['sessions', 'show', 'mine/a'], { cwd });
    expect(stdout).toContain('p 0.73  r +1.00  d');
    const { stderr } = await foil(['sessions'], { cwd });
    expect(stderr).toContain('mine.jsonl:2: the line breaks off');
  });

  it('rows are written whole; a folder that is not there is no bug of Foil', async () => {
    const done = await foil(['export', 'simulator', 'mine', 'rows.jsonl'], { cwd });
    expect(done).toMatchObject({ code: 0, stderr: expect.stringContaining('mine.jsonl:2: the line breaks off') });
    expect(JSON.parse(await readFile(join(cwd, 'rows.jsonl'), 'utf8'))).toMatchObject({ id: 'a' });
    // nobody simulated the contexts of this corpus: an empty file would only be found out when it is trained on
    const none = await foil(['export', 'discriminator', 'mine', 'mine', 'none.jsonl'], { cwd });
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('there is no row to write')]);
    const { code, stderr } = await foil(['export', 'simulator', 'mine', 'no/rows.jsonl'], { cwd });
    expect(code).toBe(1);
    expect(stderr).toContain('there is no such folder');
    expect(stderr).not.toContain('bug');
  });

  it('a pair needs two indices; a target that is nothing is named before any model is loaded', async () => {
    const args = ['alternatives', 'mine/a', '--turn', '1', '--pair'];
    for (const pair of ['4', '4,', 'a,b']) expect((await foil([...args, pair], { cwd })).code).toBe(2);
    const { code, stderr } = await foil(['score', 'mien'], { cwd });
    expect(code).toBe(1);
    expect(stderr).toContain('did you mean "mine"?');
  });
});

describe('foil models', () => {
  it('lists what there is, with what a session starts with, and shows one', async () => {
    await writeFile(
      join(cwd, 'foil.yaml'),
      'servers: { mine: { base_url: "http://127.0.0.1:9/v1", key_env: FOIL_NO_SUCH_KEY } }\nmodels: { remote: { kind: chatbot, server: mine, model: m } }\nroles: { chatbot: remote }\n',
    );
    const { code, events } = await foil(['models', '--json'], { cwd });
    expect(code).toBe(0);
    expect(events).toContainEqual(
      expect.objectContaining({
        event: 'model',
        name: 'remote',
        kind: 'chatbot',
        chosen: true,
        unavailable: expect.stringContaining('FOIL_NO_SUCH_KEY'),
      }),
    );
    expect(events.filter(({ chosen, kind }) => chosen && kind === 'chatbot')).toHaveLength(1);
    expect(events.filter(({ chosen, kind }) => chosen && kind === 'simulator')).toHaveLength(1);

    expect((await foil(['models'], { cwd })).stdout).toMatch(/^\* chatbot +remote .*unavailable/m);
    expect((await foil(['models', 'show', 'remote'], { cwd })).stdout).toContain('remote: chatbot');
    const unknown = await foil(['models', 'show', 'remotee'], { cwd });
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('did you mean "remote"?');
  });
});
