import { asFoilError, formatError, isAbort } from '../../errors.ts';
import type { Scorer } from '../../evaluate/judges/verdicts.ts';
import type { Source } from '../../evaluate/source.ts';
import type { Session } from '../../session/schema.ts';
import { countUserTurns } from '../../session/tree.ts';
import { scoreSessions } from '../score.ts';
import type { Sides } from './sides.ts';
import type { EvaluationSpec } from './spec.ts';
import type { EvaluateEvent, EvaluatePorts } from './types.ts';

export interface ScoredSides {
  readonly sides: Sides;
  /** Discriminators that have scores of some sessions. */
  readonly scorers: readonly Scorer[];
  /** Of all scores. */
  readonly digest: string;
  readonly notices: readonly string[];
}

/**
 * The sides with scores of every discriminator of the spec: those that are there, and, where the spec allows it, new ones
 * for sessions without, each on the disk before the next. A discriminator that fails is told of, and the others go on.
 */
export async function* scoreSides(
  ports: EvaluatePorts,
  spec: EvaluationSpec,
  sides: Sides,
  signal: AbortSignal,
): AsyncGenerator<EvaluateEvent, ScoredSides> {
  const notices: string[] = [];
  const sources = [sides.real, ...sides.simulated];
  const scores = new Map<Session, Session['scores'] & object>();
  const scoresOf = (session: Session) => scores.get(session) ?? session.scores ?? {};
  for (const name of spec.discriminators) {
    const todo = sources.flatMap((source) =>
      source.sessions.flatMap((session) => (isScored(sides.whole(session), name) ? [] : [{ source, session }])),
    );
    if (todo.length === 0) continue;
    if (!spec.score) {
      notices.push(`${todo.length} sessions have no scores by ${name}, and are left out of what needs them`);
      continue;
    }
    try {
      const judge = await ports.models.discriminator(name, signal);
      const whole = new Map(todo.map((one) => [sides.whole(one.session), one]));
      let done = 0;
      yield { type: 'progress', text: `scoring with ${name}`, done, of: whole.size };
      for await (const { session: read, score } of scoreSessions(judge, whole.keys(), signal)) {
        const { source, session } = whole.get(read)!;
        await ports.sessions.appendScores(sides.corpusOf(source.name, session.id), [score]);
        const { logitP0: logit_p0, template, engine } = score;
        const z = score.z.slice(0, countUserTurns(session.turns));
        scores.set(session, { ...scoresOf(session), [name]: { z, logit_p0, template, engine } });
        done += 1;
        yield { type: 'progress', text: `scoring with ${name}`, done, of: whole.size };
      }
    } catch (error) {
      if (isAbort(error) || signal.aborted) throw error;
      notices.push(`${name} could not score all sessions: ${formatError(asFoilError(error))}`);
    }
  }
  const withScores = (source: Source): Source => ({
    ...source,
    sessions: source.sessions.map((session) => {
      const own = Object.entries(scoresOf(session)).filter(([name]) =>
        isScored({ ...session, scores: scoresOf(session) }, name),
      );
      return { ...session, scores: Object.fromEntries(own) };
    }),
  });
  const [real, ...simulated] = sources.map(withScores) as [Source, ...Source[]];
  const scorers: Scorer[] = [];
  for (const name of spec.discriminators) {
    const some = [real, ...simulated].some(({ sessions }) => sessions.some((session) => isScored(session, name)));
    if (some) scorers.push({ name, own: await ownOf(ports, name, sides) });
  }
  const all = [real, ...simulated].map(({ sessions }) =>
    sessions.map(({ scores: own }) => spec.discriminators.map((name) => own?.[name] ?? null)),
  );
  return { sides: { ...sides, real, simulated }, scorers, digest: ports.hash(JSON.stringify(all)), notices };
}

/** Whether each user turn has its log-odds; scores from before a session was what it is do not count. */
export function isScored({ scores, turns }: Pick<Session, 'scores' | 'turns'>, name: string): boolean {
  return scores?.[name]?.z.length === countUserTurns(turns);
}

/**
 * The simulator that a discriminator learnt to tell from people: by its card, else the one that is named as it is after the
 * first word (discriminator-it1 and simulator-it1).
 */
async function ownOf(ports: EvaluatePorts, name: string, { about }: Sides): Promise<string | null> {
  const learnt = new Set(await ports.learntFrom(name));
  const simulators = about.filter(({ kind }) => kind === 'simulated');
  const byCard = simulators.find((side) => learnt.has(side.name) || side.corpora.some((corpus) => learnt.has(corpus)));
  if (byCard) return byCard.name;
  const rest = (text: string) => text.slice(text.indexOf('-') + 1);
  return simulators.find((side) => rest(side.name) === rest(name) && name.includes('-'))?.name ?? null;
}
