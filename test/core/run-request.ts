import type { RunRequest } from '../../src/core/stage/run.ts';

/** A request for a run, with changes. */
export function request(changes: Partial<RunRequest> = {}): RunRequest {
  return {
    stage: 'sft',
    name: 'sim-it1',
    kind: 'simulator',
    preset: 'small',
    changes: {},
    seed: 3,
    rows: {
      train: { from: 'corpus', corpus: 'a' },
      valid: { from: 'corpus', corpus: 'b' },
      simulated: [],
      match: 'turns',
      context: true,
      system: null,
    },
    adapter: null,
    base: null,
    launcher: 'local',
    resources: { gpus: 0, cpus: null, memoryGb: null, hours: null },
    from: null,
    ...changes,
  };
}
