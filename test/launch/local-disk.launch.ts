import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { localLauncher } from '../../src/backends/launch/local.ts';
import { testFolder } from '../fixtures/sessions.ts';
import { makeJob, never, textOf, untilEnded } from './jobs.ts';

const launcher = localLauncher();

/** A run's folder on a disk of its own, of 128 kB. */
async function smallDisk(): Promise<string> {
  const folder = join(await testFolder(), 'disk');
  execFileSync('mkdir', [folder]);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'none', folder]);
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
  return folder;
}

it('a job that fills the disk still leaves its exit code, and beats until then', async () => {
  const job = await makeJob(
    'mkdir -p output; head -c 1000000 /dev/zero >output/big; echo "$?"; sleep 12; cat job/claim-1/* >/dev/null; exit 7',
    { folder: await smallDisk() },
  );
  const handle = await launcher.submit(job, never);
  const report = await untilEnded(launcher, handle);
  expect(report).toMatchObject({ state: 'failed', code: 7 });
  // beyond the first beat, which was written while there was room
  expect(Date.parse(report.heartbeat ?? '')).toBeGreaterThan(Date.parse(report.started ?? ''));
  // not even the log had room
  expect(await textOf(launcher, handle, 'log.txt')).toBe('');
});

it('a cancel on a full disk ends the job', async () => {
  const job = await makeJob('head -c 1000000 /dev/zero >big; while :; do sleep 0.2; done', {
    folder: await smallDisk(),
  });
  const handle = await launcher.submit(job, never);
  await launcher.cancel(handle, 5000, never);
  expect(await launcher.report(handle, never)).toMatchObject({ state: 'cancelled' });
});

it('a job that finds the disk full does not start, and says so', async () => {
  const folder = await smallDisk();
  const job = await makeJob('echo ran >ran', { folder });
  execFileSync('sh', ['-c', 'cat /dev/zero >"$0/big" 2>/dev/null || :', folder]);
  await expect(launcher.submit(job, never)).rejects.toMatchObject({ code: 'disk-full' });
});
