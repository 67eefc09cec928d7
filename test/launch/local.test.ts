import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { writeJobFiles } from '../../src/backends/launch/job-folder.ts';
import { localLauncher } from '../../src/backends/launch/local.ts';
import { jobHandleSchema } from '../../src/core/stage/launcher.ts';
import { conformance } from './conformance.ts';
import { makeJob, never, untilEnded, untilRunning } from './jobs.ts';

conformance({
  name: 'local',
  launchers: {},
  killedWrapper: 'lost',
  unreachable() {
    // this machine is always there; but its shell may not be
    vi.stubEnv('PATH', '/nowhere');
    return localLauncher();
  },
});

const PATIENCE = { timeout: 120_000 };

it.each([
  ['another process that has its pid by now', { pid: process.pid }, /wrapper was killed/],
  ['a restart of the machine', { boot: '00000000-0000-0000-0000-000000000000' }, /was restarted/],
])('is not deceived by %s', PATIENCE, async (_, change, reason) => {
  const launcher = localLauncher();
  const handle = await launcher.submit(await makeJob('while [ ! -e go ]; do sleep 0.2; done'), never);
  await untilRunning(launcher, handle);
  const file = join(handle.folder, 'status.json');
  const status = await readFile(file, 'utf8');
  await writeFile(file, `${JSON.stringify({ ...JSON.parse(status), ...change })}\n`);
  expect(await launcher.report(handle, never)).toMatchObject({ state: 'lost', reason: expect.stringMatching(reason) });
  await writeFile(file, status);
  expect(await launcher.report(handle, never)).toMatchObject({ state: 'running' });
  await writeFile(join(handle.folder, 'go'), '');
  expect(await untilEnded(launcher, handle)).toMatchObject({ state: 'done' });
});

it('kills at the end of the grace though the one who cancelled was stopped', PATIENCE, async () => {
  const launcher = localLauncher();
  const handle = await launcher.submit(await makeJob('trap "" TERM; while :; do sleep 0.2; done'), never);
  await untilRunning(launcher, handle);
  const stop = new AbortController();
  const cancelling = launcher.cancel(handle, 2000, stop.signal);
  setTimeout(() => stop.abort(), 800);
  await expect(cancelling).rejects.toThrow();
  expect(await untilEnded(launcher, handle)).toMatchObject({ state: 'cancelled', signal: 'KILL' });
});

it(
  'a job that was cancelled before anybody started it never runs, and touches no later attempt',
  PATIENCE,
  async () => {
    const launcher = localLauncher();
    const job = await makeJob('echo ran >>ran');
    await writeJobFiles(job);
    const handle = jobHandleSchema.parse({
      ...{ launcher: 'local', kind: 'local', job: job.id, folder: job.folder, attempt: 1 },
      submitted: new Date().toISOString(),
    });
    await launcher.cancel(handle, 1000, never);
    await untilEnded(launcher, await launcher.submit({ ...job, attempt: 2 }, never));
    const exit = await readFile(join(job.folder, 'exit.json'), 'utf8');
    // a scheduler's queue comes to it after all
    const late = spawnSync('sh', ['job/job.sh', 'run', job.folder, '1'], { cwd: job.folder });
    expect([late.status, String(late.stderr)]).toEqual([0, '']);
    expect(await readFile(join(job.folder, 'exit.json'), 'utf8')).toBe(exit);
    expect(await readFile(join(job.folder, 'ran'), 'utf8')).toBe('ran\n');
    expect(await launcher.report({ ...handle, attempt: 2 }, never)).toMatchObject({ state: 'done' });

    const alone = await makeJob('echo ran >>ran');
    await writeJobFiles(alone);
    const waiting = { ...handle, job: alone.id, folder: alone.folder };
    await launcher.cancel(waiting, 1000, never);
    expect(await launcher.report(waiting, never)).toMatchObject({
      state: 'cancelled',
      reason: expect.stringMatching(/before it started/),
    });
    // whoever submits it again hears the same
    expect(await launcher.report(await launcher.submit(alone, never), never)).toMatchObject({ state: 'cancelled' });
    expect((await launcher.read(waiting, 'ran', 0, 1, never)).size).toBe(0);
  },
);

it('says why a job cannot be started', async () => {
  const launcher = localLauncher();
  const job = await makeJob('true');
  const refused = (change: object) => launcher.submit({ ...job, ...change }, never);
  await expect(refused({ folder: join(job.folder, 'gone') })).rejects.toMatchObject({ code: 'no-run-folder' });
  await expect(refused({ argv: [] })).rejects.toMatchObject({ code: 'bad-job' });
  await expect(refused({ attempt: 0 })).rejects.toMatchObject({ code: 'bad-job' });
  await expect(refused({ env: { 'A B': '1' } })).rejects.toMatchObject({ code: 'bad-job' });
  await expect(refused({ id: '../x' })).rejects.toMatchObject({ code: 'bad-name' });
});
