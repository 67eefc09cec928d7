import { asFoilError, formatError, isAbort } from '../../errors.ts';
import type { AnnotatedSession, AnnotatedSource } from '../../evaluate/behaviour/annotations.ts';
import type { Task } from '../../evaluate/behaviour/taxonomy.ts';
import { annotate } from './annotate.ts';
import type { Annotated } from './metrics.ts';
import type { Sides } from './sides.ts';
import type { EvaluationSpec } from './spec.ts';
import type { EvaluateEvent, EvaluatePorts } from './types.ts';

export interface AnnotatedSide {
  /** Null where nothing was annotated. */
  readonly annotated: Annotated | null;
  /** Of all that was found. */
  readonly digest: string;
  readonly notices: readonly string[];
}

/**
 * What an annotator finds in the sides: answers that are kept, and new ones for the rest. An annotator that cannot be used
 * is told of, and what needs it says so.
 */
export async function* annotateSides(
  ports: EvaluatePorts,
  spec: EvaluationSpec,
  task: Task,
  sides: Sides,
  signal: AbortSignal,
): AsyncGenerator<EvaluateEvent, AnnotatedSide> {
  const name = spec.annotators[task];
  if (name === null) return { annotated: null, digest: '', notices: [] };
  const notices: string[] = [];
  try {
    const { annotator, store, about } = await ports.annotator(task, name, signal);
    try {
      const sources: AnnotatedSource[] = [];
      for (const source of [sides.real, ...sides.simulated]) {
        const found = new Map<string, AnnotatedSession>();
        const request = { annotator, sessions: source.sessions, sessionCount: source.sessions.length };
        for await (const event of annotate(request, { clock: ports.clock, store, hash: ports.hash }, signal)) {
          if (event.type === 'session') found.set(event.session.id, event.session);
          else if (event.type === 'progress') {
            const done = event.progress.sessions + event.progress.partial;
            const text = `${name} annotates ${task} of ${source.name}`;
            yield { type: 'progress', text, done, of: source.sessions.length };
          } else if (event.type === 'done' && event.summary.failed > 0) {
            notices.push(`${name} could not annotate ${event.summary.failed} of ${source.name}: they count nowhere`);
          }
        }
        // in the order of the sessions: what is done first depends on the endpoint
        const sessions = source.sessions.flatMap(({ id }) => found.get(id) ?? []);
        sources.push({ name: source.name, kind: source.kind, corpus: source.corpus, sessions });
      }
      const digest = ports.hash(JSON.stringify([about, [...about.agreement], annotator.version, sources]));
      const some = sources.some(({ sessions }) => sessions.some(({ messages }) => messages.length > 0));
      return { annotated: some ? { sources, about } : null, digest, notices };
    } finally {
      await store.close();
    }
  } catch (error) {
    if (isAbort(error) || signal.aborted) throw error;
    const told = `${task} could not be annotated by ${name}: ${formatError(asFoilError(error))}`;
    return { annotated: null, digest: '', notices: [...notices, told] };
  }
}
