import { createHash } from 'node:crypto';
import { FoilError } from '../../core/errors.ts';
import { originOf } from '../../core/session/origin.ts';
import { type Role, type Session, sessionSchema, type Turn } from '../../core/session/schema.ts';
import { validate } from '../store/records.ts';
import { FORMATS, type ImportFormat, type RawMessage, type RawSession } from './formats.ts';

/** A message of this size is no message: a file pasted into a chat, or a broken export. */
export const MAX_MESSAGE_BYTES = 5_000_000;

export interface Place {
  readonly file: string;
  readonly line: number;
}

export interface Converted {
  readonly session: Session;
  /** Messages that were joined to the one before, of the same speaker. */
  readonly merged: number;
  /** Messages of tools, and of assistants that only called one. */
  readonly dropped: number;
}

const ROLES: Readonly<Record<string, Role | 'system' | 'tool'>> = {
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bot: 'assistant',
  model: 'assistant',
  system: 'system',
  developer: 'system',
  tool: 'tool',
  function: 'tool',
  function_call: 'tool',
  observation: 'tool',
};

/**
 * One foreign record as a session. Consecutive messages of one speaker become one turn, joined by a newline. What was
 * measured after a session (`meta.outcome`) stays in `meta`, where neither simulator nor discriminator reads it; so does
 * the system prompt of a chatbot, which its user never saw.
 *
 * Throws FoilError with file, line and field.
 */
export function convert(
  value: unknown,
  format: ImportFormat,
  place: Place,
  defaults: { corpus: string; simulator?: string | undefined },
): Converted {
  const { schema, read } = FORMATS[format];
  const raw = read(validate(schema, value, place) as never);
  const { turns, merged, dropped, system } = toTurns(raw.messages, place);
  const meta = system === null ? raw.meta : { ...raw.meta, system_prompt: system };
  const session = {
    schema: 1,
    id: raw.id ?? hashId(defaults.corpus, raw, turns),
    source: raw.source ?? defaults.corpus,
    domain: raw.domain ?? undefined,
    context: raw.context ?? {},
    turns,
    origin: raw.origin ?? originAt(place, raw, defaults.simulator),
    scores: raw.scores,
    meta,
  };
  return { session: validate(sessionSchema, session, place), merged, dropped };
}

function originAt(place: Place, raw: RawSession, simulator: string | undefined): Session['origin'] {
  try {
    return originOf(raw.meta, simulator);
  } catch (error) {
    if (!(error instanceof FoilError)) throw error;
    throw new FoilError(error.code, error.message, { where: { ...place, ...error.where }, remedy: error.remedy });
  }
}

/** The same dialogue has the same id however often it is imported, with PII or without. */
function hashId(corpus: string, raw: RawSession, turns: readonly Turn[]): string {
  const text = JSON.stringify([raw.context, turns.map(({ role, content }) => [role, content])]);
  return `${corpus}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
}

function toTurns(messages: readonly RawMessage[], place: Place) {
  const turns: Turn[] = [];
  let merged = 0;
  let dropped = 0;
  let system: string | null = null;
  for (const message of messages) {
    const role = roleOf(message, place);
    if (role === 'tool' || (role === 'assistant' && message.content === null)) {
      dropped += 1;
      continue;
    }
    const content = message.content ?? '';
    if (role === 'system') {
      if (turns.length > 0) {
        throw new FoilError('bad-role-order', 'a system message stands after the first turn', {
          where: { ...place, field: `${message.field}.role` },
          remedy: 'a session has at most one system message, at its start: take this one out',
        });
      }
      system = system === null ? content : `${system}\n${content}`;
      continue;
    }
    checkContent(content, message, place);
    const last = turns.at(-1);
    if (last?.role === role) {
      turns[turns.length - 1] = join(last, content, message.annotations);
      merged += 1;
    } else {
      const by = message.by === undefined ? {} : { by: message.by as NonNullable<Turn['by']> };
      turns.push({ role, content, annotations: message.annotations ?? null, ...by });
    }
  }
  if (turns.length === 0) {
    throw new FoilError('empty-session', 'the session has no turns', { where: place, remedy: 'take the record out' });
  }
  return { turns, merged, dropped, system };
}

function roleOf(message: RawMessage, place: Place): Role | 'system' | 'tool' {
  const role = ROLES[message.role.toLowerCase()];
  if (role) return role;
  throw new FoilError('bad-role', `the speaker "${message.role.slice(0, 40)}" is not known`, {
    where: { ...place, field: message.field },
    remedy: 'the two sides of a session are "user" and "assistant"; rename the speaker',
  });
}

function checkContent(content: string, message: RawMessage, place: Place): void {
  const where = { ...place, field: `${message.field}.content` };
  if (content.trim() === '') {
    throw new FoilError('empty-turn', 'the message is empty', { where, remedy: 'take the message out' });
  }
  const bytes = Buffer.byteLength(content);
  if (bytes >= MAX_MESSAGE_BYTES) {
    throw new FoilError(
      'message-too-long',
      `the message has ${(bytes / 1e6).toFixed(1)} MB, more than the 5 MB that a message may have`,
      {
        where,
        remedy: 'shorten the message, or take the session out',
      },
    );
  }
}

/** Lists in annotations (one strategy a message, say) are kept for both messages. */
function join(turn: Turn, content: string, more: RawMessage['annotations']): Turn {
  const annotations: Record<string, unknown> = { ...turn.annotations };
  const count = typeof annotations['message_count'] === 'number' ? annotations['message_count'] : 1;
  for (const [key, value] of Object.entries(more ?? {})) {
    const before = annotations[key];
    annotations[key] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
  }
  return { ...turn, content: `${turn.content}\n${content}`, annotations: { ...annotations, message_count: count + 1 } };
}
