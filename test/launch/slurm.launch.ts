import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { launcherKinds } from '../../src/backends/config/schema.ts';
import { type SlurmConfig, slurmLauncher } from '../../src/backends/launch/slurm.ts';
import type { Launcher } from '../../src/core/stage/launcher.ts';
import { testFolder } from '../fixtures/sessions.ts';
import { conformance } from './conformance.ts';
import { daemon } from './daemons.ts';
import { makeJob, never, textOf, until, untilEnded, untilRunning } from './jobs.ts';

const slurm = daemon('slurm');
const client = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8', env: { ...process.env, SLURM_CONF: slurm.conf } });
const controller = (verb: string) => execFileSync('sh', [slurm.script, verb, slurm.dir], { stdio: 'ignore' });

beforeEach(() => {
  vi.stubEnv('SLURM_CONF', slurm.conf);
});
afterAll(() => {
  for (const id of client('squeue', '-h', '-o', '%A').split('\n').filter(Boolean))
    client('scancel', '--signal=KILL', '--full', id);
});

function open(args: string[] = []): Launcher {
  return slurmLauncher('cluster', launcherKinds.parse({ kind: 'slurm', args }) as SlurmConfig);
}

conformance({
  name: 'cluster',
  launchers: { cluster: { kind: 'slurm', args: ['--partition=main'] } },
  killedWrapper: 'failed',
  env: { SLURM_CONF: slurm.conf },
  unreachable() {
    const conf = join(slurm.dir, 'elsewhere.conf');
    const text = readFileSync(slurm.conf, 'utf8').replace(/^SlurmctldPort=.*$/m, 'SlurmctldPort=1');
    execFileSync('sh', ['-c', 'cat >"$0"', conf], {
      input: `${text}\nMessageTimeout=5\n`.replace('MessageTimeout=30\n', ''),
    });
    vi.stubEnv('SLURM_CONF', conf);
    return open();
  },
});

describe('slurm', () => {
  it('a controller that is restarted in mid-run costs no job, and is unknown meanwhile', async () => {
    const job = await makeJob('while [ ! -e go ]; do sleep 0.2; done; exit 6');
    const handle = await open().submit(job, never);
    await untilRunning(open(), handle);
    controller('kill-controller');
    try {
      expect(await open().report(handle, never)).toMatchObject({
        state: 'unknown',
        reason: expect.stringMatching(/Slurm cannot be asked/),
      });
      await expect(open().submit(await makeJob('true'), never)).rejects.toMatchObject({ code: 'unreachable' });
    } finally {
      controller('start-controller');
    }
    await untilRunning(open(), handle);
    // its own word is enough, whoever is away
    controller('kill-controller');
    try {
      await writeFile(join(handle.folder, 'go'), '');
      const ended = await until(
        () => open().report(handle, never),
        ({ state }) => state !== 'unknown',
        'the exit code',
      );
      expect(ended).toMatchObject({ state: 'failed', code: 6 });
    } finally {
      controller('start-controller');
    }
    await until(
      () => client('squeue', '-h', '-t', 'all', '-j', handle.job, '-o', '%T'),
      (text) => /FAILED/.test(text),
      'Slurm',
    );
    expect(await open().report(handle, never)).toMatchObject({ state: 'failed', code: 6 });
  });

  it('hands its options on, after those of the run', async () => {
    const job = await makeJob('echo "$SLURM_CPUS_PER_TASK $SLURM_JOB_NAME"', {
      resources: { gpus: 0, cpus: 1, memoryGb: null, hours: 0.5 },
    });
    const handle = await open(['--comment=by hand', '--time=7', '-pmain', '--nodes=1-1', '--ntasks=1']).submit(
      job,
      never,
    );
    expect(await untilEnded(open(), handle)).toMatchObject({ state: 'done' });
    const shown = client('scontrol', 'show', 'job', '-o', handle.job);
    expect(shown).toMatch(/ Comment=by hand /);
    expect(shown).toMatch(/ TimeLimit=00:07:00 /);
    expect(await textOf(open(), handle, 'log.txt')).toBe(`1 foil-${job.id}-1\n`);
  });

  it('of an array, one task runs the job, and its state is the job’s', async () => {
    const job = await makeJob('echo ran >>ran; sleep 2; exit 8');
    const handle = await open(['--array=1-3']).submit(job, never);
    expect(await untilEnded(open(), handle)).toMatchObject({ state: 'failed', code: 8 });
    expect(await textOf(open(), handle, 'ran')).toBe('ran\n');
    expect(client('squeue', '-h', '-t', 'all', '-r', '-j', handle.job, '-o', '%K').trim().split('\n').sort()).toEqual([
      '1',
      '2',
      '3',
    ]);
  });

  it('a job that waits says why, and can be cancelled', async () => {
    const handle = await open(['--hold']).submit(await makeJob('echo ran >ran'), never);
    expect(await open().report(handle, never)).toMatchObject({
      state: 'queued',
      reason: expect.stringMatching(/JobHeldUser/),
    });
    await open().cancel(handle, 1000, never);
    expect(await open().report(handle, never)).toMatchObject({ state: 'cancelled' });
    expect((await open().read(handle, 'ran', 0, 1, never)).size).toBe(0);
  });

  it('a refused job is an error in the words of Slurm', async () => {
    const job = await makeJob('true');
    await expect(open(['--partition=nowhere']).submit(job, never)).rejects.toMatchObject({
      code: 'slurm-refused',
      message: expect.stringMatching(/invalid partition/i),
    });
    expect(await untilEnded(open(), await open().submit(job, never))).toMatchObject({ state: 'done' });
  });

  it('finds the job of a submitter that died before it noted the id', async () => {
    const job = await makeJob('echo ran >>ran; sleep 1');
    const first = await open().submit(job, never);
    await rm(join(job.folder, 'job', 'slurm-1'));
    const second = await open().submit(job, never);
    expect(second.job).toBe(first.job);
    expect(await untilEnded(open(), second)).toMatchObject({ state: 'done' });
  });

  it('a job that its user ended with scancel was cancelled, whatever Slurm calls it', async () => {
    const job = await makeJob('trap "exit 143" TERM; echo ready; while :; do sleep 0.2; done');
    const handle = await open().submit(job, never);
    await until(
      () => textOf(open(), handle, 'log.txt'),
      (log) => log.includes('ready'),
      'the trap',
    );
    await open().cancel(handle, 60_000, never);
    expect(await open().report(handle, never)).toMatchObject({ state: 'cancelled', code: 143 });
    expect(await readFile(join(handle.folder, 'exit.json'), 'utf8')).toMatch(/"stopped":true/);
  });

  it('without Slurm’s programs, submitting is an error and asking is unknown', async () => {
    const handle = await open().submit(await makeJob('sleep 3'), never);
    const empty = await testFolder();
    execFileSync('sh', ['-c', 'for p in sh date grep cat stat; do ln -s "$(command -v $p)" "$0"; done', empty]);
    vi.stubEnv('PATH', empty);
    expect(await open().report(handle, never)).toMatchObject({
      state: 'unknown',
      reason: expect.stringMatching(/squeue is not installed here/),
    });
    await expect(open().submit(await makeJob('true'), never)).rejects.toMatchObject({ code: 'unreachable' });
  });
});
