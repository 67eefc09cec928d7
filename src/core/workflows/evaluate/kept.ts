import type { AnnotatedSession } from '../../evaluate/behaviour/annotations.ts';
import type { Annotator } from '../../ports.ts';
import type { Session } from '../../session/schema.ts';
import { type AnnotatePorts, annotate } from './annotate.ts';

/**
 * What an annotator has said of sessions, without a request: its kept answers, and all answers of one that costs nothing.
 * @returns the sessions in their order, each with how many of its messages have no annotation.
 */
export async function keptAnnotations(
  annotator: Annotator,
  sessions: AsyncIterable<Session> | Iterable<Session>,
  ports: AnnotatePorts,
  signal: AbortSignal,
): Promise<AnnotatedSession[]> {
  const found: AnnotatedSession[] = [];
  const request = { annotator, sessions, keptOnly: annotator.kept, atOnce: 1 };
  for await (const event of annotate(request, ports, signal)) {
    if (event.type === 'session') found.push(event.session);
  }
  return found;
}
