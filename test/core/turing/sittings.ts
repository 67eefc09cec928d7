import type { Session } from '../../../src/core/session/schema.ts';
import { type TuringSitting, turingSettingsSchema } from '../../../src/core/workflows/turing/types.ts';
import { sessionOf } from '../evaluate/annotated.ts';

/** A simulated session on a context. */
export function simulatedOf(id: string, context: string, texts: readonly string[], simulator = 'sim'): Session {
  return sessionOf(id, texts, { origin: { simulator, chatbot: 'bot' }, meta: { context_of: context } });
}

/** A sitting of two sessions of two user turns each, the first real. */
export function smallSitting(settings: object = {}): TuringSitting {
  return {
    ...{ schema: 1, type: 'sitting', at: '2026-01-01T00:00:00.000Z' },
    settings: turingSettingsSchema.parse({ real: 'people', simulated: ['made'], n: 2, ...settings }),
    items: [
      { corpus: 'people', session: 'p1', simulator: null, context: 'p1', turns: 2 },
      { corpus: 'made', session: 'm2', simulator: 'sim', context: 'p2', turns: 2 },
    ],
  };
}
