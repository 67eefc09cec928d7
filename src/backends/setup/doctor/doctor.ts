import { type Finding, fail, type Patient } from './check.ts';
import { checkEngine } from './engine.ts';
import { checkFolders, checkLoopback, checkNode, checkTerminal } from './machine.ts';
import { checkModels } from './models.ts';
import { checkPairs } from './pairs.ts';
import { checkSessions } from './sessions.ts';
import { checkTraining } from './training.ts';

/** All checks, cheap ones first. */
const CHECKS: readonly ((patient: Patient) => Finding | Promise<Finding | readonly Finding[]>)[] = [
  checkNode,
  checkTerminal,
  checkFolders,
  checkLoopback,
  checkEngine,
  checkModels,
  checkSessions,
  checkPairs,
  checkTraining,
];

/** Runs every check in turn. A check that itself breaks is reported as a failure, and the others still run. */
export async function* examine(patient: Patient): AsyncGenerator<Finding> {
  for (const check of CHECKS) {
    try {
      const found = await check(patient);
      if (Array.isArray(found)) yield* found;
      else yield found as Finding;
    } catch (error) {
      patient.signal.throwIfAborted();
      yield fail(
        'doctor',
        'Doctor',
        `a check broke: ${error instanceof Error ? error.message : error}`,
        'report this as a bug of Foil',
      );
    }
  }
}
