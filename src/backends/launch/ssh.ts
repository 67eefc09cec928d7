import { join } from 'node:path';
import type { Launcher } from '../../core/stage/launcher.ts';
import { withLock } from '../store/disk.ts';
import { cancelHere, handleOf, reportOf } from './attempt.ts';
import { readGpus } from './gpus.ts';
import { writeJobFiles } from './job-folder.ts';
import { checkFile } from './machine.ts';
import { bring, fetchFolder } from './ssh-copy.ts';
import { type SshConfig, sshMachine } from './ssh-machine.ts';

/**
 * Jobs on a machine that the system's ssh client reaches, in a folder of their own there. Files go there by rsync where
 * both sides have it, else by tar. The line may be cut at any time: the job does not notice, and each question is a
 * command of its own. `secrets`: variables with keys, which are never sent.
 */
export function sshLauncher(name: string, config: SshConfig, secrets: readonly string[] = []): Launcher {
  const machine = sshMachine(config, secrets);
  return {
    name,
    kind: 'ssh',
    python: config.python,
    base: config.base ?? null,
    submit(job, signal) {
      const folder = `${config.folder.replace(/\/+$/, '')}/${job.id}`;
      const place = { folder, attempt: job.attempt };
      // the files of two submitters must not mix; the claim there decides in any case who runs
      return withLock(join(job.folder, 'job', 'submit'), async () => {
        await writeJobFiles(job);
        const known = new TextDecoder().decode(await machine.ask('prepare', place, [], signal)).split('\n');
        if (!known.includes('claimed')) await bring(machine, job.folder, folder, known.includes('rsync'), signal);
        await machine.ask('launch', place, [], signal);
        return handleOf('ssh', name, job, folder, job.id);
      });
    },
    report: (handle, signal) => reportOf(machine, handle, signal),
    async read(handle, file, from, limit, signal) {
      checkFile(file);
      const answer = await machine.ask('read', handle, [file, from, limit], signal);
      const end = answer.indexOf(10);
      const bytes = answer.subarray(end + 1);
      return { bytes, next: from + bytes.length, size: Number(new TextDecoder().decode(answer.subarray(0, end))) };
    },
    cancel: (handle, graceMs, signal) => cancelHere(machine, handle, graceMs, signal),
    async collect(handle, folder, signal) {
      const known = new TextDecoder().decode(await machine.ask('prepare', handle, [], signal)).split('\n');
      await fetchFolder(machine, handle.folder, folder, known.includes('rsync'), signal);
    },
    gpus: (_, signal) => readGpus(machine, signal),
  };
}
