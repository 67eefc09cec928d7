import type { JobReport, JobState } from '../../core/stage/launcher.ts';
import type { Evidence, JobExit } from './evidence.ts';

/** What a scheduler says of a job. `forgotten`: it answers, and does not know the job (any more). */
export type SchedulerAnswer =
  | { readonly kind: 'queued' | 'running'; readonly reason: string | null }
  | {
      readonly kind: 'ended';
      readonly state: 'done' | 'failed' | 'cancelled';
      readonly code: number | null;
      readonly signal: string | null;
      readonly reason: string | null;
      readonly ended: string | null;
    }
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** Silence of this many seconds is no delay: beats come every 10 s, and a network file system may show them a minute late. */
export const STALE_SECONDS = 120;
/** Seconds between the claim of an attempt and the first word of its wrapper. */
const START_SECONDS = 60;

/**
 * The state of one attempt, from what its folder, its machine and its scheduler say. Pure: all launchers share it.
 *
 * An exit state that the wrapper wrote beats everything, also a scheduler that cannot be reached: nobody knows better. So
 * does that a cancel took the attempt: it cannot start any more, though a scheduler may keep it in its queue.
 * Then the scheduler; then the process, where it can be asked; then the heartbeat. `who` names the scheduler.
 */
export function judge(
  attempt: number,
  evidence: Evidence,
  scheduler: SchedulerAnswer | null = null,
  who = 'the scheduler',
): JobReport {
  const { exit, status } = evidence;
  const later = Math.max(exit?.attempt ?? 0, status?.attempt ?? 0);
  if (later > attempt) return report(evidence, 'lost', `attempt ${later} of this run took its place`);
  if (exit && exit.attempt === attempt) return ended(evidence, exit, scheduler);
  if (evidence.never) return report(evidence, 'cancelled', 'cancelled before it started');
  if (scheduler) {
    switch (scheduler.kind) {
      case 'unreachable':
        return report(evidence, 'unknown', `${who} cannot be asked: ${scheduler.reason}${lastSeen(evidence)}`);
      case 'queued':
        return report(evidence, 'queued', scheduler.reason);
      case 'running':
        return report(evidence, 'running', silence(evidence) ?? scheduler.reason);
      case 'ended': {
        const state = evidence.cancel ? 'cancelled' : scheduler.state;
        const reason = scheduler.reason ?? (state === 'cancelled' ? null : wordOf(who, scheduler));
        return { ...report(evidence, state, reason), ...pick(scheduler) };
      }
      case 'forgotten':
        break;
    }
  }
  if (!evidence.folder) return report(evidence, 'lost', 'its folder is gone');
  if (evidence.claimed === null) {
    if (evidence.cancel) return report(evidence, 'cancelled', 'cancelled before it started');
    return report(evidence, 'lost', scheduler ? `${who} does not know it, and it never started` : 'it never started');
  }
  if (status === null) {
    if (evidence.now - evidence.claimed < START_SECONDS) return report(evidence, 'running', 'it is starting');
    return gone(evidence, 'it was taken by a process that ended before it said anything');
  }
  switch (evidence.process) {
    case 'alive':
      return report(evidence, 'running', silence(evidence));
    case 'rebooted':
      return gone(evidence, `${status.host} was restarted while it ran`);
    case 'gone':
      return gone(
        evidence,
        evidence.orphans
          ? 'its wrapper was killed; processes that it started are still there, and cancel ends them'
          : 'its wrapper was killed, and left no exit code',
      );
    default: {
      // nobody can be asked: all that is left is how long it has been silent
      const silent = silentFor(evidence);
      if (silent !== null && silent <= STALE_SECONDS) return report(evidence, 'running', null);
      return gone(evidence, `no heartbeat ${since(silent)}, and ${status.host} cannot be asked`);
    }
  }
}

/**
 * Whether nothing of the attempt runs any more, or will, as far as can be seen: no exit code is waited for. An attempt that
 * nobody took, and that no scheduler has ended, can still be started: a cancel takes it.
 */
export function isOver(attempt: number, evidence: Evidence, scheduler: SchedulerAnswer | null = null): boolean {
  if (evidence.orphans || (evidence.process === 'alive' && evidence.exit?.attempt !== attempt)) return false;
  if (evidence.folder && evidence.claimed === null && scheduler?.kind !== 'ended') return false;
  return !['queued', 'running', 'unknown'].includes(judge(attempt, evidence, scheduler).state);
}

function ended(evidence: Evidence, exit: JobExit, scheduler: SchedulerAnswer | null): JobReport {
  const state: JobState =
    evidence.cancel && (exit.code !== 0 || exit.stopped) ? 'cancelled' : exit.code === 0 ? 'done' : 'failed';
  const theirs = scheduler?.kind === 'ended' ? scheduler.reason : null;
  const reason = state === 'failed' ? (theirs ?? explain(exit)) : null;
  return { ...report(evidence, state, reason), code: exit.code, signal: exit.signal, ended: exit.ended };
}

function explain({ code, signal, stopped }: JobExit): string {
  if (signal === 'KILL') return 'it was killed (SIGKILL): the machine may have run out of memory';
  if (signal !== null) return `it was ended by SIG${signal}${stopped ? ', which its machine sent' : ''}`;
  if (code === 127) return 'its command was not found (exit code 127)';
  if (code === 126) return 'its command cannot be executed (exit code 126)';
  return `it ended with exit code ${code}`;
}

/** Killed from outside is what a cancel does as a last resort. */
function gone(evidence: Evidence, reason: string): JobReport {
  return evidence.cancel ? report(evidence, 'cancelled', null) : report(evidence, 'lost', reason);
}

function wordOf(who: string, { state, code, signal }: Extract<SchedulerAnswer, { kind: 'ended' }>): string {
  if (state === 'done') return `${who} says that it ended well; it left no exit code of its own`;
  const how = signal === null ? (code === null ? '' : ` (exit code ${code})`) : ` (SIG${signal})`;
  return `${who} says that it failed${how}; it left no exit code of its own`;
}

function pick(answer: { code: number | null; signal: string | null; ended: string | null }) {
  return { code: answer.code, signal: answer.signal, ended: answer.ended };
}

function silentFor({ heartbeat, now }: Evidence): number | null {
  return heartbeat === null ? null : Math.max(0, now - heartbeat);
}

/** Its process is there, so that silence is a machine that swaps or hangs, or a file system that does. */
function silence(evidence: Evidence): string | null {
  const silent = silentFor(evidence);
  if (silent === null || silent <= STALE_SECONDS) return null;
  return `no heartbeat ${since(silent)}, though it is there: is its machine out of memory, or its disk?`;
}

function lastSeen(evidence: Evidence): string {
  const silent = silentFor(evidence);
  return silent === null ? '' : `; its last heartbeat is ${Math.round(silent)} s old`;
}

function since(silent: number | null): string {
  return silent === null ? 'at all' : `for ${Math.round(silent)} s`;
}

function report(evidence: Evidence, state: JobState, reason: string | null): JobReport {
  return {
    state,
    code: null,
    signal: null,
    reason,
    host: evidence.status?.host ?? null,
    started: evidence.status?.started ?? null,
    ended: null,
    heartbeat: evidence.heartbeat === null ? null : new Date(evidence.heartbeat * 1000).toISOString(),
  };
}

/** Where nobody could be asked at all. */
export function unknown(reason: string): JobReport {
  return {
    ...{ state: 'unknown', code: null, signal: null, reason },
    ...{ host: null, started: null, ended: null, heartbeat: null },
  };
}
