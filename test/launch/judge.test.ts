import { describe, expect, it } from 'vitest';
import { type Evidence, parseProbe } from '../../src/backends/launch/evidence.ts';
import { isOver, judge, type SchedulerAnswer, STALE_SECONDS } from '../../src/backends/launch/judge.ts';

const NOW = 1_800_000_000;
const status: NonNullable<Evidence['status']> = {
  ...{ pid: 10, pgid: 11, host: 'far', started: '2027-01-15T08:00:00Z', start_ticks: 5, attempt: 1, job: null },
};
const exit = (change: object = {}): Evidence['exit'] => ({
  ...{ code: 0, signal: null, ended: '2027-01-15T08:10:00Z', attempt: 1, stopped: false },
  ...change,
});
const running: Evidence = {
  ...{ now: NOW, host: 'far', folder: true, claimed: NOW - 600, cancel: false, never: false, status },
  ...{ process: 'alive', orphans: false, heartbeat: NOW - 4, exit: null },
};
const ended = (change: object): SchedulerAnswer => ({
  ...{ kind: 'ended', state: 'failed', code: null, signal: null, reason: null, ended: null },
  ...change,
});
const away: SchedulerAnswer = { kind: 'unreachable', reason: 'connect failure' };
const none = { status: null, process: null, heartbeat: null, claimed: null };
const stale = { heartbeat: NOW - STALE_SECONDS - 1 };

describe('the state of a job', () => {
  it.each<[string, Partial<Evidence>, SchedulerAnswer | null, object]>([
    ['its process is there', {}, null, { state: 'running', reason: null, host: 'far' }],
    ['it is there, and silent', stale, null, { state: 'running', reason: /no heartbeat for 121 s/ }],
    ['its process is gone', { process: 'gone' }, null, { state: 'lost', reason: /wrapper was killed/ }],
    ['only its children are left', { process: 'gone', orphans: true }, null, { state: 'lost', reason: /still there/ }],
    ['its machine was restarted', { process: 'rebooted' }, null, { state: 'lost', reason: /far was restarted/ }],
    ['elsewhere, and it beats', { process: 'elsewhere' }, null, { state: 'running' }],
    [
      'elsewhere, and it is silent',
      { process: 'elsewhere', ...stale },
      null,
      { state: 'lost', reason: /cannot be asked/ },
    ],
    ['elsewhere, and it never beat', { process: 'elsewhere', heartbeat: null }, null, { state: 'lost' }],
    ['it was just taken', { ...none, claimed: NOW - 3 }, null, { state: 'running', reason: /starting/ }],
    ['it was taken, and nothing came of it', { ...none, claimed: NOW - 300 }, null, { state: 'lost' }],
    ['it never started', none, null, { state: 'lost', reason: /never started/ }],
    ['its folder is gone', { ...none, folder: false }, null, { state: 'lost', reason: /folder is gone/ }],
    ['killed after a cancel', { process: 'gone', cancel: true }, null, { state: 'cancelled' }],
    [
      'cancelled before it started, and still queued',
      { ...none, claimed: NOW - 3, cancel: true, never: true },
      { kind: 'queued', reason: 'waiting for GPUs' },
      { state: 'cancelled', reason: /before it started/ },
    ],
    ['exit 0', { exit: exit() }, null, { state: 'done', code: 0, ended: '2027-01-15T08:10:00Z' }],
    ['exit 0, while its wrapper ends', { exit: exit(), process: 'alive' }, null, { state: 'done' }],
    ['exit 3', { exit: exit({ code: 3 }) }, null, { state: 'failed', code: 3, reason: /exit code 3/ }],
    ['exit 3, cancelled', { exit: exit({ code: 3 }), cancel: true }, null, { state: 'cancelled', code: 3 }],
    ['exit 0 after TERM', { exit: exit({ stopped: true }), cancel: true }, null, { state: 'cancelled', code: 0 }],
    ['exit 0 just before a cancel', { exit: exit(), cancel: true }, null, { state: 'done' }],
    ['an older exit', { exit: exit({ attempt: 0, code: 3 }) }, null, { state: 'running' }],
    ['a later attempt', { status: { ...status, attempt: 2 } }, null, { state: 'lost', reason: /attempt 2/ }],
    ['a later attempt’s exit', { exit: exit({ attempt: 2 }) }, null, { state: 'lost', reason: /attempt 2/ }],
    ['the scheduler is away', {}, away, { state: 'unknown', reason: /connect failure; its last heartbeat is 4 s old/ }],
    ['away, and it never started', none, away, { state: 'unknown' }],
    ['away, but it left its code', { exit: exit({ code: 3 }) }, away, { state: 'failed', code: 3 }],
    ['away, but it is done', { exit: exit() }, away, { state: 'done' }],
    ['it waits', none, { kind: 'queued', reason: 'Resources' }, { state: 'queued', reason: 'Resources' }],
    ['the scheduler starts it', none, { kind: 'running', reason: null }, { state: 'running', host: null }],
    ['FAILED 143:0 after a cancel', { cancel: true }, ended({ code: 143 }), { state: 'cancelled', code: 143 }],
    ['out of memory', {}, ended({ reason: 'OUT_OF_MEMORY' }), { state: 'failed', reason: /OUT_OF_MEMORY/ }],
    [
      'out of memory, with a code',
      { exit: exit({ code: 137, signal: 'KILL' }) },
      ended({ reason: 'OUT_OF_MEMORY' }),
      { state: 'failed', signal: 'KILL', reason: /OUT_OF_MEMORY/ },
    ],
    ['cancelled by somebody else', {}, ended({ state: 'cancelled' }), { state: 'cancelled' }],
    ['done, without a code of its own', {}, ended({ state: 'done', code: 0 }), { state: 'done', reason: /Slurm says/ }],
    ['forgotten, and it beats', { process: 'elsewhere' }, { kind: 'forgotten' }, { state: 'running' }],
    ['forgotten, and it is silent', { process: 'elsewhere', ...stale }, { kind: 'forgotten' }, { state: 'lost' }],
    ['forgotten, and it never started', none, { kind: 'forgotten' }, { state: 'lost', reason: /does not know it/ }],
  ])('%s', (_, change, scheduler, expected) => {
    const report = judge(1, { ...running, ...change }, scheduler, 'Slurm');
    const { reason, ...rest } = expected as { reason?: RegExp | string | null };
    expect(report).toMatchObject(rest);
    if (reason instanceof RegExp) expect(report.reason).toMatch(reason);
    else if (reason !== undefined) expect(report.reason).toBe(reason);
  });

  it('is over when nothing of it runs any more', () => {
    expect(isOver(1, running)).toBe(false);
    expect(isOver(1, { ...running, exit: exit() })).toBe(true);
    expect(isOver(1, { ...running, process: 'gone' })).toBe(true);
    expect(isOver(1, { ...running, process: 'gone', orphans: true })).toBe(false);
    expect(isOver(1, running, ended({}))).toBe(false);
    expect(isOver(1, { ...running, process: 'elsewhere' }, ended({}))).toBe(true);
    expect(isOver(1, { ...running, process: 'elsewhere' }, away)).toBe(false);
    expect(isOver(1, { ...running, ...none }, { kind: 'queued', reason: null })).toBe(false);
  });
});

describe('what a machine says', () => {
  it('is read line by line', () => {
    const text = [
      `now ${NOW}\nhost far\nfolder yes\nclaimed ${NOW - 600}`,
      `status ${JSON.stringify({ ...status, boot: 'b', mark: 'm' })}`,
      `process gone\norphans yes\nheartbeat ${NOW - 4}`,
      `exit ${JSON.stringify(exit())}                  `,
    ].join('\n');
    expect(parseProbe(text)).toEqual({ ...running, process: 'gone', orphans: true, exit: exit() });
  });

  it('is not trusted: what is damaged is not there', () => {
    const text = `now soon\nhost far\nstatus {"pid":\nprocess alive\nheartbeat 99999999999999999999\nexit {"code":"0"}`;
    expect(parseProbe(text)).toMatchObject({ status: null, process: null, heartbeat: null, exit: null, folder: false });
    expect(parseProbe('')).toMatchObject({ status: null, host: '' });
  });
});
