import { generator, percentiles } from '../../metrics/bootstrap.ts';
import { pearson, spearman } from '../../metrics/correlation.ts';
import { estimateOf } from '../estimate.ts';
import type { Exhibit, TableRow } from '../table.ts';
import { behindOf, type Measured } from './compared.ts';
import { type RatedSource, sum } from './rates.ts';

/** Ways to halve the contexts that simulators are compared over. */
const SPLITS = 200;

/** r between simulators over the chatbots, each on one half of the contexts, beside that of one with itself: its ceiling. */
export function agreementOf(
  { title, notes }: Measured,
  sources: readonly RatedSource[],
  chatbots: readonly string[],
  seed: number,
): Exhibit {
  const contexts = contextsOf(sources, chatbots);
  const halved = halves(sources, chatbots, contexts, seed);
  const whole = sources.map((source) => ratesOn(source, chatbots, null));
  const pairs = sources.flatMap((_, a) => sources.slice(a).map((_, more) => [a, a + more] as const));
  const rows = pairs.map(([a, b]): TableRow => {
    const each = halved.map((sides) => (r(sides[a]?.[0], sides[b]?.[1]) + r(sides[b]?.[0], sides[a]?.[1])) / 2);
    const finite = each.filter(Number.isFinite);
    const mean = finite.reduce((all, one) => all + one, 0) / finite.length;
    const [x, y] = [whole[a] ?? [], whole[b] ?? []];
    return {
      key: a === b ? `${sources[a]?.name} with itself` : `${sources[a]?.name} with ${sources[b]?.name}`,
      group: null,
      cells: {
        n: chatbots.length,
        halves: estimateOf(finite.length === 0 ? null : percentiles(mean, finite), contexts.length),
        ...(a === b ? {} : { whole: pearson(x, y).value, spearman: spearman(x, y).value }),
      },
      reported: null,
      behind: behindOf(
        a === b ? [sources[a] as RatedSource] : [sources[a] as RatedSource, sources[b] as RatedSource],
        null,
      ),
    };
  });
  return {
    type: 'table',
    id: 'faults-agreement',
    title: `Do simulators agree on the ${title} of chatbots?`,
    paper: null,
    notes: [
      ...notes,
      `Halves: r over chatbots between rates on one half of ${contexts.length} contexts and on the other, mean and 95% range of ${SPLITS} ways to halve them, seed ${seed}. With itself it is what noise leaves: two simulators that agree no less show the same of these chatbots. All: on all contexts.`,
    ],
    columns: [
      { key: 'n', title: 'chatbots', format: 'count' },
      { key: 'halves', title: 'r, halves', format: 'decimal2' },
      { key: 'whole', title: 'r, all', format: 'decimal2' },
      { key: 'spearman', title: 'Spearman, all', format: 'decimal2' },
    ],
    rows,
  };
}

function r(x: readonly number[] | undefined, y: readonly number[] | undefined): number {
  return x && y ? (pearson(x, y).value ?? Number.NaN) : Number.NaN;
}

/** Contexts that every simulator talked about with every chatbot. */
function contextsOf(sources: readonly RatedSource[], chatbots: readonly string[]): string[] {
  const sets = sources.flatMap((source) =>
    source.chatbots
      .filter(({ chatbot }) => chatbots.includes(chatbot))
      .map(({ sessions }) => new Set(sessions.map(({ context }) => context))),
  );
  return [...(sets[0] ?? [])].filter((context) => sets.every((set) => set.has(context)));
}

/** Rates [split][simulator][half][chatbot]; none of fewer than two contexts. */
function halves(
  sources: readonly RatedSource[],
  chatbots: readonly string[],
  contexts: readonly string[],
  seed: number,
): number[][][][] {
  if (contexts.length < 2) return [];
  const random = generator(seed);
  return Array.from({ length: SPLITS }, () => {
    const order = contexts.map((context) => ({ context, at: random() })).sort((a, b) => a.at - b.at);
    const first = new Set(order.slice(0, contexts.length >> 1).map(({ context }) => context));
    const second = new Set(order.slice(contexts.length >> 1).map(({ context }) => context));
    return sources.map((source) => [first, second].map((half) => ratesOn(source, chatbots, half)));
  });
}

/** Rates of the chatbots on these contexts; on all for null. NaN for one without a message. */
function ratesOn({ chatbots }: RatedSource, names: readonly string[], contexts: ReadonlySet<string> | null): number[] {
  return names.map((name) => {
    const own = chatbots.find(({ chatbot }) => chatbot === name)?.sessions ?? [];
    const { k, n } = sum(own.filter(({ context }) => contexts?.has(context) ?? true));
    return k / n;
  });
}
