import type { CorpusScore, Discriminator } from '../ports.ts';
import type { Session } from '../session/schema.ts';
import { countUserTurns } from '../session/tree.ts';
import { Channel } from './channel.ts';
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
 * Scores sessions as they finish, as many at once as the discriminator takes: a place that is free gets the next session at
 * once, whatever the consumer does meanwhile. The turns of one session go one after another, so that each costs its new tokens.
 * @throws what the first failure throws; the others are then aborted, as when the consumer stops.
 */
export async function* scoreSessions<T extends Session>(
  discriminator: Discriminator,
  sessions: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal,
): AsyncGenerator<{ readonly session: T; readonly score: CorpusScore }> {
  const own = new AbortController();
  const both = AbortSignal.any([signal, own.signal]);
  const found = new Channel<{ readonly session: T; readonly score: CorpusScore }>();
  const source = (async function* () {
    yield* sessions;
  })();
  const work = async () => {
    for await (const session of { [Symbol.asyncIterator]: () => ({ next: () => source.next() }) }) {
      both.throwIfAborted();
      found.push({ session, score: await scoreSession(discriminator, session, both) });
    }
  };
  let failure: { readonly error: unknown } | null = null;
  const workers = Array.from({ length: discriminator.atOnce ?? 1 }, async () => {
    try {
      await work();
    } catch (error) {
      failure ??= { error };
      own.abort();
    }
  });
  const all = Promise.all(workers).then(() => found.close());
  try {
    yield* found;
  } finally {
    own.abort();
    await all;
  }
  if (failure) throw (failure as { readonly error: unknown }).error;
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
