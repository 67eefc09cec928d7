import { FakeAnnotations, FakeAnnotator } from '../../src/backends/fake/annotator.ts';
import type { FakeEvaluationStore } from '../../src/backends/fake/evaluations.ts';
import { FoilError } from '../../src/core/errors.ts';
import type { Ports } from '../../src/core/ports.ts';
import type { EvaluatePorts } from '../../src/core/workflows/evaluate/types.ts';
import { aboutOf, smallTaxonomy } from '../core/evaluate/annotated.ts';

/** Evaluations in memory; `rules` finds category `a` in every message. `hold` waits before each metric. */
export function fakeEvaluations(
  { sessions, models }: Ports,
  evaluations: FakeEvaluationStore,
  hold: (signal: AbortSignal) => Promise<void> = async () => {},
): EvaluatePorts {
  return {
    ...{ sessions, models, evaluations, foil: '0.0.0', hash: (text: string) => text },
    clock: { now: () => new Date(0), sleep: (_, signal) => hold(signal) },
    contentHash: async (_, name) => `hash of ${name}`,
    sitting: () => Promise.reject(new Error('there is no sitting')),
    learntFrom: async () => [],
    encoders: ['words', 'minilm'],
    encoder: () => Promise.reject(new Error('there is no encoder')),
    annotator: async (task, name) => {
      if (name !== 'rules') throw new FoilError('unknown-model', `no model "${name}"`, { remedy: 'name another' });
      const annotator = new FakeAnnotator(smallTaxonomy(task), ({ session, turn }) => [
        { turn: turn ?? session.turns.findIndex(({ role }) => role === 'assistant'), categories: ['a'] },
      ]);
      return { annotator, store: new FakeAnnotations(), about: aboutOf(task) };
    },
  };
}
