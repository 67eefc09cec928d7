import { FoilError } from '../errors.ts';
import type { ChatModel } from '../ports.ts';
import type { Context } from '../session/schema.ts';
import { contextItems, DEFAULT_CONTEXT_BUDGET, type RenderedContext, renderContext } from './context.ts';
import type { PromptTurn } from './messages.ts';

/**
 * renderContext with the model's own tokeniser. A context may take at most half of the model's window, so that h_t and
 * the reply have room; the smaller of that and `budget` holds.
 * @returns the text, with `exact` telling whether the counts are the model's or the estimate of four bytes a token.
 */
export async function fitContext(
  context: Context,
  model: ChatModel,
  signal: AbortSignal,
  budget = DEFAULT_CONTEXT_BUDGET,
): Promise<RenderedContext & { exact: boolean }> {
  const limit = model.window === null ? budget : Math.min(budget, Math.floor(model.window / 2));
  const options = { budget: limit, ...(model.system === null ? {} : { instruction: model.system }) };
  const items = contextItems(context, options.instruction);
  // A byte-level tokeniser never makes more tokens than bytes, so a text shorter than the budget needs no counting.
  if (items.reduce((sum, item) => sum + byteLength(item) + 40, 0) <= limit) {
    return { ...renderContext(context, options), exact: false };
  }
  const counting = model.countTokens(items, signal);
  if (!counting) return { ...renderContext(context, options), exact: false };
  const counted = await counting;
  const known = new Map(items.map((item, index) => [`${item}\n`, (counted[index] ?? 0) + 1]));
  const rate = Math.max(...items.map((item, index) => (counted[index] ?? 0) / Math.max(1, byteLength(item))));
  const count = (text: string) => known.get(text) ?? Math.ceil(byteLength(text) * rate);
  for (let room = limit; ; room = Math.floor(room * 0.95)) {
    const rendered = renderContext(context, { ...options, budget: room, count });
    const [tokens = 0] = (await model.countTokens([rendered.text], signal)) ?? [];
    if (tokens <= limit || room < 64) return { ...rendered, tokens, budget: limit, exact: true };
  }
}

/**
 * The newest turns that fit a window, by a count that errs on the safe side (three bytes a token and six tokens of
 * template a turn). Oldest turns go first.
 */
export function fitTurns<T extends PromptTurn>(turns: readonly T[], room: number): { turns: T[]; dropped: number } {
  if (room === Number.POSITIVE_INFINITY) return { turns: [...turns], dropped: 0 };
  let left = room;
  let from = turns.length;
  while (from > 0) {
    const cost = Math.ceil(byteLength(turns[from - 1]?.content ?? '') / 3) + 6;
    if (cost > left) break;
    left -= cost;
    from -= 1;
  }
  return { turns: turns.slice(from), dropped: from };
}

/**
 * Calls `attempt` with ever fewer turns while the engine says that the prompt is too long.
 * @param room tokens for the turns by our own count; null where the window is unknown.
 */
export async function withinWindow<R>(
  turns: readonly PromptTurn[],
  room: number | null,
  attempt: (turns: readonly PromptTurn[], dropped: number) => Promise<R>,
): Promise<R> {
  let limit = room ?? Number.POSITIVE_INFINITY;
  for (;;) {
    const fit = fitTurns(turns, limit);
    if (turns.length > 0 && fit.turns.length === 0) {
      throw new FoilError('turn-too-long', 'the last turn alone is longer than the window of the model', {
        remedy: 'shorten the turn, ask for shorter replies (max_tokens), or switch to a model with a longer window',
      });
    }
    try {
      return await attempt(fit.turns, fit.dropped);
    } catch (error) {
      if (!(error instanceof FoilError) || error.code !== 'prompt-too-long' || fit.turns.length <= 1) throw error;
      limit = fit.turns.reduce((sum, turn) => sum + Math.ceil(byteLength(turn.content) / 3) + 6, 0) * 0.7;
    }
  }
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
