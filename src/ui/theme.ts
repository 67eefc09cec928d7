import { createContext, useContext } from 'react';
import type { TextProps } from './ink.ts';

/**
 * What a piece of text means. Colour never says anything alone: every tone stands beside a word, a sign or a number
 * that says the same.
 */
export type Tone =
  | 'plain'
  | 'dim'
  | 'strong'
  | 'user'
  | 'assistant'
  | 'person'
  | 'real'
  | 'fake'
  | 'ok'
  | 'warn'
  | 'error'
  | 'focus'
  | 'differs'
  | 'selected';

type Style = Pick<TextProps, 'color' | 'bold' | 'dimColor' | 'inverse'>;

const STYLES: Record<Tone, Style> = {
  plain: {},
  dim: { dimColor: true },
  strong: { bold: true },
  /** The simulated user. */
  user: { color: 'cyan' },
  assistant: { color: 'magenta' },
  /** Whatever the person at the keyboard wrote. No colour: white vanishes on a light terminal, black on a dark one. */
  person: { bold: true },
  /** High p_t or r_t: looks like a person. */
  real: { color: 'green' },
  fake: { color: 'red' },
  ok: { color: 'green' },
  warn: { color: 'yellow' },
  error: { color: 'red', bold: true },
  focus: { color: 'cyan', bold: true },
  /** Words that the other side has not. */
  differs: { color: 'cyan', bold: true },
  selected: { inverse: true },
};

export interface Theme {
  style(tone: Tone | undefined): Style;
}

/** `color: false` keeps bold, dim and inverse, as https://no-color.org asks of colour only. */
export function makeTheme(color: boolean): Theme {
  return {
    style(tone) {
      const { color: name, ...rest } = STYLES[tone ?? 'plain'];
      return color && name !== undefined ? { color: name, ...rest } : rest;
    },
  };
}

/** NO_COLOR counts when it is set and not empty. */
export function wantsColor(env: Readonly<Record<string, string | undefined>>): boolean {
  return (env['NO_COLOR'] ?? '') === '';
}

export const ThemeContext = createContext<Theme>(makeTheme(true));

export function useTheme(): Theme {
  return useContext(ThemeContext);
}
