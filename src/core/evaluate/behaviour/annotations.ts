import { z } from 'zod';
import { chatbotOf } from '../../session/origin.ts';
import type { Session } from '../../session/schema.ts';
import { ROLE_OF, type Task, type Taxonomy, taskSchema } from './taxonomy.ts';

/** Categories of one message; `turn` is its place among the turns of the session, from 0. */
export const markSchema = z.object({ turn: z.number().int().min(0), categories: z.array(z.string()) });
export type Mark = z.output<typeof markSchema>;

/** What an annotator is asked about: one message in its session so far, or (turn null) a whole session. */
export interface Unit {
  readonly session: Session;
  readonly turn: number | null;
}

/** One answer of an annotator, as it is kept. */
export const annotationSchema = z.object({
  schema: z.literal(1),
  /** Hash of all that decides the answer: annotator, taxonomy, prompt. The same content is never asked about twice. */
  key: z.string().min(1),
  task: taskSchema,
  annotator: z.string(),
  taxonomy: z.string(),
  session: z.string(),
  turn: z.number().int().min(0).nullable(),
  marks: z.array(markSchema),
  /** Answers that it took; more than 1 where the first was not valid. */
  attempts: z.number().int().min(1),
  at: z.string(),
});
export type Annotation = z.output<typeof annotationSchema>;

/** A session with the categories of every message of the side that the task is about. */
export interface AnnotatedSession {
  readonly id: string;
  /** What it shares with other sessions about the same context: intervals resample these. */
  readonly context: string;
  /** Null where the source does not name it. */
  readonly chatbot: string | null;
  /** In order of turns, also those without any category. */
  readonly messages: readonly Mark[];
  /** Messages that were not annotated (a failed request, a budget): they count nowhere. */
  readonly missing: number;
}

/** The id of the context that a session was simulated on; its own for a real one. */
export function contextIdOf(session: Pick<Session, 'id' | 'meta'>): string {
  const of = session.meta['context_of'];
  return of === undefined || of === null ? session.id : String(of);
}

/** Turns of the side that a task is about. */
export function turnsOf({ turns }: Pick<Session, 'turns'>, task: Task): number[] {
  return turns.flatMap(({ role }, turn) => (role === ROLE_OF[task] ? [turn] : []));
}

/** Actions are asked for message by message (4.3.2), issues once a session, since only the whole shows what is wrong. */
export function unitsOf(session: Session, task: Task): Unit[] {
  const turns = turnsOf(session, task);
  if (task === 'actions') return turns.map((turn) => ({ session, turn }));
  return turns.length === 0 ? [] : [{ session, turn: null }];
}

/**
 * A session with what was found in its units; a unit without an entry was not annotated.
 * @param found the marks of each unit that has an answer.
 */
export function annotatedSession(
  session: Session,
  task: Task,
  found: readonly { readonly turn: number | null; readonly marks: readonly Mark[] }[],
): AnnotatedSession {
  const whole = found.some(({ turn }) => turn === null);
  const answered = new Set(found.flatMap(({ turn }) => (turn === null ? [] : [turn])));
  const marks = new Map<number, Set<string>>();
  for (const { turn, categories } of found.flatMap((unit) => unit.marks)) {
    const known = marks.get(turn) ?? new Set();
    for (const category of categories) known.add(category);
    marks.set(turn, known);
  }
  const turns = turnsOf(session, task);
  const judged = turns.filter((turn) => whole || answered.has(turn));
  return {
    id: session.id,
    context: contextIdOf(session),
    chatbot: session.origin === 'real' ? chatbotOf(session.meta) : session.origin.chatbot,
    messages: judged.map((turn) => ({ turn, categories: [...(marks.get(turn) ?? [])] })),
    missing: turns.length - judged.length,
  };
}

/** A corpus beside others in an exhibit. */
export interface AnnotatedSource {
  /** Name in tables: `real`, or a simulator. */
  readonly name: string;
  readonly kind: 'real' | 'simulated';
  readonly corpus: string;
  readonly sessions: readonly AnnotatedSession[];
  /** Its row in the paper's tables (paper.ts). */
  readonly paper?: string | null;
}

/** In place of a category: that a message has any issue at all. */
export const ANY = 'any';

/** What an exhibit says about who annotated. */
export interface AnnotatorAbout {
  readonly name: string;
  readonly taxonomy: Taxonomy;
  /** Categories that it can see: the others are left out of every figure, not counted as zero. */
  readonly sees: readonly string[];
  /** Measured agreement with labels, by category (agreement.ts). */
  readonly agreement: ReadonlyMap<string, Agreement>;
}

/** Cohen's kappa of an annotator with labels of one category, over `n` messages. */
export interface Agreement {
  readonly kappa: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number;
  /** Messages that the labels give the category. */
  readonly positives: number;
  /** Messages that the annotator gives it. */
  readonly found: number;
  /** What it was measured against, for people. */
  readonly against: string;
}
