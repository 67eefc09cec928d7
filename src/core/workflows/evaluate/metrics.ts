import { actionExhibits } from '../../evaluate/behaviour/actions.ts';
import type { AnnotatedSource, AnnotatorAbout } from '../../evaluate/behaviour/annotations.ts';
import { issueExhibits } from '../../evaluate/behaviour/issues.ts';
import type { Task } from '../../evaluate/behaviour/taxonomy.ts';
import { calibrationExhibits } from '../../evaluate/judges/calibration.ts';
import { discriminatorExhibits } from '../../evaluate/judges/discriminators.ts';
import { type GainSet, observedGains, persistenceExhibits } from '../../evaluate/judges/persistence.ts';
import { SHORTCUT_DEFAULTS, shortcutExhibits } from '../../evaluate/judges/shortcuts/shortcuts.ts';
import { turingExhibits } from '../../evaluate/judges/turing.ts';
import { type Scorer, trialOf } from '../../evaluate/judges/verdicts.ts';
import { linguisticExhibits } from '../../evaluate/language/linguistic.ts';
import { MEMORISATION_DEFAULTS, memorisationExhibits } from '../../evaluate/language/memorisation.ts';
import type { Source } from '../../evaluate/source.ts';
import type { Exhibit } from '../../evaluate/table.ts';
import type { Draws } from '../../metrics/bootstrap.ts';
import type { Discriminator } from '../../ports.ts';
import { guessersIn, type SaidSitting } from '../turing/judged.ts';
import {
  brokenChatbots,
  issueFaults,
  issuePower,
  issueTests,
  issueValidity,
  LEAST_CHATBOTS,
  rareOf,
  sharedChatbots,
} from './bridges.ts';
import { sessionMap } from './encoded.ts';
import { topGiveaways } from './giveaways.ts';
import type { EvaluationSpec } from './spec.ts';
import type { OpenedEncoder } from './types.ts';

/** Sides with what an annotator found in them. */
export interface Annotated {
  readonly sources: readonly AnnotatedSource[];
  readonly about: AnnotatorAbout;
}

/** What metrics are computed from. */
export interface Inputs {
  readonly spec: EvaluationSpec;
  readonly real: Source;
  readonly simulated: readonly Source[];
  readonly training: Source | null;
  readonly scorers: readonly Scorer[];
  /** Sittings in which people judged sessions, as far as they were found. */
  readonly sittings: readonly SaidSitting[];
  readonly annotated: Readonly<Record<Task, Annotated | null>>;
  /** Who embeds messages: null where the words of sessions do, or why the spec's encoder cannot be had. */
  readonly encoder: OpenedEncoder | Lack | null;
  readonly draws: Draws;
  /** Opens a discriminator; for metrics that ask it about what was never scored. */
  readonly judge: (name: string) => Promise<Discriminator>;
  readonly signal: AbortSignal;
}

/** What of the inputs a metric reads beside the sessions: it waits for that, and is decided by it. */
export type Need = 'training' | 'scores' | 'guesses' | 'encoder' | Task;

/** What a long computation is at. */
export interface Step {
  readonly text: string;
  readonly done?: number;
  readonly of?: number;
}

/** Why a metric gives nothing, and what would change that. */
export interface Lack {
  readonly reason: string;
  readonly remedy: readonly string[];
}

/** A family of exhibits that are computed together. */
export interface Metric {
  /** What `--metrics` takes. */
  readonly id: string;
  readonly title: string;
  readonly needs: readonly Need[];
  /** Of its needs, what it is computed without where the spec names none: it stands beside the rest. */
  readonly doesWithout?: readonly Need[];
  /** Raised with any change of what it computes: what was computed by an older one does not count. */
  readonly version: number;
  /** What of the spec decides it beside seed and draws. */
  readonly settings?: (spec: EvaluationSpec) => unknown;
  /** What its needs do not tell. */
  readonly lacks?: (inputs: Inputs) => Lack | null;
  readonly exhibits: (inputs: Inputs) => Exhibit[] | Generator<Step, Exhibit[]> | AsyncGenerator<Step, Exhibit[]>;
}

const annotated = (found: Annotated | null, of: (found: Annotated) => Exhibit[]) => (found ? of(found) : []);

/** Rewards as they came, of each discriminator on the simulator that it was trained against, and on real users. */
function gainsOf({ scorers, real, simulated }: Inputs): GainSet[] {
  return scorers.flatMap((scorer) => {
    const own = simulated.filter(({ name }) => scorer.own === null || scorer.own === name);
    return own.flatMap((source) => {
      const { sessions } = trialOf(scorer, real, source);
      return [false, true].map(
        (side): GainSet => ({
          name: `${scorer.name} on ${side ? `real, beside ${source.name}` : source.name}`,
          by: 'slope',
          gains: observedGains(sessions.filter((session) => session.real === side)),
        }),
      );
    });
  });
}

/** Those who guessed, on the sessions that are evaluated, as far as these are read. */
function judgedHere({ sittings, real, simulated }: Inputs) {
  const sessions = new Map([real, ...simulated].map(({ name, sessions: of }) => [name, of]));
  return sittings.flatMap((sitting) =>
    guessersIn(sitting, ({ simulator, session }) => {
      return sessions.get(simulator ?? real.name)?.find(({ id }) => id === session) ?? null;
    }),
  );
}

/** In the order in which reports show them: the paper's, then what it lacks. */
export const METRICS: readonly Metric[] = [
  {
    ...{ id: 'linguistic', title: 'Linguistic features', needs: [], version: 1 },
    exhibits: ({ real, simulated, draws }) => linguisticExhibits([real, ...simulated], draws),
  },
  {
    ...{ id: 'actions', title: 'User actions', needs: ['actions'], version: 1 },
    exhibits: ({ annotated: { actions }, draws }) =>
      annotated(actions, ({ sources, about }) => actionExhibits(sources, about, draws)),
  },
  {
    ...{ id: 'issues', title: "Issues of the chatbot's messages", needs: ['issues'], version: 1 },
    exhibits: ({ annotated: { issues }, draws }) =>
      annotated(issues, ({ sources, about }) => issueExhibits(sources, about, draws)),
  },
  {
    ...{ id: 'discriminators', title: 'Discriminators', needs: ['scores'], version: 1 },
    exhibits: ({ scorers, real, simulated, draws }) => discriminatorExhibits(scorers, real, simulated, draws),
  },
  {
    ...{ id: 'validity', title: 'Predictive validity', needs: ['issues'], version: 1 },
    lacks(inputs) {
      const shared = sharedChatbots(inputs);
      if (shared.length >= LEAST_CHATBOTS) return null;
      return {
        reason: `a correlation over chatbots needs ${LEAST_CHATBOTS} that all sides talked to, and there ${shared.length === 1 ? 'is 1' : `are ${shared.length}`}${shared.length > 0 ? ` (${shared.join(', ')})` : ''}`,
        remedy: ['real sessions with several chatbots, and simulated ones with the same: foil simulate --chatbots'],
      };
    },
    exhibits: issueValidity,
  },
  {
    ...{ id: 'ab', title: 'A/B tests', needs: ['issues'], version: 1 },
    settings: ({ ab }) => ab,
    exhibits: (inputs) => [...issueTests(inputs, inputs.spec.ab), ...issuePower(inputs)],
  },
  {
    ...{ id: 'faults', title: 'Chatbots broken on purpose', needs: ['issues'], version: 1 },
    lacks: (inputs) =>
      brokenChatbots(inputs).length > 0
        ? null
        : {
            reason:
              'no chatbot that all simulators talked to was broken on purpose, with a working one of the same model',
            remedy: ['foil simulate --chatbots all: talks with chatbots that are broken in known ways, too'],
          },
    exhibits: issueFaults,
  },
  {
    ...{ id: 'embedding', title: 'Sessions as a map', needs: ['encoder'], version: 1 },
    lacks: ({ encoder }) => (encoder !== null && 'reason' in encoder ? encoder : null),
    exhibits: sessionMap,
  },
  {
    ...{ id: 'shortcuts', title: 'What shortcuts find', needs: ['scores'], doesWithout: ['scores'], version: 3 },
    *exhibits({ scorers, real, simulated, draws }) {
      return yield* shortcutExhibits(scorers, real, simulated, { ...SHORTCUT_DEFAULTS, ...draws });
    },
  },
  {
    ...{ id: 'calibration', title: 'Calibration of the discriminators', needs: ['scores'], version: 1 },
    exhibits: ({ scorers, real, simulated, draws }) => calibrationExhibits(scorers, real, simulated, draws),
  },
  {
    ...{ id: 'turing', title: 'Blind Turing mode', needs: ['scores', 'guesses'], doesWithout: ['scores'], version: 1 },
    lacks: (inputs) =>
      judgedHere(inputs).some(({ sessions }) => sessions.length > 0)
        ? null
        : {
            reason: 'nobody has judged a session of these sides to its end in these sittings',
            remedy: ['foil eval turing next NAME, or F6 and t on the screen'],
          },
    exhibits: (inputs) => turingExhibits(judgedHere(inputs), inputs.draws),
  },
  {
    ...{ id: 'memorisation', title: 'Memorisation', needs: ['training'], version: 1 },
    exhibits: ({ training, real, simulated, draws }) =>
      memorisationExhibits(training?.sessions ?? [], real, simulated, { ...MEMORISATION_DEFAULTS, ...draws }),
  },
  {
    ...{ id: 'rare', title: 'Coverage of rare behaviour', needs: ['actions', 'issues'], version: 1 },
    exhibits: ({ annotated: { actions, issues } }) =>
      [actions, issues].flatMap((found) => (found ? [rareOf(found)] : [])),
  },
  {
    ...{ id: 'persistence', title: 'Persistence of rewards', needs: ['scores'], version: 1 },
    exhibits: (inputs) => persistenceExhibits(gainsOf(inputs), inputs.draws),
  },
  {
    ...{ id: 'giveaways', title: 'Top give-aways', needs: ['scores'], version: 1 },
    settings: ({ giveaways }) => giveaways,
    lacks: ({ spec }) =>
      spec.giveaways > 0
        ? null
        : {
            reason: 'the spec asks for none: each session takes some twenty requests',
            remedy: ['--giveaways N: the first N sessions of each simulator'],
          },
    exhibits: (inputs) => topGiveaways(inputs, inputs.spec.giveaways),
  },
];

/** Why a metric cannot be computed from what there is; null if it can. */
export function lackOf(
  { needs: all, doesWithout = [], lacks }: Metric,
  inputs: Inputs,
  spec: EvaluationSpec,
): Lack | null {
  const { scorers, annotated, training } = inputs;
  const needs = all.filter((need) => !doesWithout.includes(need));
  if (needs.includes('training') && training === null)
    return {
      reason: 'the spec names no training sessions',
      remedy: ['--training CORPUS: what the simulators learnt from'],
    };
  if (needs.includes('scores') && scorers.length === 0) {
    return spec.discriminators.length === 0
      ? { reason: 'the spec names no discriminator', remedy: ['--discriminators NAME: foil models lists them'] }
      : { reason: 'no discriminator of the spec has scores of these sessions', remedy: ['see the notices above'] };
  }
  if (needs.includes('guesses') && inputs.sittings.length === 0)
    return {
      reason: `the spec names no sitting${spec.turing.length > 0 ? ' that can be read' : ''}`,
      remedy: ['--turing NAME: people who judged these sessions, foil eval turing start'],
    };
  for (const task of ['actions', 'issues'] as const) {
    if (!needs.includes(task) || annotated[task] !== null) continue;
    return spec.annotators[task] === null
      ? { reason: `nobody annotates ${task}`, remedy: [`--${task} NAME: an annotator, as \`rules\``] }
      : { reason: `${spec.annotators[task]} annotated no session`, remedy: ['see the notices above'] };
  }
  return lacks?.(inputs) ?? null;
}
