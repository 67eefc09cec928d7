import type { Context } from '../session/schema.ts';

/** System instruction of our own simulators: the text that they were trained with. */
export const DEFAULT_INSTRUCTION =
  'You are a person who came to a support chat. Write only your own next message, in your own words.';

/** Budget of the paper for the whole context (Appendix A), in tokens. */
export const DEFAULT_CONTEXT_BUDGET = 15_000;

/** The six components of Appendix A, in the order in which they stand in the prompt. */
export const CONTEXT_PARTS = [
  'instruction',
  'profile',
  'long_term',
  'previous_summaries',
  'history',
  'current_summary',
] as const;
export type ContextPart = (typeof CONTEXT_PARTS)[number];

/**
 * What is given room first. Appendix A: "prioritizing recent session content and current session summary over distant
 * history"; the instruction comes before all, since without it the model does not know its role, and the profile, which
 * is short, before the distant past. Lists give up their oldest items first.
 */
export const CONTEXT_PRIORITY: readonly ContextPart[] = [
  'instruction',
  'current_summary',
  'history',
  'profile',
  'previous_summaries',
  'long_term',
];

const LABELS: Record<Exclude<ContextPart, 'instruction'>, string> = {
  profile: 'About you',
  long_term: 'Your story so far',
  previous_summaries: 'Earlier sessions',
  history: 'Recent messages',
  current_summary: 'Why you came',
};

/** Tokens of a text in the model that will read it. */
export type CountTokens = (text: string) => number;

/** A count for when no tokeniser is loaded: four bytes a token, rounded up; stated as an estimate wherever it is shown. */
export const estimateTokens: CountTokens = (text) => Math.ceil(new TextEncoder().encode(text).length / 4);

export interface RenderedContext {
  readonly text: string;
  readonly tokens: number;
  readonly budget: number;
  /** Per component: items there were, items kept, tokens kept. A cut text counts as kept with `shortened` set. */
  readonly parts: Record<ContextPart, { items: number; kept: number; tokens: number; shortened: boolean }>;
}

/**
 * The system text of the simulator for a context c (Appendix A), cut to `budget` tokens in the order of
 * CONTEXT_PRIORITY. Empty components leave no trace. Deterministic: training, chat and scoring read the same text.
 */
export function renderContext(
  context: Context,
  options: { budget?: number; count?: CountTokens; instruction?: string } = {},
): RenderedContext {
  const { budget = DEFAULT_CONTEXT_BUDGET, count = estimateTokens } = options;
  const items = itemsOf(context, options.instruction ?? DEFAULT_INSTRUCTION);
  const kept: Record<ContextPart, string[]> = emptyParts(() => []);
  const parts: RenderedContext['parts'] = emptyParts((part) => ({
    items: items[part].length,
    kept: 0,
    tokens: 0,
    shortened: false,
  }));
  let left = budget;
  for (const part of CONTEXT_PRIORITY) {
    const newestFirst = [...items[part]].reverse();
    const label = part === 'instruction' ? 0 : count(`\n${labelOf(part)}: `);
    for (const [index, item] of newestFirst.entries()) {
      const room = left - (index === 0 ? label : 0);
      const cost = count(`${item}\n`);
      const text = cost <= room ? item : shorten(item, room - 1, count);
      if (!text) break;
      kept[part].unshift(text);
      const spent = count(`${text}\n`) + (index === 0 ? label : 0);
      parts[part].kept += 1;
      parts[part].tokens += spent;
      left -= spent;
      if (text !== item) {
        parts[part].shortened = true;
        break;
      }
    }
  }
  const text = CONTEXT_PARTS.filter((part) => kept[part].length > 0)
    .map((part) => renderPart(part, kept[part]))
    .join('\n');
  return { text, tokens: count(text), budget, parts };
}

/** Every text of a context that may enter the prompt: what a tokeniser has to count before anything is cut. */
export function contextItems(context: Context, instruction = DEFAULT_INSTRUCTION): string[] {
  return Object.values(itemsOf(context, instruction)).flat();
}

function itemsOf(context: Context, instruction: string): Record<ContextPart, string[]> {
  const profile = Object.entries(context.profile)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([key, value]) => `${key.replaceAll('_', ' ')}: ${typeof value === 'object' ? JSON.stringify(value) : value}`);
  return {
    instruction: [context.instruction ?? instruction],
    profile: profile.length > 0 ? [profile.join('; ')] : [],
    long_term: context.long_term ? [context.long_term] : [],
    previous_summaries: context.previous_summaries,
    history: context.history.map((turn) => `${turn.role === 'user' ? 'you' : 'chatbot'}: ${turn.content}`),
    current_summary: context.current_summary ? [context.current_summary] : [],
  };
}

function renderPart(part: ContextPart, items: readonly string[]): string {
  if (part === 'instruction') return items.join('\n');
  const [only] = items;
  return items.length === 1 && only !== undefined && part !== 'history'
    ? `${labelOf(part)}: ${only}`
    : `${labelOf(part)}:\n${items.join('\n')}`;
}

function labelOf(part: Exclude<ContextPart, 'instruction'>): string {
  return LABELS[part];
}

function emptyParts<T>(make: (part: ContextPart) => T): Record<ContextPart, T> {
  return Object.fromEntries(CONTEXT_PARTS.map((part) => [part, make(part)])) as Record<ContextPart, T>;
}

/** The longest prefix of whole words within `room` tokens; '' if not even one fits. */
function shorten(text: string, room: number, count: CountTokens): string {
  const words = text.split(/(?<=\s)/u);
  let low = 0;
  let high = words.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (count(`${words.slice(0, middle).join('').trimEnd()}…`) <= room) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : `${words.slice(0, low).join('').trimEnd()}…`;
}
