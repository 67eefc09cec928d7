import type {
  AnnotatedSession,
  AnnotatedSource,
  AnnotatorAbout,
} from '../../../src/core/evaluate/behaviour/annotations.ts';
import { type Task, type Taxonomy, taxonomySchema } from '../../../src/core/evaluate/behaviour/taxonomy.ts';
import { type Session, sessionSchema } from '../../../src/core/session/schema.ts';

/** A taxonomy of two groups: `a` and `b` in one, `c` in the other. */
export function smallTaxonomy(task: Task): Taxonomy {
  const words = { definition: 'It is so.', example: 'So it is.', near_miss: 'It is not so.' };
  return taxonomySchema.parse({
    ...{ schema: 1, id: `small-${task}`, version: 1, task },
    groups: [
      { id: 'good', name: 'Good', about: 'well' },
      { id: 'bad', name: 'Bad', about: 'ill' },
    ],
    categories: [
      { id: 'a', group: 'good', name: 'A', ...words },
      { id: 'b', group: 'good', name: 'B', ...words },
      { id: 'c', group: 'bad', name: 'C', ...words },
    ],
  });
}

/** A session of texts that alternate, the user first. */
export function sessionOf(id: string, texts: readonly string[], more: Partial<Session> = {}): Session {
  const turns = texts.map((content, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content }));
  return { ...sessionSchema.parse({ id, context: {}, turns }), ...more };
}

/** An annotated session of messages that have these categories. */
export function marked(
  id: string,
  categories: readonly string[][],
  more: Partial<AnnotatedSession> = {},
): AnnotatedSession {
  const messages = categories.map((of, at) => ({ turn: 2 * at, categories: of }));
  return { id, context: id, chatbot: 'bot', messages, missing: 0, ...more };
}

export function source(name: string, sessions: readonly AnnotatedSession[]): AnnotatedSource {
  return { name, kind: name === 'real' ? 'real' : 'simulated', corpus: `${name}-corpus`, sessions };
}

export function aboutOf(task: Task, sees = ['a', 'b', 'c']): AnnotatorAbout {
  return { name: 'scripted', taxonomy: smallTaxonomy(task), sees, agreement: new Map() };
}
