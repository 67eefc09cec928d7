import { z } from 'zod';
import type { AnnotatedSource } from '../../evaluate/behaviour/annotations.ts';
import { issuesByChatbot } from '../../evaluate/behaviour/chatbot-issues.ts';
import { annotatorNotes, behindCategory, bootstrapSums, countAnnotations } from '../../evaluate/behaviour/counts.ts';
import { KL_SMOOTHING } from '../../evaluate/behaviour/issues.ts';
import { rareExhibit } from '../../evaluate/behaviour/rare.ts';
import { estimateOf } from '../../evaluate/estimate.ts';
import { type AbTest, abExhibit, powerExhibit } from '../../evaluate/prediction/ab.ts';
import { faultExhibits, faultsIn, type MadeChatbot } from '../../evaluate/prediction/faults.ts';
import type { RatedSource, SessionCount } from '../../evaluate/prediction/rates.ts';
import { validityExhibits } from '../../evaluate/prediction/validity.ts';
import type { Estimate, Exhibit } from '../../evaluate/table.ts';
import type { Draws } from '../../metrics/bootstrap.ts';
import { klDivergence } from '../../metrics/divergence.ts';
import type { Annotated, Inputs } from './metrics.ts';
import type { AbPair } from './spec.ts';

/** r needs so many chatbots on both sides to be anything at all. */
export const LEAST_CHATBOTS = 3;

/** Issue rates of each chatbot of a source, as the correlation and the A/B tests take them. */
function ratedOf(source: AnnotatedSource, { about }: Annotated, paper: string | null): RatedSource {
  return {
    name: source.name,
    paper,
    chatbots: issuesByChatbot(source, about).map(({ chatbot, sessions, behind }) => ({
      chatbot,
      sessions: sessions.map(({ context, messages, marked }): SessionCount => ({ context, k: marked, n: messages })),
      behind: [behind],
    })),
  };
}

function allRated({ real, simulated, annotated: { issues } }: Inputs): RatedSource[] {
  const papers = [real, ...simulated].map(({ paper }) => paper ?? null);
  return issues ? issues.sources.map((source, at) => ratedOf(source, issues, papers[at] ?? null)) : [];
}

/** Chatbots that every side has issue rates of. */
export function sharedChatbots(inputs: Inputs): string[] {
  const [first, ...others] = allRated(inputs).map(({ chatbots }) => new Set(chatbots.map(({ chatbot }) => chatbot)));
  return [...(first ?? [])].filter((name) => others.every((own) => own.has(name)));
}

/** Table 3 and Figure 6 of issue rates, with the divergence of categories beside r. */
export function issueValidity(inputs: Inputs): Exhibit[] {
  const { issues } = inputs.annotated;
  const [real, ...simulators] = allRated(inputs);
  if (!issues || !real) return [];
  const counted = countAnnotations(issues.sources, issues.about);
  const kl = divergences(issues, inputs.draws);
  const notes = annotatorNotes(issues.about, counted);
  const measured = { id: 'issue', title: 'issue rate', format: 'rate' as const, notes, kl };
  return validityExhibits(measured, real, simulators, inputs.draws);
}

/** KL(real || simulated) of the shares of issue categories (Eq. 6), by simulator. */
function divergences({ sources, about }: Annotated, draws: Draws): Map<string, Estimate> {
  const counted = countAnnotations(sources, about);
  const figures = bootstrapSums(
    counted,
    ([first, ...others]) =>
      others.map(({ by }) => (first ? klDivergence(first.by, by, KL_SMOOTHING) : null) ?? Number.NaN),
    draws,
  );
  return new Map(
    counted.sources.slice(1).map(({ source, n }, at) => [source.name, estimateOf(figures[at] ?? null, n)] as const),
  );
}

/** Table 5 of the issue rates of pairs of chatbots, and how many sessions an arm such a test takes. */
export function issueTests(inputs: Inputs, pairs: readonly AbPair[]): Exhibit[] {
  const [real, ...simulators] = allRated(inputs);
  if (!real) return [];
  const arms = (source: RatedSource, { control, treatment }: AbPair) => {
    const own = (name: string) => source.chatbots.find(({ chatbot }) => chatbot === name);
    const [a, b] = [own(control), own(treatment)];
    return a && b ? { control: a.sessions, treatment: b.sessions, behind: [...a.behind, ...b.behind] } : null;
  };
  const tests = simulators.flatMap((simulator) =>
    pairs.flatMap((pair): AbTest[] => {
      const simulated = arms(simulator, pair);
      const name = simulators.length > 1 ? `${pair.name}, ${simulator.name}` : pair.name;
      return simulated ? [{ name, simulated, real: arms(real, pair) }] : [];
    }),
  );
  const options = { ...inputs.draws, alpha: 0.05, power: 0.8 };
  return tests.length === 0 ? [] : [abExhibit('issue rate', tests, options)];
}

const madeSchema = z.object({
  model: z.string(),
  about: z.string().optional(),
  broken: z.record(z.string(), z.unknown()).optional(),
});

/** How the chatbots of simulated sessions were made, as the sessions say; one of no configuration is a model as it is. */
function madeIn({ simulated }: Inputs): MadeChatbot[] {
  const made = new Map<string, MadeChatbot>();
  for (const { origin, meta } of simulated.flatMap(({ sessions }) => sessions)) {
    if (origin === 'real' || made.has(origin.chatbot)) continue;
    const { data: said } = madeSchema.safeParse(meta['chatbot']);
    made.set(origin.chatbot, {
      chatbot: origin.chatbot,
      model: said?.model ?? origin.chatbot,
      broken: said?.broken !== undefined,
      about: said?.about ?? null,
    });
  }
  return [...made.values()];
}

/** Broken chatbots that every simulator talked to, as it did to working ones of the same model. */
export function brokenChatbots(inputs: Inputs): string[] {
  return faultsIn(madeIn(inputs), allRated(inputs).slice(1)).faults.map(({ chatbot }) => chatbot);
}

/** Issue rates of chatbots that were broken on purpose beside those of working ones. */
export function issueFaults(inputs: Inputs): Exhibit[] {
  const { issues } = inputs.annotated;
  if (!issues) return [];
  const notes = annotatorNotes(issues.about, countAnnotations(issues.sources, issues.about));
  const measured = { id: 'issue', title: 'issue rate', format: 'rate' as const, notes };
  return faultExhibits(measured, madeIn(inputs), allRated(inputs).slice(1), inputs.draws);
}

/** How many sessions an A/B test takes, from the issue rate of real users. */
export function issuePower({ annotated: { issues } }: Inputs): Exhibit[] {
  const real = issues?.sources.find(({ kind }) => kind === 'real');
  if (!issues || !real) return [];
  const known = new Set(issues.about.sees);
  const sessions = real.sessions.map(({ context, messages }) => ({
    context,
    k: messages.filter(({ categories }) => categories.some((category) => known.has(category))).length,
    n: messages.length,
  }));
  return [
    powerExhibit('an issue rate', sessions, 0.05, [
      { corpus: real.corpus, sessions: real.sessions.map(({ id }) => id) },
    ]),
  ];
}

/** Actions or issues that real users seldom show, or meet: whether simulators do. */
export function rareOf({ sources, about }: Annotated): Exhibit {
  const counted = countAnnotations(sources, about);
  const { task, categories, groups } = about.taxonomy;
  const total = (list: ArrayLike<number>) => Array.from(list).reduce((sum, one) => sum + one, 0);
  const behaviours = counted.categories.map((id, at) => {
    const category = categories.find((one) => one.id === id);
    return {
      ...{ key: id, title: category?.name ?? id },
      group: groups.find((group) => group.id === category?.group)?.name ?? null,
      counts: counted.sources.map(({ by, n }) => ({ k: total(by[at] ?? []), n })),
      behind: sources.map((source) => behindCategory(source, id)),
    };
  });
  const [id, title, unit] =
    task === 'actions'
      ? (['rare-actions', 'Rare user actions', 'user messages'] as const)
      : (['rare-issues', 'Rare issues', 'chatbot messages'] as const);
  const names = sources.map(({ name }) => name);
  return rareExhibit(id, title, names, behaviours, unit, annotatorNotes(about, counted));
}
