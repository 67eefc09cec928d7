import { bootstrapSums, type Draws } from '../../metrics/bootstrap.ts';
import { estimateOf, intervalNote } from '../estimate.ts';
import { groupsBy } from '../source.ts';
import type { Cell, Column, Estimate, Exhibit, TableRow } from '../table.ts';
import { agreementOf } from './agreement.ts';
import { behindOf, type Measured } from './compared.ts';
import { type RatedChatbot, type RatedSource, sum } from './rates.ts';

/** What is known of how a chatbot was made (`models/chatbots.yaml`, or `chatbots` of foil.yaml). */
export interface MadeChatbot {
  readonly chatbot: string;
  readonly model: string;
  /** Broken on purpose: the truth that a simulation is to find. */
  readonly broken: boolean;
  readonly about: string | null;
}

/** A broken one that every simulator met, as they met its twins. */
export interface Fault extends MadeChatbot {
  /** What it would be like whole: the model as it is, which has its name; without one, all working chatbots of the model. */
  readonly twins: readonly string[];
}

/** What one simulator says of all chatbots. */
interface Found {
  readonly source: RatedSource;
  /** Issue rate by chatbot. */
  readonly rates: ReadonlyMap<string, Estimate>;
  /** Rate of a broken chatbot less that of its twins, on the same draws of contexts. */
  readonly more: ReadonlyMap<string, Estimate>;
  /** Chance that a broken chatbot has a higher rate than a working one; ties count half. */
  readonly auc: Estimate;
}

/** What of the chatbots every simulator has met: those that work, and the broken ones with a working one of their model. */
export function faultsIn(
  made: readonly MadeChatbot[],
  simulators: readonly RatedSource[],
): { working: MadeChatbot[]; faults: Fault[] } {
  const met = made.filter(({ chatbot }) =>
    simulators.every(({ chatbots }) => sum(chatbots.find((one) => one.chatbot === chatbot)?.sessions ?? []).n > 0),
  );
  const working = met.filter(({ broken }) => !broken);
  const faults = met.flatMap((one) => {
    const own = working.filter(({ model }) => model === one.model).map(({ chatbot }) => chatbot);
    const twins = own.includes(one.model) ? [one.model] : own;
    return one.broken && twins.length > 0 ? [{ ...one, twins }] : [];
  });
  return { working, faults };
}

/**
 * Do simulators find what is known to be wrong? Issue rates of chatbots that were broken on purpose beside those of working
 * ones; how well they tell the two apart; and whether simulators agree on the chatbots as well as each does with itself.
 * Of every difference the contexts are drawn together, since the same ones were talked about with every chatbot.
 */
export function faultExhibits(
  measured: Measured,
  made: readonly MadeChatbot[],
  simulators: readonly RatedSource[],
  draws: Draws,
): Exhibit[] {
  const { working, faults } = faultsIn(made, simulators);
  const found = simulators.map((source) => findingsOf(source, faults, working, draws));
  const notes = [...measured.notes, `${faults.length} chatbots broken on purpose, ${working.length} that work.`];
  const about = { ...measured, notes };
  const chatbots = [...working, ...faults].map(({ chatbot }) => chatbot);
  return [
    rateTable(about, faults, working, found, draws),
    findTable(about, faults, found, draws),
    agreementOf(about, simulators, chatbots, draws.seed),
  ];
}

function findingsOf(
  source: RatedSource,
  faults: readonly Fault[],
  working: readonly MadeChatbot[],
  draws: Draws,
): Found {
  const names = [...working, ...faults].map(({ chatbot }) => chatbot);
  const own = names.map((name) => source.chatbots.find(({ chatbot }) => chatbot === name) as RatedChatbot);
  const all = own.flatMap(({ sessions }, at) => sessions.map((session) => ({ ...session, at })));
  const { of, keys } = groupsBy(all, ({ context }) => context);
  // of each context, messages with an issue and all messages of every chatbot
  const table = new Float64Array(keys.length * 2 * names.length);
  for (const [place, { at, k, n }] of all.entries()) {
    const cell = 2 * ((of[place] as number) * names.length + at);
    table[cell] = (table[cell] as number) + k;
    table[cell + 1] = (table[cell + 1] as number) + n;
  }
  const places = new Map(names.map((name, at) => [name, at]));
  const figures = bootstrapSums(
    table,
    2 * names.length,
    (sums) => {
      const rate = (of: readonly string[]) => {
        const [k, n] = [0, 1].map((part) =>
          of.reduce((all, name) => all + (sums[2 * (places.get(name) as number) + part] as number), 0),
        );
        return (k as number) / (n as number);
      };
      const rates = names.map((name) => rate([name]));
      return [
        ...rates,
        ...faults.map(({ chatbot, twins }) => rate([chatbot]) - rate(twins)),
        aucOf(rates.slice(working.length), rates.slice(0, working.length)),
      ];
    },
    draws,
  );
  const n = (at: number) => own[at]?.sessions.length ?? 0;
  const cell = (name: string, from: number, at: number) =>
    [name, estimateOf(figures[from + at] ?? null, n(places.get(name) as number))] as const;
  return {
    source,
    rates: new Map(names.map((name, at) => cell(name, 0, at))),
    more: new Map(faults.map(({ chatbot }, at) => cell(chatbot, names.length, at))),
    auc: estimateOf(figures.at(-1) ?? null, all.length),
  };
}

function aucOf(broken: readonly number[], working: readonly number[]): number {
  let above = 0;
  // a draw without a message of some chatbot has no value, and is left out
  for (const a of broken) for (const b of working) above += a > b ? 1 : a < b ? 0 : a === b ? 0.5 : Number.NaN;
  return above / (broken.length * working.length);
}

function rateTable(
  { title, format, notes }: Measured,
  faults: readonly Fault[],
  working: readonly MadeChatbot[],
  found: readonly Found[],
  draws: Draws,
): Exhibit {
  const [first] = found;
  const height = ({ chatbot }: MadeChatbot) => first?.more.get(chatbot)?.value ?? first?.rates.get(chatbot)?.value ?? 0;
  const rows = [
    ...working.toSorted((a, b) => height(b) - height(a)),
    ...faults.toSorted((a, b) => height(b) - height(a)),
  ].map(
    ({ chatbot, broken, about }): TableRow => ({
      key: chatbot,
      group: broken ? 'broken' : 'working',
      cells: Object.fromEntries([
        ...found.flatMap(({ source, rates, more }): [string, Cell][] => [
          [source.name, rates.get(chatbot) ?? null],
          ...(broken ? [[`${source.name} more`, more.get(chatbot) ?? null] as [string, Cell]] : []),
        ]),
        ['about', about],
      ]),
      reported: null,
      behind: found.flatMap(({ source }) =>
        source.chatbots.filter((one) => one.chatbot === chatbot).flatMap(({ behind }) => behind),
      ),
    }),
  );
  return {
    type: 'table',
    id: 'faults',
    title: `Chatbots broken on purpose: ${title} in simulation`,
    paper: null,
    notes: [
      ...notes,
      'More: rate less that of the same model as it is (without such a chatbot: of the working ones of this model), over the same contexts.',
      intervalNote(draws),
    ],
    columns: [
      ...found.flatMap(({ source: { name } }): Column[] => [
        { key: name, title: name, format },
        { key: `${name} more`, title: 'more', format },
      ]),
      { key: 'about', title: 'what it does', format: 'text' },
    ],
    rows,
  };
}

function findTable({ notes }: Measured, faults: readonly Fault[], found: readonly Found[], draws: Draws): Exhibit {
  const rows = found.map(({ source, more, auc }): TableRow => {
    const figures = [...more.values()];
    const count = (of: (figure: Estimate) => boolean) => figures.filter(of).length;
    return {
      key: source.name,
      group: null,
      cells: {
        broken: faults.length,
        higher: count(({ value }) => (value ?? 0) > 0),
        found: count(({ low }) => (low ?? 0) > 0),
        wrong: count(({ high }) => (high ?? 0) < 0),
        auc,
      },
      reported: null,
      behind: behindOf([source], null),
    };
  });
  return {
    type: 'table',
    id: 'faults-found',
    title: 'How many of the broken chatbots simulation finds',
    paper: null,
    notes: [
      ...notes,
      'Higher: more issues than the model as it is. Found, and the wrong way round: the interval of the difference lies above, or below, zero; by chance alone one in forty lies above. AUC: chance that a broken chatbot has a higher rate than a working one; .5 is chance.',
      `What the annotator cannot see no simulator can find. ${intervalNote(draws)}`,
    ],
    columns: [
      { key: 'broken', title: 'broken', format: 'count' },
      { key: 'higher', title: 'higher', format: 'count' },
      { key: 'found', title: 'found', format: 'count' },
      { key: 'wrong', title: 'wrong way', format: 'count' },
      { key: 'auc', title: 'AUC', format: 'decimal2' },
    ],
    rows,
  };
}
