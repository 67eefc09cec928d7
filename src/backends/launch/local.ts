import type { Launcher } from '../../core/stage/launcher.ts';
import { cancelHere, handleOf, reportOf } from './attempt.ts';
import { readGpus } from './gpus.ts';
import { writeJobFiles } from './job-folder.ts';
import { readPiece, thisMachine } from './machine.ts';

/**
 * Detached jobs on this machine: a session of their own, so that no terminal, line or interface takes them along.
 * `secrets`: variables with keys, which no job gets to see.
 */
export function localLauncher(secrets: readonly string[] = []): Launcher {
  const machine = thisMachine(secrets);
  return {
    name: 'local',
    kind: 'local',
    python: null,
    base: null,
    async submit(job, signal) {
      await writeJobFiles(job);
      await machine.ask('launch', job, [], signal);
      return handleOf('local', 'local', job, job.folder, job.id);
    },
    report: (handle, signal) => reportOf(machine, handle, signal),
    read: (handle, file, from, limit) => readPiece(handle.folder, file, from, limit),
    cancel: (handle, graceMs, signal) => cancelHere(machine, handle, graceMs, signal),
    collect: async () => undefined,
    gpus: (_, signal) => readGpus(machine, signal),
  };
}
