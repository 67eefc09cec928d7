import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Finding, Patient } from '../../src/backends/setup/doctor/check.ts';
import { examine } from '../../src/backends/setup/doctor/doctor.ts';
import { checkEngine, checkRunning } from '../../src/backends/setup/doctor/engine.ts';
import { checkFolders, checkTerminal } from '../../src/backends/setup/doctor/machine.ts';
import { checkModels } from '../../src/backends/setup/doctor/models.ts';
import { checkPairs } from '../../src/backends/setup/doctor/pairs.ts';
import { checkSessions } from '../../src/backends/setup/doctor/sessions.ts';
import { makePair } from '../fixtures/pairs.ts';
import { testFolder } from '../fixtures/sessions.ts';
import { foil } from './run.ts';

let dir: string;
let patient: Patient;

beforeEach(async () => {
  dir = await testFolder();
  vi.stubEnv('XDG_CACHE_HOME', join(dir, 'cache'));
  patient = {
    workspace: join(dir, 'work'),
    env: { TERM: 'xterm-256color', LANG: 'en_US.UTF-8' },
    terminal: { isTTY: true, columns: 120, rows: 40, colours: 24 },
    signal: new AbortController().signal,
  };
  await mkdir(patient.workspace);
});

async function write(name: string, text: string): Promise<string> {
  const file = join(dir, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const of = (findings: readonly Finding[], id: string) => findings.find((finding) => finding.id === id);
const bad = (findings: readonly Finding[]) => findings.filter(({ status }) => status !== 'ok');

describe('the terminal', () => {
  const check = (terminal: Partial<Patient['terminal']>, env: NodeJS.ProcessEnv = {}) =>
    checkTerminal({ ...patient, terminal: { ...patient.terminal, ...terminal }, env: { ...patient.env, ...env } });

  it('is fine at 120x40 with UTF-8', () => {
    expect(check({})).toMatchObject({ status: 'ok', detail: expect.stringContaining('120x40') });
  });

  it.each([
    ['none', { isTTY: false }, {}, 'none'],
    ['too small', { columns: 50 }, {}, 'smaller'],
    ['no UTF-8', {}, { LANG: 'C' }, 'not UTF-8'],
    ['a locale that LC_ALL overrides', {}, { LC_ALL: 'POSIX' }, 'not UTF-8'],
    ['dumb', {}, { TERM: 'dumb' }, 'dumb'],
    ['tmux with a foreign TERM', {}, { TMUX: '/tmp/tmux-0/default,1,0' }, 'tmux'],
  ])('%s is worth a word', (_, terminal, env, word) => {
    const found = check(terminal, env);
    expect(found).toMatchObject({ status: 'warn', detail: expect.stringContaining(word) });
    expect(found.remedy.length).toBeGreaterThan(0);
  });
});

describe('folders', () => {
  it('that cannot be written fail', async () => {
    const file = await write('a-file', '');
    const found = await checkFolders({ ...patient, workspace: join(file, 'work') });
    expect(of(found, 'workspace')).toMatchObject({ status: 'fail', remedy: [expect.stringContaining('--workspace')] });
    expect(of(found, 'cache')?.status).toBe('ok');
    expect(existsSync(join(dir, 'cache'))).toBe(false);
  });
});

describe('the engine', { timeout: 60_000 }, () => {
  it('can load llama.cpp here, and misses its weights on a fresh machine', async () => {
    const found = await checkEngine(patient);
    expect(of(found, 'llama')).toMatchObject({ status: 'ok', detail: expect.stringContaining('loads') });
    expect(of(found, 'weights')).toMatchObject({
      status: 'warn',
      remedy: expect.arrayContaining([expect.stringContaining('foil setup models')]),
    });
    expect(of(found, 'engine')).toMatchObject({ status: 'ok', detail: expect.stringContaining('none runs') });
  });

  it('has weights that are not what they should be, by name or in the cache', async () => {
    await write('cache/foil/weights/SmolLM2-135M-Instruct.Q4_1.gguf', 'not a model');
    expect(of(await checkEngine(patient), 'weights')?.status).toBe('fail');
    await write('work/foil.yaml', 'engine:\n  gguf: nowhere.gguf\n');
    expect(of(await checkEngine(patient), 'weights')).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('nowhere.gguf'),
    });
  });

  it('was killed, and left its state: --fix removes it; one that lives but is too busy to answer keeps it', async () => {
    const state = {
      ...{ pid: spawnSync('true').pid, port: 9, token: 'x', instance: 'i', protocol: 1 },
      ...{ version: '0', startedAt: 'then', modelSha: null },
    };
    const file = await write('cache/foil/engine/engine-1-abc.json', JSON.stringify(state));
    const found = of(await checkRunning(), 'engine');
    expect(found).toMatchObject({ status: 'warn', detail: expect.stringContaining(file) });
    await found?.fix?.();
    expect(existsSync(file)).toBe(false);

    await write('cache/foil/engine/engine-1-abc.json', JSON.stringify({ ...state, pid: process.pid }));
    const busy = of(await checkRunning(), 'engine');
    expect(busy).toMatchObject({ status: 'warn', detail: expect.stringContaining(String(process.pid)) });
    expect(busy?.fix).toBeUndefined();
  });
});

describe('foil.yaml and its servers', () => {
  let server: Server;
  let base: string;
  let status = 200;

  beforeEach(async () => {
    server = createServer((request, answer) => {
      const allowed = request.headers.authorization === 'Bearer secret-key';
      answer.writeHead(request.url !== '/v1/models' ? 404 : allowed ? status : 401).end('{}');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    status = 200;
  });

  afterEach(() => new Promise((done) => server.close(done)));

  const check = async (env: NodeJS.ProcessEnv, url = base) => {
    await write('work/foil.yaml', `servers:\n  mine: { base_url: "${url}", key_env: MY_KEY }\n`);
    return of(await checkModels({ ...patient, env }), 'server.mine');
  };

  it('answer, refuse the key, lack the key, are elsewhere, or are not there; the key is never shown', async () => {
    expect(await check({ MY_KEY: 'secret-key' })).toMatchObject({ status: 'ok' });
    const refused = await check({ MY_KEY: 'other-secret' });
    expect(refused).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('401'),
      remedy: [expect.stringContaining('MY_KEY')],
    });
    expect(JSON.stringify(refused)).not.toContain('other-secret');
    expect(await check({})).toMatchObject({ status: 'warn', detail: expect.stringContaining('MY_KEY') });
    expect(await check({ MY_KEY: 'secret-key' }, base.replace('/v1', '/v2'))).toMatchObject({
      detail: expect.stringContaining('404'),
    });
    expect(await check({ MY_KEY: 'secret-key' }, 'http://127.0.0.1:9/v1')).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('cannot be reached'),
    });
  });

  it('a wrong value fails with its line', async () => {
    await write('work/foil.yaml', 'context_budget: 15000\nalternatives: many\n');
    expect(of(await checkModels(patient), 'config')).toMatchObject({
      status: 'fail',
      detail: expect.stringMatching(/foil\.yaml:2.*alternatives/),
    });
  });
});

describe('adapters', () => {
  const card = (over: object = {}) => ({
    schema: 1,
    name: 'mine',
    kind: 'simulator',
    base: {
      name: 'SmolLM2-135M-Instruct',
      gguf_sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    },
    adapter: { rank: 8, alpha: 16, gguf_sha256: sha256('weights') },
    template: { file: 'template.jinja', sha256: sha256('template') },
    stop: { turn: '<|im_end|>', session: '<|endoftext|>' },
    licence: 'CC BY-NC 4.0',
    data: {},
    recipe: {},
    validation: {},
    search: {},
    ...over,
  });
  const check = async () => of(await checkModels(patient), 'adapter.mine');

  it('are what their cards say, or fail', async () => {
    await write('work/models/mine/card.json', JSON.stringify(card()));
    await write('work/models/mine/template.jinja', 'template');
    expect(await check()).toMatchObject({ status: 'fail', detail: expect.stringContaining('adapter.gguf is missing') });
    await write('work/models/mine/adapter.gguf', 'weights');
    expect(await check()).toMatchObject({ status: 'ok' });
    await write('work/models/mine/adapter.gguf', 'weightz');
    expect(await check()).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('adapter.gguf is not the file'),
    });
    await write('work/models/mine/adapter.gguf', 'weights');
    await write('work/models/mine/template.jinja', 'other');
    expect(await check()).toMatchObject({ status: 'fail', detail: expect.stringContaining('template.jinja') });
    await write('work/models/mine/template.jinja', 'template');
    await write(
      'work/models/mine/card.json',
      JSON.stringify(card({ base: { name: 'Other', gguf_sha256: sha256('other') } })),
    );
    expect(await check()).toMatchObject({ status: 'fail', detail: expect.stringContaining('another base, Other') });
  });

  it('with a card that cannot be read fail, and hide no other', async () => {
    await write('work/models/torn/card.json', '{"schema": 1,');
    await write('work/models/mine/card.json', JSON.stringify(card()));
    const found = bad(await checkModels(patient)).map(({ id }) => id);
    expect(found).toContain('adapter.mine');
    expect(found).toContain(`adapter.${join(patient.workspace, 'models', 'torn')}`);
  });
});

describe('pairs', () => {
  it('that were torn are named by file and line; a set that cannot be read is broken, and the others are read', async () => {
    expect(bad(await checkPairs(patient))).toEqual([]);
    await write('work/pairs/manual.jsonl', `${JSON.stringify(makePair('p1'))}\n{"schema": 1, "id": "p2", "crea`);
    await write('work/pairs/other.jsonl', `${JSON.stringify(makePair('p1'))}\n{"schema": 1, "id": "p2"}\n`);
    const found = await checkPairs(patient);
    expect(of(found, 'pairs')).toMatchObject({ status: 'ok', detail: '1 in 1 sets' });
    expect(of(found, 'pair')).toMatchObject({ status: 'warn', detail: expect.stringContaining('manual.jsonl:2') });
    expect(of(found, 'pair')?.remedy.join()).toContain('no finished record is lost');
    expect(of(found, 'pair-set')).toMatchObject({ status: 'fail', detail: expect.stringContaining('other.jsonl:2') });
  });

  it('are among the checks, and the command that reads them says what it skips', async () => {
    await write('work/pairs/manual.jsonl', `${JSON.stringify(makePair('p1'))}\n{"schema": 1, "id": "p2", "crea`);
    const { code, events, stderr } = await foil(['pairs', '--json'], { cwd: patient.workspace });
    expect(code).toBe(0);
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'problem', code: 'torn-line', where: expect.objectContaining({ line: 2 }) }),
    );
    expect(stderr).toMatch(/manual\.jsonl:2: the line breaks off/u);
    const seen = [];
    for await (const finding of examine(patient)) seen.push(finding.id);
    expect(seen).toContain('pair');
  });
});

describe('sessions', () => {
  const good = { schema: 1, id: 'a', context: {}, turns: [{ role: 'user', content: 'hello' }] };

  it('that cannot be read are named by file and line', async () => {
    expect(bad(await checkSessions(patient))).toEqual([]);
    await write('work/sessions/mine.jsonl', `${JSON.stringify(good)}\n{"schema": 1, "id": "b"}\n`);
    const found = await checkSessions(patient);
    expect(of(found, 'sessions')).toMatchObject({ status: 'ok', detail: expect.stringContaining('1 in 1') });
    expect(of(found, 'record')).toMatchObject({ status: 'warn', detail: expect.stringContaining('mine.jsonl:2') });
  });

  it('have locks of killed processes, which --fix removes; one that is held is left alone', async () => {
    const [old, held] = [
      join(patient.workspace, 'sessions', 'mine.jsonl.lock'),
      join(patient.workspace, 'pairs', 'manual.jsonl.lock'),
    ];
    await mkdir(old, { recursive: true });
    await mkdir(held, { recursive: true });
    const past = new Date(Date.now() - 300_000);
    await utimes(old, past, past);
    const found = of(await checkSessions(patient), 'locks');
    expect(found).toMatchObject({ status: 'warn', detail: expect.stringContaining(old) });
    expect(found?.detail).not.toContain(held);
    await found?.fix?.();
    expect([existsSync(old), existsSync(held)]).toEqual([false, true]);
  });
});

describe('foil doctor', { timeout: 90_000 }, () => {
  it('prints one line a check, exits 1 on a failure, and mends with --fix', async () => {
    await write('work/foil.yaml', 'alternatives: many\n');
    const lock = join(patient.workspace, 'sessions', 'x.lock');
    await mkdir(lock, { recursive: true });
    await utimes(lock, 1, 1);

    const failed = await foil(['doctor', '--json', '--fix'], { cwd: patient.workspace });
    expect(failed.code).toBe(1);
    expect(failed.events.at(-1)).toMatchObject({ event: 'summary', fail: 1 });
    expect(failed.events).toContainEqual(expect.objectContaining({ event: 'check', id: 'config', status: 'fail' }));
    expect(failed.events).toContainEqual(
      expect.objectContaining({ event: 'check', id: 'locks', fixed: expect.stringContaining('removed') }),
    );
    expect(existsSync(lock)).toBe(false);

    await rm(join(patient.workspace, 'foil.yaml'));
    const works = await foil(['doctor'], { cwd: patient.workspace });
    expect(works.code).toBe(0);
    expect(works.stdout).toMatch(/^ok {4}Node/m);
    expect(works.stdout).toContain('Foil works here');
  });
});
