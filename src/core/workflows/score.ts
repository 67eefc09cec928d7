import type { CorpusScore, Discriminator } from '../ports.ts';
import type { Session } from '../session/schema.ts';
import { countUserTurns } from '../session/tree.ts';
import { judgeSession } from './judge.ts';

/** z_1..z_T of a session under a discriminator, as the journal of scores keeps them. */
export async function scoreSession(
  discriminator: Discriminator,
  session: Session,
  signal: AbortSignal,
): Promise<CorpusScore> {
  const z: number[] = [];
  for await (const judged of judgeSession(discriminator, session.context, session.turns, signal)) z.push(judged.z);
  const { name, logitP0, template, engine } = discriminator;
  return { session: session.id, discriminator: name, z, logitP0, template, engine };
}

/**
 * The stored log-odds of a session under a discriminator; null if it was never scored by it, or by another engine or
 * template, whose log-odds are not comparable with those of new alternatives, or before its turns were what they are.
 */
export function storedScore(session: Session, { name, template, engine }: Discriminator): CorpusScore | null {
  const found = session.scores?.[name];
  if (!found || found.template !== template || found.engine !== engine) return null;
  if (found.z.length !== countUserTurns(session.turns)) return null;
  return { session: session.id, discriminator: name, logitP0: found.logit_p0, template, engine, z: found.z };
}
