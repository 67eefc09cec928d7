import { z } from 'zod';
import { FoilError } from '../errors.ts';
import { renderContext } from '../prompt/context.ts';
import { simulatorMessages } from '../prompt/messages.ts';
import { type Author, contextSchema } from '../session/schema.ts';
import { countUserTurns } from '../session/tree.ts';
import { type PreferencePair, pairSchema, type Side } from './schema.ts';

export const EXCHANGE_FORMATS = ['trl', 'sharegpt'] as const;
export type ExchangeFormat = (typeof EXCHANGE_FORMATS)[number];

const rewardSchema = z.number().nullish();
/** The whole pair as JSON text: one column of strings, since data sets of records with varying keys do not load. */
const foilSchema = z.string().nullish();

const messageSchema = z.looseObject({
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string(),
  end: z.boolean().nullish(),
});

/** TRL's preference data set, conversational: https://huggingface.co/docs/trl/dataset_formats#preference */
export const trlSchema = z.looseObject({
  id: z.union([z.string(), z.number().transform(String)]).nullish(),
  /** Absent where the prompt stands at the beginning of both sides ("implicit prompt"). */
  prompt: z.array(messageSchema, 'must be a list of messages: pairs of plain text have no turns').nullish(),
  chosen: z.array(messageSchema, 'must be a list of messages').min(1),
  rejected: z.array(messageSchema, 'must be a list of messages').min(1),
  r_chosen: rewardSchema,
  r_rejected: rewardSchema,
  foil: foilSchema,
});

const saidSchema = z.looseObject({ from: z.string(), value: z.string() });

/** ShareGPT's preference rows, as LLaMA-Factory reads them. */
export const sharegptPairSchema = z.looseObject({
  id: z.union([z.string(), z.number().transform(String)]).nullish(),
  system: z.string().nullish(),
  conversations: z.array(saidSchema),
  chosen: saidSchema,
  rejected: saidSchema,
  chosen_end: z.boolean().nullish(),
  rejected_end: z.boolean().nullish(),
  r_chosen: rewardSchema,
  r_rejected: rewardSchema,
  foil: foilSchema,
});

/** The prompt of both sides as the simulator reads it: system text of c, then h_t with the roles flipped. */
export function promptOf(pair: PreferencePair) {
  return simulatorMessages(renderContext(pair.context).text, pair.history);
}

/** A row that other trainers read. Roles are flipped: the simulated user is `assistant` (or `gpt`). */
export function exportPair(pair: PreferencePair, format: ExchangeFormat): object {
  const { chosen, rejected } = pair;
  const more = {
    ...{ r_chosen: chosen.r, r_rejected: rejected.r },
    // Simulated text is labelled wherever it goes (design 9).
    ...{ chosen_by: writer(chosen.by), rejected_by: writer(rejected.by) },
    foil: JSON.stringify(pair),
  };
  const prompt = promptOf(pair);
  if (format === 'trl') {
    const side = ({ content, end }: Side) => [{ role: 'assistant', content, end }];
    return { id: pair.id, prompt, chosen: side(chosen), rejected: side(rejected), ...more };
  }
  const said = (content: string) => ({ from: 'gpt', value: content });
  return {
    id: pair.id,
    system: prompt[0]?.content ?? '',
    conversations: prompt
      .slice(1)
      .map(({ role, content }) => ({ from: role === 'assistant' ? 'gpt' : 'human', value: content })),
    ...{ chosen: said(chosen.content), rejected: said(rejected.content) },
    ...{ chosen_end: chosen.end, rejected_end: rejected.end },
    ...more,
  };
}

interface Foreign {
  readonly id: string | null;
  readonly system: string | null;
  /** True roles. */
  readonly history: PreferencePair['history'];
  readonly sides: Readonly<Record<'chosen' | 'rejected', { content: string; end: boolean; r: number | null }>>;
  readonly foil: string | null;
}

/**
 * A row of another format as a pair, pending unless it says otherwise. What we exported comes back as it was; a text that
 * was changed meanwhile is a person's, and has no reward. A foreign row has its system text for an instruction.
 * @param fallback id of a row without one.
 * @throws FoilError `bad-record` for a row whose sides are not the next turn of the (flipped) assistant.
 */
export function importPair(
  value: z.output<typeof trlSchema> | z.output<typeof sharegptPairSchema>,
  fallback: { readonly id: string; readonly created: string },
): PreferencePair {
  const row =
    'conversations' in value
      ? fromSharegpt(value as z.output<typeof sharegptPairSchema>)
      : fromTrl(value as z.output<typeof trlSchema>);
  const ours = row.foil === null ? null : ownPair(row.foil);
  if (ours) {
    const side = (which: 'chosen' | 'rejected'): Side => {
      const { content, end } = row.sides[which];
      const before = ours[which];
      if (content === before.content && end === before.end) return before;
      return { content, end, r: null, by: { kind: 'human' } };
    };
    return { ...ours, history: row.history, chosen: side('chosen'), rejected: side('rejected') };
  }
  const by: Author = { kind: 'model', name: 'unknown' };
  return pairSchema.parse({
    ...{ schema: 1, id: row.id ?? fallback.id, created: fallback.created, origin: 'manual', decision: 'pending' },
    context: contextSchema.parse({ instruction: row.system }),
    history: row.history,
    chosen: { ...row.sides.chosen, by },
    rejected: { ...row.sides.rejected, by },
    ...{ discriminator: null, simulator: 'unknown', session: row.id ?? fallback.id },
    t: countUserTurns(row.history) + 1,
  });
}

function fromTrl(row: z.output<typeof trlSchema>): Foreign {
  const implicit = !row.prompt;
  const prompt = row.prompt ?? row.chosen.slice(0, -1);
  const side = (which: 'chosen' | 'rejected') => {
    const messages = row[which];
    const last = messages.at(-1);
    if (last?.role !== 'assistant' || (!implicit && messages.length > 1)) throw notNextTurn(which);
    return { content: last.content, end: last.end === true, r: row[`r_${which}`] ?? null };
  };
  const system = prompt[0]?.role === 'system' ? prompt[0].content : null;
  const history = prompt.slice(system === null ? 0 : 1).map(({ role, content }, index) => {
    if (role === 'system') throw bad(`prompt[${index}].role`, 'a system message stands after the first turn');
    return { role: role === 'user' ? ('assistant' as const) : ('user' as const), content };
  });
  return {
    id: row.id ?? null,
    system,
    history,
    sides: { chosen: side('chosen'), rejected: side('rejected') },
    foil: row.foil ?? null,
  };
}

function fromSharegpt(row: z.output<typeof sharegptPairSchema>): Foreign {
  const roles: Record<string, 'user' | 'assistant'> = {
    gpt: 'user',
    assistant: 'user',
    human: 'assistant',
    user: 'assistant',
  };
  const side = (which: 'chosen' | 'rejected') => {
    if (roles[row[which].from] !== 'user') throw notNextTurn(which);
    return { content: row[which].value, end: row[`${which}_end`] === true, r: row[`r_${which}`] ?? null };
  };
  const first = row.conversations[0];
  const system = row.system ?? (first?.from === 'system' ? first.value : null);
  const history = row.conversations.slice(first?.from === 'system' ? 1 : 0).map(({ from, value }, index) => {
    const role = roles[from];
    if (!role) throw bad(`conversations[${index}].from`, `the speaker "${from.slice(0, 40)}" is not known`);
    return { role, content: value };
  });
  return {
    id: row.id ?? null,
    system,
    history,
    sides: { chosen: side('chosen'), rejected: side('rejected') },
    foil: row.foil ?? null,
  };
}

/** Null for a column of that name that is not ours. */
function ownPair(text: string): PreferencePair | null {
  try {
    const found = pairSchema.safeParse(JSON.parse(text));
    return found.success ? found.data : null;
  } catch {
    return null;
  }
}

function writer(by: Author): string {
  return by.kind === 'human' ? 'human' : `model ${by.name}`;
}

function notNextTurn(which: string): FoilError {
  return bad(which, 'must be one turn of the assistant (gpt), which is the simulated user: roles are flipped');
}

function bad(field: string, message: string): FoilError {
  return new FoilError('bad-record', message, { where: { field }, remedy: 'correct the row, or take it out' });
}
