import { keyOf } from '../simulate/journal.ts';
import { LOOP_STAGES, type LoopStage, type Ref } from './journal.ts';
import type { LoopSettings } from './settings.ts';

export const SPLITS = ['train', 'valid', 'test'] as const;
export type Split = (typeof SPLITS)[number];

/** The splits that a loop has. */
export function splitsOf({ contexts }: LoopSettings): Split[] {
  return SPLITS.filter((split) => contexts[split] !== null);
}

/** Iterations and their stages. The last row, where there is one, only judges the last simulator. */
export function rowsOf({
  iterations,
  judge_last,
}: LoopSettings): { iteration: number; stages: readonly LoopStage[] }[] {
  const rounds = Array.from({ length: iterations }, (_, iteration) => ({ iteration, stages: LOOP_STAGES }));
  return judge_last ? [...rounds, { iteration: iterations, stages: ['simulate', 'discriminator'] }] : rounds;
}

/**
 * Names of what a stage makes. A stage that is done again with other inputs makes things of another name: nothing is
 * overwritten.
 */
export function outputsOf(settings: LoopSettings, iteration: number, stage: LoopStage, revision: number): Ref[] {
  const given = givenTo(settings, iteration, stage);
  if (given) return given;
  const name = (part: string) => `${settings.name}-${part}${revision === 1 ? '' : `-r${revision}`}`;
  switch (stage) {
    case 'simulate':
      return splitsOf(settings).map((split) => ({ kind: 'corpus', name: name(`s${iteration}-${split}`) }));
    case 'discriminator':
      return [{ kind: 'model', name: name(`d${iteration}`) }];
    case 'mine':
      return [{ kind: 'pairs', name: name(`p${iteration}`) }];
    case 'dpo':
      return [{ kind: 'model', name: name(`it${iteration + 1}`) }];
    case 'check':
      return [{ kind: 'corpus', name: name(`c${iteration}`) }];
    case 'score':
    case 'review':
      return [];
  }
}

/** What a stage of iteration 0 is given instead of making it; null if it makes it. */
export function givenTo(settings: LoopSettings, iteration: number, stage: LoopStage): Ref[] | null {
  const { given } = settings;
  if (given === null || iteration > 0) return null;
  // Of a split without sessions the name is one that no corpus can have, so it is told as missing.
  if (stage === 'simulate')
    return splitsOf(settings).map((split) => ({
      kind: 'corpus',
      name: given.sessions[split] ?? `of ${split} sessions`,
    }));
  if (stage !== 'discriminator' || given.discriminator === null) return null;
  return [{ kind: 'model', name: given.discriminator }];
}

/** What earlier stages have made, by stage and iteration; null where it is not done. */
export type Made = (stage: LoopStage, iteration: number) => readonly Ref[] | null;

/**
 * What a stage needs: settings that decide its result, things that it reads; null while an earlier stage is not done.
 */
export interface Needs {
  readonly settings: unknown;
  readonly reads: readonly Ref[];
}

/**
 * The inputs of a stage. Launchers and resources are not among its settings: where a model is trained does not make it
 * another.
 */
export function needsOf(settings: LoopSettings, iteration: number, stage: LoopStage, made: Made): Needs | null {
  const models = modelsOf(settings, iteration, made);
  const sessions = made('simulate', iteration);
  const { seed, context_budget } = settings;
  const real = splitsOf(settings).map((split): Ref => ({ kind: 'corpus', name: settings.contexts[split] as string }));
  const given = givenTo(settings, iteration, stage);
  if (given) return stage === 'discriminator' && !sessions ? null : { settings: 'given', reads: [...given, ...real] };
  switch (stage) {
    case 'simulate':
      return (
        models.simulator && {
          settings: simulateSettings(settings),
          reads: [models.simulator, ...chatbots(settings), ...real],
        }
      );
    case 'discriminator': {
      const { launcher: _, resources: __, ...rest } = settings.discriminator;
      return sessions && { settings: rest, reads: [...sessions, ...real] };
    }
    case 'score':
      return sessions && models.judge && { settings: null, reads: [models.judge, ...sessions] };
    case 'mine':
      if (!sessions || !models.judge || !models.simulator || !made('score', iteration)) return null;
      return { settings: [settings.mine, seed, context_budget], reads: [models.simulator, models.judge, ...sessions] };
    case 'review': {
      const pairs = made('mine', iteration);
      return pairs && { settings: settings.review, reads: pairs };
    }
    case 'dpo': {
      const [pairs] = made('mine', iteration) ?? [];
      if (!pairs || !models.simulator || !made('review', iteration)) return null;
      const { launcher: _, resources: __, floor: ___, ...rest } = settings.dpo;
      return { settings: rest, reads: [models.simulator, { kind: 'approved', name: pairs.name }] };
    }
    case 'check': {
      const [next] = made('dpo', iteration) ?? [];
      if (!next || !sessions || !models.judge) return null;
      const judges = [models.judge, ...otherJudges(settings, iteration, made)];
      const trained = trainedOn(settings).map((name): Ref => ({ kind: 'corpus', name }));
      return {
        settings: [settings.check, simulateSettings(settings)],
        reads: [next, ...judges, ...sessions, ...chatbots(settings), ...real, ...trained],
      };
    }
  }
}

/** Simulator and discriminator of an iteration, as far as they are made. */
export function modelsOf(
  settings: LoopSettings,
  iteration: number,
  made: Made,
): { simulator: Ref | null; judge: Ref | null } {
  const simulator =
    iteration === 0 ? { kind: 'model' as const, name: settings.simulator } : made('dpo', iteration - 1)?.[0];
  return { simulator: simulator ?? null, judge: made('discriminator', iteration)?.[0] ?? null };
}

/** Discriminators that did not choose the pairs of this iteration: that of the round before, and the held-out one. */
export function otherJudges(settings: LoopSettings, iteration: number, made: Made): Ref[] {
  const older = iteration === 0 ? null : made('discriminator', iteration - 1)?.[0];
  return [
    ...(older ? [older] : []),
    ...(settings.held_out === null ? [] : [{ kind: 'model' as const, name: settings.held_out }]),
  ];
}

export function trainedOn({ trained_on, contexts }: LoopSettings): readonly string[] {
  return trained_on ?? [contexts.train];
}

/** Everything outside of the loop that its stages read. */
export function outerRefs(settings: LoopSettings): Ref[] {
  const corpora = [...splitsOf(settings).map((split) => settings.contexts[split] as string), ...trainedOn(settings)];
  return [
    { kind: 'model', name: settings.simulator },
    ...(givenTo(settings, 0, 'simulate') ?? []),
    ...(givenTo(settings, 0, 'discriminator') ?? []),
    ...(settings.held_out === null ? [] : [{ kind: 'model' as const, name: settings.held_out }]),
    ...chatbots(settings),
    ...[...new Set(corpora)].map((name): Ref => ({ kind: 'corpus', name })),
  ];
}

/** One hash of settings and inputs. @param hashes what each input is now, in the order in which it is read. */
export function hashOf(needs: Needs, hashes: readonly string[]): string {
  return keyOf([needs.settings, needs.reads.map(({ kind, name }, at) => [kind, name, hashes[at]])]);
}

function chatbots(settings: LoopSettings): Ref[] {
  return settings.chatbots.map((name) => ({ kind: 'chatbot', name }));
}

function simulateSettings(settings: LoopSettings): unknown {
  const { limits, per_context, seed, max_user_turns, context_budget, chatbots_a_context } = settings;
  return { limits, per_context, seed, max_user_turns, context_budget, chatbots_a_context };
}
