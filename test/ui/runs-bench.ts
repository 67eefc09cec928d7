import { FakeRegistry } from '../../src/backends/fake/models.ts';
import { FakeLauncher, FakeRunStore, FakeTrainer, fakeRecord, fileOf } from '../../src/backends/fake/runs.ts';
import type { JobReport } from '../../src/core/stage/launcher.ts';
import type { RunPorts } from '../../src/core/stage/ports.ts';
import type { RunRequest } from '../../src/core/stage/run.ts';
import { type StageTable, stageTableSchema } from '../../src/core/stage/table-schema.ts';
import { request } from '../core/run-request.ts';

const lr = { type: 'number', above: 0, default: 6e-4, paper: 5e-5, small: 1e-3, help: 'Step of the optimiser' };
const epochs = { type: 'number', above: 0, default: 1, help: 'How often each row is seen', unit: 'passes' };
const checkpointing = { type: 'boolean', default: false, help: 'Saves memory for time' };
const scheduler = { type: 'choice', choices: ['cosine', 'constant'], default: 'cosine', help: 'How lr changes' };

export const TABLE: StageTable = stageTableSchema.parse({
  version: 1,
  stages: {
    sft: { title: 'Supervised fine-tuning', equation: 'Eq. 1', hyper: { lr, epochs, scheduler, checkpointing } },
    discriminator: { title: 'Discriminator', equation: 'Eq. 3', hyper: { lr, epochs } },
    dpo: { title: 'DPO', equation: 'Eq. 5', hyper: { beta: { ...lr, help: 'Pull to the reference' }, lr } },
  },
});

export interface RunsWorld {
  readonly store: FakeRunStore;
  readonly launcher: FakeLauncher;
  readonly trainer: FakeTrainer;
  readonly ports: RunPorts;
  /** A run that was handed to its launcher, in a state. */
  add(id: string, changes: Partial<RunRequest>, report: Partial<JobReport>, created?: string): void;
  events(id: string, events: readonly object[]): void;
  log(id: string, text: string): void;
}

/** Runs in memory; time stands still at an hour after the first of them. */
export function runsWorld(models = new FakeRegistry({})): RunsWorld {
  const store = new FakeRunStore();
  const launcher = new FakeLauncher();
  const trainer = new FakeTrainer(store, TABLE);
  let ids = 0;
  const ports: RunPorts = {
    runs: store,
    trainer,
    launchers: launcher,
    models,
    clock: { now: () => new Date('2026-01-01T01:00:00.000Z'), sleep },
    newId: (prefix) => `${prefix}-new-${++ids}`,
  };
  return {
    store,
    launcher,
    trainer,
    ports,
    add(id, changes, report, created = '2026-01-01T00:00:00.000Z') {
      const submitted = created;
      const handle = {
        launcher: 'local',
        kind: 'local' as const,
        job: id,
        folder: store.folder(id),
        attempt: 1,
        submitted,
      };
      store.records.set(id, { ...fakeRecord(id, request(changes), created), handle });
      launcher.become(id, report);
    },
    events(id, events) {
      store.disk.append(
        fileOf(id, 'events'),
        events.map((event) => `${JSON.stringify({ t: 1, ...event })}\n`).join(''),
      );
    },
    log(id, text) {
      store.disk.append(fileOf(id, 'log'), text);
    },
  };
}

/** Looks come fast, so that tests wait for little. */
function sleep(_: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new DOMException('aborted', 'AbortError'));
      return;
    }
    const timer = setTimeout(resolve, 20);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new DOMException('aborted', 'AbortError'));
    });
  });
}
