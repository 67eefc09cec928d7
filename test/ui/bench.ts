import { FakeEvaluationStore } from '../../src/backends/fake/evaluations.ts';
import { FakeChatModel, FakeDiscriminator, FakeRegistry, type Script } from '../../src/backends/fake/models.ts';
import { FakePairStore, FakeSessionStore } from '../../src/backends/fake/stores.ts';
import type { Measurement } from '../../src/core/evaluate/behaviour/agreement.ts';
import { contextSchema } from '../../src/core/session/schema.ts';
import type { LabelRecord, Sample } from '../../src/core/workflows/evaluate/label-types.ts';
import type { EvaluationView } from '../../src/core/workflows/evaluate/view.ts';
import type { TuringRecord, TuringSitting } from '../../src/core/workflows/turing/types.ts';
import type { Workbench } from '../../src/ui/control/workbench.ts';
import { type FakeFile, fakeSamples, fakeSittings } from './drawn-bench.ts';
import { fakeEvaluations } from './evaluate-bench.ts';
import { fakeLoops } from './loop-bench.ts';
import { type RunsWorld, runsWorld } from './runs-bench.ts';

interface FakeBench extends Workbench {
  sessionStore: FakeSessionStore;
  pairStore: FakePairStore;
  dumped: string[];
  world: RunsWorld;
  evaluationStore: FakeEvaluationStore;
  written: EvaluationView[];
  /** By name, what is in their files. */
  drawnSamples: Map<string, FakeFile<Sample, LabelRecord>>;
  /** Agreement that was kept. */
  keptAgreements: Measurement[];
  drawnSittings: Map<string, FakeFile<TuringSitting, TuringRecord>>;
}

/** A workbench of scripted models: z_t is the words of the last user turn less three. */
export function fakeBench(
  init: { simulator?: Script; chatbot?: Script; seats?: Workbench['seats']; delayMs?: number } = {},
): FakeBench {
  const sessionStore = new FakeSessionStore();
  const pairStore = new FakePairStore();
  const dumped: string[] = [];
  const delay = { delayMs: init.delayMs ?? 0 };
  const simulator = new FakeChatModel('sim-a', init.simulator ?? (() => 'my week was rather bad'), delay);
  const second = new FakeChatModel('sim-b', () => 'the other one speaks now', delay);
  const chatbot = new FakeChatModel('bot-a', init.chatbot ?? (() => 'What happened then?'), {
    ...delay,
    system: 'Help.',
  });
  const judge = new FakeDiscriminator('disc-a', (messages) => (messages.at(-1)?.content ?? '').split(' ').length - 3);
  const models = new FakeRegistry({ simulators: [simulator, second], chatbots: [chatbot], discriminators: [judge] });
  const world = runsWorld(models);
  let ids = 0;
  const ports: Workbench['ports'] = {
    models,
    sessions: sessionStore,
    pairs: pairStore,
    clock: { now: () => new Date(0), sleep: async () => {} },
    newId: (prefix) => `${prefix}-${++ids}`,
  };
  const evaluationStore = new FakeEvaluationStore();
  const written: EvaluationView[] = [];
  const drawnSamples: FakeBench['drawnSamples'] = new Map();
  const keptAgreements: Measurement[] = [];
  const drawnSittings: FakeBench['drawnSittings'] = new Map();
  const loops = fakeLoops(ports, world.ports);
  return {
    ports,
    runs: async () => world.ports,
    world,
    loops: async () => loops,
    evaluationStore,
    written,
    evaluations: async () => fakeEvaluations(ports, evaluationStore),
    async writeEvaluation(view) {
      written.push(view);
      return { report: 'evaluations/try/report.html', tables: 'evaluations/try/csv', count: 3 };
    },
    samples: async () => fakeSamples(drawnSamples, keptAgreements),
    sittings: async () => fakeSittings(drawnSittings),
    ...{ drawnSamples, drawnSittings, keptAgreements },
    chatbots: async () => ['curt', 'kind'],
    workspace: 'demo',
    roles: { simulator: 'sim-a', chatbot: 'bot-a', discriminator: 'disc-a' },
    seats: init.seats ?? { user: 'model', assistant: 'human' },
    reviewer: 'anna',
    first: 'user',
    contextBudget: 15_000,
    alternatives: 8,
    maxUserTurns: 3,
    open: {
      schema: 1,
      id: 'live-0',
      created: '',
      updated: '',
      context: contextSchema.parse({ current_summary: 'Lost a job in spring.' }),
      nodes: [],
      head: null,
      roles: { simulator: 'sim-a', chatbot: 'bot-a', discriminator: 'disc-a' },
      seed: 7,
    },
    onProblem: () => {},
    newSeed: () => 7,
    prepare: async (onState) => onState({ status: 'ready', detail: '' }),
    dump: async (_, text) => {
      dumped.push(text);
      return 'sessions/transcripts/live-0.txt';
    },
    editText: async (text) => `${text} by editor`,
    sessionStore,
    pairStore,
    dumped,
  };
}
