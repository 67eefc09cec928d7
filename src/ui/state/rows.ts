import { resolve } from 'node:path';
import type { SeatKind } from '../../core/ports.ts';
import { paletteItems } from '../keys/resolve.ts';
import type { FormOption } from './form-fields.ts';
import { factsOf, placeOf } from './keys.ts';
import { type AppState, type ChooseOverlay, topOverlay } from './state.ts';

/** What the palette offers, for the place below it. */
export function paletteRows(state: AppState): ReturnType<typeof paletteItems> {
  const top = topOverlay(state);
  if (top?.kind !== 'palette') return [];
  const below: AppState = { ...state, overlays: state.overlays.slice(0, -1) };
  return paletteItems(top.query.text, placeOf(below), factsOf(below));
}

export const SEATS = [
  { label: 'You are the chatbot', help: 'the simulator plays the user', user: 'model', assistant: 'human' },
  { label: 'You are the user', help: 'p_t and r_t judge your messages', user: 'human', assistant: 'model' },
  { label: 'Watch', help: 'the two models talk: step, run, pause, stop', user: 'model', assistant: 'model' },
] as const;

/** Models of one kind; a discriminator can also be switched off. */
export function modelRows(
  state: AppState,
  role: SeatKind,
): { name: string | null; summary: string; unavailable: string | null }[] {
  const rows = state.models.filter((model) => model.kind === role);
  const listed = rows.map(({ name, summary, unavailable }) => ({ name, summary, unavailable }));
  return role === 'discriminator' ? [...listed, { name: null, summary: 'no scores', unavailable: null }] : listed;
}

/** The options that hold what was typed; last, where that may be, what was typed itself. */
export function chooseRows({ options, query, free }: ChooseOverlay): readonly FormOption[] {
  const text = query.text.trim();
  const words = text.toLowerCase().split(/\s+/u).filter(Boolean);
  const holds = (text: string) => words.every((word) => text.toLowerCase().includes(word));
  // A word may stand in the help of many: what is called so comes first.
  const named = options.filter(({ value }) => holds(value));
  const rows = [...named, ...options.filter(({ value, help }) => !holds(value) && holds(`${value} ${help}`))];
  const own = free !== null && text !== '' && !options.some(({ value }) => value === text);
  return own ? [...rows, { value: free.file ? `file ${resolve(text)}` : text, help: free.help }] : rows;
}
