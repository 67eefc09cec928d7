import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { localLauncher } from '../../src/backends/launch/local.ts';
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
