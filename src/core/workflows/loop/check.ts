import { FoilError } from '../../errors.ts';
import { WordRuns } from '../../metrics/overlap.ts';
import type { Discriminator } from '../../ports.ts';
import type { Session } from '../../session/schema.ts';
import { storedScore } from '../score.ts';
import { deriveSeed } from '../seed.ts';
import { contextOf, contextsOf, corpusOf, nameOf, progress, type StageContext, type StageWork } from './context.ts';
import { type ContextGroup, type Judged, measurable, measure } from './measure.ts';
import { otherJudges, trainedOn } from './needs.ts';
import { scoreCorpora } from './pairs.ts';
import { sessionsOf } from './sessions.ts';
import type { LoopEvent } from './types.ts';

/**
 * The sessions of a check are a sample of their own: the next discriminator is not trained on what was looked at here.
 */
const CHECK_SEED = 0xc4ec;
const BOOTSTRAP_SEED = 0xb007;

/**
 * First sessions of the next simulator on held-out contexts, beside real users and this simulator, under this
 * iteration's
 * discriminator and under judges that had no part in it. Resumes by the journals of simulating and of scores.
 */
export async function* checkStage(context: StageContext): StageWork {
  const { ports, settings, cell, outputs, made, signal } = context;
  const { iteration } = cell;
  const real = await contextsOf(
    context,
    'valid',
    Math.min(settings.check.contexts, settings.limits.valid ?? settings.check.contexts),
  );
  const after = outputs[0]!.name;
  const before = corpusOf(context, iteration, 'valid');
  const counts = yield* sessionsOf(
    context,
    nameOf(context, 'dpo', iteration),
    [{ corpus: after, contexts: real }],
    deriveSeed(settings.seed, CHECK_SEED),
  );

  const miner = nameOf(context, 'discriminator', iteration);
  const roles: [string, Judged['role']][] = [[miner, 'miner']];
  for (const { name } of otherJudges(settings, iteration, made)) {
    if (!roles.some(([known]) => known === name)) roles.push([name, name === settings.held_out ? 'held-out' : 'older']);
  }
  const ids = new Set(real.map(({ id }) => id));
  const judges: { judge: Discriminator; role: Judged['role'] }[] = [];
  for (const [name, role] of roles) {
    const judge = await ports.models.discriminator(name, signal);
    judges.push({ judge, role });
    const about = (session: Session) => ids.has(session.id) || ids.has(contextOf(session));
    yield* scoreCorpora(context, judge, [settings.contexts.valid, before, after], about);
  }
  const groups = (yield* grouped(context, ids, before, after)).filter(measurable);
  if (groups.length === 0) {
    throw new FoilError('nothing-to-measure', 'no held-out context has sessions with words on all sides', {
      remedy: 'raise check.contexts in loop.json, or talk to the new simulator in Chat',
    });
  }
  const training = yield* trainingRuns(context);
  const figures = measure(groups, judges.map(judged), training, {
    draws: settings.check.draws,
    seed: deriveSeed(settings.seed, iteration, BOOTSTRAP_SEED),
    overlapWords: settings.check.overlap_words,
  });
  return { counts: { ...counts, contexts: groups.length }, figures };
}

/** Scores are read from the corpora again, so that what is measured is what is on the disk. */
function judged({ judge, role }: { judge: Discriminator; role: Judged['role'] }): Judged {
  return { name: judge.name, role, logitP0: judge.logitP0, z: (session) => storedScore(session, judge)?.z ?? [] };
}

async function* grouped(
  context: StageContext,
  ids: ReadonlySet<string>,
  before: string,
  after: string,
): AsyncGenerator<LoopEvent, ContextGroup[]> {
  const { ports, settings } = context;
  const groups = new Map<string, { real: Session; before: Session[]; after: Session[] }>();
  yield progress(context, 'measuring');
  for await (const session of ports.sessions.stream(settings.contexts.valid)) {
    if (ids.has(session.id)) groups.set(session.id, { real: session, before: [], after: [] });
  }
  for (const [side, corpus] of [
    ['before', before],
    ['after', after],
  ] as const) {
    for await (const session of ports.sessions.stream(corpus)) groups.get(contextOf(session))?.[side].push(session);
  }
  return [...groups.values()];
}

/** Runs of words of the users that the simulator was trained on, but of no context that is measured. */
async function* trainingRuns(context: StageContext): AsyncGenerator<LoopEvent, WordRuns> {
  const { ports, settings } = context;
  const runs = new WordRuns(settings.check.overlap_words);
  for (const corpus of trainedOn(settings)) {
    yield progress(context, `reading ${corpus}`);
    for await (const { turns } of ports.sessions.stream(corpus)) {
      for (const { role, content } of turns) if (role === 'user') runs.add(content);
    }
  }
  return runs;
}
