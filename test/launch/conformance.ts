import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { configSchema, type FoilConfig } from '../../src/backends/config/schema.ts';
import { openLauncher } from '../../src/backends/launch/open.ts';
import { type Job, type JobHandle, jobHandleSchema, type Launcher } from '../../src/core/stage/launcher.ts';
import { makeJob, never, processesWith, textOf, until, untilEnded, untilRunning } from './jobs.ts';

export interface Subject {
  /** Name of the launcher, and the section of foil.yaml that has it. */
  readonly name: string;
  readonly launchers: Record<string, unknown>;
  /** What is made of a killed wrapper: a scheduler notices by itself. */
  readonly killedWrapper: 'lost' | 'failed';
  /** Where its programs find what they talk to. */
  readonly env?: Readonly<Record<string, string>>;
  /** A launcher whose machine or controller does not answer, for jobs that the real one started; it may change variables. */
  unreachable(): Launcher;
}

const PATIENCE = 240_000;
const MB = 1024 * 1024;

/** What each launcher has to hold; every question goes to a launcher opened anew, since nothing may live in its memory. */
export function conformance({ name, launchers, killedWrapper, env = {}, unreachable }: Subject): void {
  const config: FoilConfig = {
    ...configSchema.parse({ launchers, servers: { some: { base_url: 'http://h/v1', key_env: 'FOIL_TEST_KEY' } } }),
    file: null,
  };
  const open = () => openLauncher(name, config);
  const submit = (job: Job) => open().submit(job, never);
  const end = (handle: JobHandle) => untilEnded(open(), handle);

  /** Another process that submits; `line` gives what it prints next. */
  function submitter(job: Job): { child: ChildProcess; line: () => Promise<string> } {
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
    const file = fileURLToPath(new URL('submitter.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', tsx, file, name, JSON.stringify(config), JSON.stringify(job)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream as never })[Symbol.asyncIterator]();
    return { child, line: async () => String((await lines.next()).value) };
  }

  const stubEnv = () => {
    vi.unstubAllEnvs();
    for (const [variable, value] of Object.entries(env)) vi.stubEnv(variable, value);
  };
  beforeEach(stubEnv);
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  describe(`the launcher ${name}`, { timeout: PATIENCE }, () => {
    it('runs a job in its folder, with its variables, and follows it to its end', async () => {
      const job = await makeJob('cat inputs/text; echo "$GREETING"; sleep 1; echo 2 >&2', {
        env: { GREETING: `it's "all" $HOME \\ well` },
      });
      const handle = await submit(job);
      expect(jobHandleSchema.parse(handle)).toMatchObject({ launcher: name, attempt: 1 });
      const report = await end(handle);
      expect(report).toMatchObject({ state: 'done', code: 0, signal: null, reason: null });
      expect(Date.parse(report.ended ?? '')).toBeGreaterThanOrEqual(Date.parse(report.started ?? ''));
      expect(Date.parse(report.heartbeat ?? '')).toBeGreaterThan(0);
      expect(report.host).toBeTruthy();
      const log = `brought along\nit's "all" $HOME \\ well\n2\n`;
      expect(await textOf(open(), handle, 'log.txt')).toBe(log);
      const status = JSON.parse(await readFile(join(handle.folder, 'status.json'), 'utf8'));
      expect(status).toMatchObject({ attempt: 1, host: report.host, start_ticks: expect.any(Number) });
    });

    it('reports exit codes', async () => {
      const handle = await submit(await makeJob('exit 3'));
      expect(await end(handle)).toMatchObject({
        state: 'failed',
        code: 3,
        signal: null,
        reason: expect.stringMatching(/exit code 3/),
      });
    });

    it('reports a job that dies at once, and says why', async () => {
      const handle = await submit(await makeJob('', { argv: ['foil-no-such-command'] }));
      expect(await end(handle)).toMatchObject({
        state: 'failed',
        code: 127,
        reason: expect.stringMatching(/not found/),
      });
      expect(await textOf(open(), handle, 'log.txt')).toMatch(/foil-no-such-command/);
    });

    it('reports a job that a signal ended', async () => {
      const handle = await submit(await makeJob('kill -KILL $$'));
      expect(await end(handle)).toMatchObject({
        state: 'failed',
        signal: 'KILL',
        reason: expect.stringMatching(/memory/),
      });
    });

    it('reads files from an offset while they grow', async () => {
      const job = await makeJob('for i in 1 2 3 4 5 6 7 8; do echo "line $i"; sleep 0.3; done');
      const handle = await submit(job);
      const launcher = open();
      let text = '';
      let from = 0;
      let running = true;
      for (;;) {
        const piece = await launcher.read(handle, 'log.txt', from, 10, never);
        expect(piece.next).toBe(from + piece.bytes.length);
        expect(piece.bytes.length).toBeLessThanOrEqual(10);
        expect(piece.size).toBeGreaterThanOrEqual(piece.next);
        from = piece.next;
        text += Buffer.from(piece.bytes).toString();
        if (piece.bytes.length === 0 && !running) break;
        if (piece.bytes.length === 0)
          running = ['queued', 'running'].includes((await launcher.report(handle, never)).state);
      }
      expect(text).toBe([1, 2, 3, 4, 5, 6, 7, 8].map((i) => `line ${i}\n`).join(''));
      expect(await launcher.read(handle, 'no-such-file', 0, 10, never)).toMatchObject({ next: 0, size: 0 });
      await expect((async () => launcher.read(handle, '../x', 0, 1, never))()).rejects.toMatchObject({
        code: 'bad-path',
      });
    });

    it('cancels with TERM, which a job may use to tidy up', async () => {
      const job = await makeJob('trap "echo saved >stopped; exit 0" TERM; echo ready; while :; do sleep 0.2; done');
      const handle = await submit(job);
      await until(
        () => textOf(open(), handle, 'log.txt'),
        (log) => log.includes('ready'),
        'the trap',
      );
      await open().cancel(handle, 60_000, never);
      expect(await open().report(handle, never)).toMatchObject({ state: 'cancelled', code: 0 });
      expect(await textOf(open(), handle, 'stopped')).toBe('saved\n');
      expect(processesWith(job.mark)).toEqual([]);
      // it had ended
      await open().cancel(handle, 1000, never);
    });

    it('cancels with KILL what traps TERM: its whole group, and what left the group', async () => {
      const job = await makeJob(
        `trap 'echo no' TERM; sh -c 'trap "" TERM; sleep 600' & setsid sh -c 'trap "" TERM; sleep 600; :' &
         echo ready; while :; do sleep 0.2; done`,
      );
      const handle = await submit(job);
      await until(
        () => textOf(open(), handle, 'log.txt'),
        (log) => log.includes('ready'),
        'the trap',
      );
      await until(
        () => processesWith(job.mark),
        (pids) => pids.length >= 4,
        'its processes',
      );
      await open().cancel(handle, 3000, never);
      expect(await open().report(handle, never)).toMatchObject({ state: 'cancelled' });
      expect(await textOf(open(), handle, 'log.txt')).toMatch(/^no$/m);
      await until(
        () => processesWith(job.mark),
        (pids) => pids.length === 0,
        'the end of its processes',
      );
    });

    it('runs an attempt once, however often it is submitted', async () => {
      const job = await makeJob('echo ran >>ran; sleep 1');
      const [first, second] = await Promise.all([submit(job), submit(job)]);
      const third = await submit(job);
      for (const handle of [first, second, third] as JobHandle[])
        expect(await end(handle)).toMatchObject({ state: 'done' });
      expect(await end(await submit(job))).toMatchObject({ state: 'done' });
      expect(await textOf(open(), first as JobHandle, 'ran')).toBe('ran\n');
      expect(processesWith(job.mark)).toEqual([]);
    });

    it('runs a new attempt in the same folder', async () => {
      const job = await makeJob('if [ -e half ]; then echo resumed; else echo half >half; exit 9; fi');
      expect(await end(await submit(job))).toMatchObject({ state: 'failed', code: 9 });
      const handle = await submit({ ...job, attempt: 2 });
      expect(await end(handle)).toMatchObject({ state: 'done', code: 0 });
      expect(await textOf(open(), handle, 'log.txt')).toBe('resumed\n');
      expect(await open().report({ ...handle, attempt: 1 }, never)).toMatchObject({
        state: 'lost',
        reason: expect.stringMatching(/attempt 2/),
      });
    });

    it('knows the truth after the submitter was killed', async () => {
      const job = await makeJob('while [ ! -e go ]; do sleep 0.2; done; exit 5');
      const { child, line } = submitter(job);
      expect(await line()).toBe('submitting');
      const handle = jobHandleSchema.parse(JSON.parse(await line()));
      child.kill('SIGKILL');
      await untilRunning(open(), handle);
      await writeFile(join(handle.folder, 'go'), '');
      expect(await end(handle)).toMatchObject({ state: 'failed', code: 5 });
    });

    it('a submitter that is killed at any moment leaves nothing that a second one breaks', async () => {
      for (const delay of [0, 150, 400, 1000]) {
        const job = await makeJob('echo ran >>ran; sleep 0.5');
        const { child, line } = submitter(job);
        await line();
        await new Promise((resolve) => setTimeout(resolve, delay));
        child.kill('SIGKILL');
        const handle = await submit(job);
        expect(await end(handle)).toMatchObject({ state: 'done' });
        expect(await textOf(open(), handle, 'ran')).toBe('ran\n');
      }
    });

    it('copes with 50 MB of log', async () => {
      const handle = await submit(await makeJob(`head -c ${50 * MB} /dev/zero | tr '\\0' x; echo end`));
      expect(await end(handle)).toMatchObject({ state: 'done' });
      const size = 50 * MB + 4;
      const last = await open().read(handle, 'log.txt', size - 6, 100, never);
      expect([Buffer.from(last.bytes).toString(), last.next, last.size]).toEqual(['xxend\n', size, size]);
      const middle = await open().read(handle, 'log.txt', 20 * MB, 65_536, never);
      expect([middle.bytes.length, middle.next]).toEqual([65_536, 20 * MB + 65_536]);
    });

    it('makes no statement on a job whose controller cannot be reached', async () => {
      const job = await makeJob('while [ ! -e go ]; do sleep 0.2; done');
      const handle = await submit(job);
      await untilRunning(open(), handle);
      const report = await unreachable().report(handle, never);
      expect(report).toMatchObject({ state: 'unknown', code: null });
      expect(report.reason).toBeTruthy();
      stubEnv();
      await writeFile(join(handle.folder, 'go'), '');
      expect(await end(handle)).toMatchObject({ state: 'done' });
    });

    it(`a killed wrapper is ${killedWrapper}, and its job does not go on`, async () => {
      const job = await makeJob('while :; do sleep 0.2; done');
      const handle = await submit(job);
      await untilRunning(open(), handle);
      const { pid } = JSON.parse(await readFile(join(handle.folder, 'status.json'), 'utf8'));
      process.kill(pid, 'SIGKILL');
      const report = await end(handle);
      expect(report.state).toBe(killedWrapper);
      expect(report.reason).toBeTruthy();
      await until(
        () => processesWith(job.mark),
        (pids) => pids.length === 0,
        'the end of its processes',
      );
    });

    it('brings back what the job wrote', async () => {
      const job = await makeJob('mkdir -p output/adapter; echo weights >output/adapter/file; echo "{}" >events.jsonl');
      await writeFile(join(job.folder, 'run.json'), 'ours');
      const handle = await submit(job);
      await end(handle);
      await open().collect(handle, job.folder, never);
      expect(await readFile(join(job.folder, 'output/adapter/file'), 'utf8')).toBe('weights\n');
      expect(await readFile(join(job.folder, 'events.jsonl'), 'utf8')).toBe('{}\n');
      expect(await readFile(join(job.folder, 'run.json'), 'utf8')).toBe('ours');
      expect(await open().gpus(handle, never)).toEqual(expect.any(Array));
    });

    it('shows no job the variables that hold keys', async () => {
      vi.stubEnv('FOIL_TEST_KEY', 'sesame');
      const handle = await submit(await makeJob('env'));
      await end(handle);
      const log = await textOf(open(), handle, 'log.txt');
      expect(log).toContain('FOIL_TEST_MARK=');
      expect(log).not.toContain('sesame');
    });
  });
}
