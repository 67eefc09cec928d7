import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newId } from '../../src/backends/system.ts';
import { maxRank } from '../../src/backends/vllm/command.ts';
import { adapterSource, placeAdapter } from '../../src/backends/vllm/folder.ts';
import { type StartOptions, startVllm, stopVllm } from '../../src/backends/vllm/serve.ts';
import { workspaceEngine } from '../../src/backends/vllm/source.ts';
import { readVllm, vllmFiles, writeVllm } from '../../src/backends/vllm/state.ts';
import { type StartStep, waitVllm } from '../../src/backends/vllm/wait.ts';
import type { FilePiece, Job, JobHandle, JobReport, Launcher } from '../../src/core/stage/launcher.ts';
import { openServer } from '../openai/server.ts';
import { FakeEngine } from '../registry/fixtures.ts';
import { type Bench, openBench } from './fixtures.ts';

const signal = new AbortController().signal;
const clock = { now: () => new Date(), sleep: (ms: number) => new Promise<void>((done) => setTimeout(done, ms / 50)) };

/** A launcher of another machine, whose jobs are what a test says. */
class OtherMachine implements Launcher {
  readonly name: string;
  readonly kind: Launcher['kind'];
  readonly python = '/opt/vllm/bin/python';
  readonly base = '/weights/tiny';
  readonly jobs: Job[] = [];
  report_: Partial<JobReport> = { state: 'running', host: 'node7' };
  submitFails = false;
  cancelled = 0;

  constructor(name: string, kind: Launcher['kind']) {
    this.name = name;
    this.kind = kind;
  }

  async submit(job: Job): Promise<JobHandle> {
    if (this.submitFails) throw new Error('killed');
    this.jobs.push(job);
    const { name: launcher, kind } = this;
    return { launcher, kind, job: job.id, folder: `/there/${job.id}`, attempt: job.attempt, submitted: '' };
  }

  async report(): Promise<JobReport> {
    const nothing = { code: null, signal: null, reason: null, host: null, started: null, ended: null, heartbeat: null };
    return { ...nothing, state: 'running', ...this.report_ };
  }

  async read(): Promise<FilePiece> {
    return { bytes: new Uint8Array(), next: 0, size: 0 };
  }

  async cancel(): Promise<void> {
    this.cancelled += 1;
  }

  async collect(): Promise<void> {}

  async gpus(): Promise<[]> {
    return [];
  }
}

function optionsOf({ workspace }: Bench, launcher: Launcher): StartOptions {
  const models = ['sim', 'disc'].map((name) => ({ name, dir: join(workspace, 'models', name) }));
  const template = join(workspace, 'models', 'sim', 'template.jinja');
  return {
    workspace,
    launcher,
    base: { path: '/weights/tiny', name: 'tiny' },
    models,
    template,
    extra: [],
    newId,
    clock,
  };
}

describe('the job of vLLM', () => {
  it('names no secret, and looks for vllm beside the Python of its launcher', async () => {
    const bench = await openBench();
    const launcher = new OtherMachine('gpu', 'ssh');
    const { state } = await startVllm(optionsOf(bench, launcher), signal);
    const [job] = launcher.jobs;
    expect(job?.argv.slice(0, 6)).toEqual([
      '/bin/sh',
      'inputs/serve.sh',
      '/opt/vllm/bin',
      'vllm',
      'serve',
      '/weights/tiny',
    ]);
    expect(JSON.stringify(job)).not.toContain(state.token);
    expect(job?.resources.gpus).toBe(1);
    const folder = vllmFiles(bench.workspace).folder(state.id);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await readFile(join(folder, 'inputs', 'key'), 'utf8')).trim()).toBe(state.token);
  });

  it('is submitted once, whatever happened to the one who submitted it', async () => {
    const bench = await openBench();
    const launcher = new OtherMachine('gpu', 'ssh');
    launcher.submitFails = true;
    await expect(startVllm(optionsOf(bench, launcher), signal)).rejects.toThrow('killed');
    const kept = await readVllm(bench.workspace);
    launcher.submitFails = false;
    const { state, started } = await startVllm(optionsOf(bench, launcher), signal);
    expect([state.id, started]).toEqual([kept?.id, false]);
    await startVllm(optionsOf(bench, launcher), signal);
    expect(launcher.jobs.map(({ id }) => id)).toEqual([kept?.id]);
  });

  it('is not replaced, and not stopped, while nobody can tell whether it runs', async () => {
    const bench = await openBench();
    const launcher = new OtherMachine('gpu', 'ssh');
    await startVllm(optionsOf(bench, launcher), signal);
    launcher.report_ = { state: 'unknown', reason: 'no route to host' };
    await expect(startVllm(optionsOf(bench, launcher), signal)).rejects.toMatchObject({ code: 'unknown-job' });
    await expect(stopVllm(bench.workspace, launcher, signal)).rejects.toMatchObject({ code: 'unknown-job' });
    launcher.report_ = { state: 'failed', code: 1 };
    const { started } = await startVllm(optionsOf(bench, launcher), signal);
    expect([started, launcher.jobs.length]).toEqual([true, 2]);
    launcher.report_ = { state: 'running' };
    await stopVllm(bench.workspace, launcher, signal);
    expect([launcher.cancelled, await readVllm(bench.workspace)]).toEqual([1, null]);
  });

  it.each([
    [
      'ssh',
      ['-p', '2222', '-i', '/home/me/a key', 'me@gpu'],
      "ssh -N -L PORT:127.0.0.1:PORT -p 2222 -i '/home/me/a key' me@gpu",
    ],
    ['slurm', null, 'ssh -N -L PORT:127.0.0.1:PORT node7'],
    ['local', null, null],
  ] as const)('says how its port is reached (%s)', async (kind, ssh, command) => {
    const bench = await openBench();
    const launcher = new OtherMachine('gpu', kind);
    const { state } = await startVllm(optionsOf(bench, launcher), signal);
    const steps: StartStep[] = [];
    const abort = new AbortController();
    const onStep = (step: StartStep) => {
      steps.push(step);
      setTimeout(() => abort.abort(), 200);
    };
    const waiting = waitVllm({ workspace: bench.workspace, launcher, state, ssh, clock, onStep }, abort.signal);
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(steps.find((step) => step.kind === 'tunnel')?.command ?? null).toBe(
      command?.replaceAll('PORT', String(state.port)) ?? null,
    );
  });

  it('is not taken for one that another program answers for', async () => {
    const bench = await openBench();
    const { base } = await openServer(({ path, headers }, response) => {
      const known = path === '/health' || headers.authorization === 'Bearer other';
      response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
      response.end(known ? '' : '{"error":"Unauthorized"}');
    });
    const launcher = new OtherMachine('gpu', 'ssh');
    const port = Number(new URL(base).port);
    const { state } = await startVllm({ ...optionsOf(bench, launcher), port }, signal);
    const waiting = waitVllm(
      { workspace: bench.workspace, launcher, state, ssh: null, clock, onStep: () => {} },
      signal,
    );
    await expect(waiting).rejects.toMatchObject({ code: 'not-authorised' });
  });
});

describe('the engine of a workspace', () => {
  it('is vLLM from when it first answered; one that is gone is an error, and no other engine scores unnoticed', async () => {
    const bench = await openBench();
    const { workspace } = bench;
    const embedded = new FakeEngine('http://127.0.0.1:9/v1');
    const engine = workspaceEngine(workspace, embedded);
    const launcher = new OtherMachine('gpu', 'ssh');
    const { state } = await startVllm(optionsOf(bench, launcher), signal);
    expect(await engine.place()).toBe('embedded');
    await engine.connect(signal);
    expect(embedded.starts).toBe(1);
    await writeVllm(workspace, { ...state, ready: { at: '', version: '0.33.0', window: 4096 } });
    expect(await engine.place()).toBe('vllm');
    await expect(engine.connect(signal)).rejects.toMatchObject({
      code: 'unreachable',
      remedy: expect.arrayContaining([expect.stringContaining('--stop')]),
    });
    expect(embedded.starts).toBe(1);
  });

  it('sends no adapter to a machine that has other files, and says what to do', async () => {
    const bench = await openBench();
    const { workspace } = bench;
    const { base } = await openServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          object: 'list',
          data: [{ id: 'tiny', root: '/weights/tiny', parent: null, max_model_len: 4096 }],
        }),
      );
    });
    const launcher = new OtherMachine('gpu', 'ssh');
    const port = Number(new URL(base).port);
    const { state } = await startVllm({ ...optionsOf(bench, launcher), port }, signal);
    await writeVllm(workspace, { ...state, ready: { at: '', version: '0.33.0', window: 4096 } });
    const engine = await workspaceEngine(workspace, new FakeEngine(base)).connect(signal);
    await expect(engine.load('bot', join(workspace, 'models', 'bot'), signal)).rejects.toMatchObject({
      code: 'adapter-elsewhere',
      remedy: expect.arrayContaining([expect.stringContaining('--launcher gpu --model bot')]),
    });
    // whoever holds it learns that it was ended
    await stopVllm(workspace, launcher, signal);
    await engine.closed;
  });

  it('serves an adapter from a path named by its weights', async () => {
    const { workspace } = await openBench();
    const [sim, bot] = await Promise.all(
      ['sim', 'bot'].map((name) => adapterSource(name, join(workspace, 'models', name), signal)),
    );
    expect(sim?.path).not.toBe(bot?.path);
    await placeAdapter(workspace, sim!);
    await placeAdapter(workspace, sim!);
    expect((await readFile(join(workspace, sim!.path, 'adapter_config.json'), 'utf8')).length).toBeGreaterThan(0);
    expect(maxRank([{ ...sim!, rank: 24 }])).toBe(32);
    expect(() => maxRank([{ ...sim!, rank: 1024 }])).toThrow('up to 512');
  });
});
