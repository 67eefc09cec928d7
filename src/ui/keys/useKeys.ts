import { useEffect, useRef } from 'react';
import type { ComposerAction } from '../components/composer.ts';
import { usePaste, useSequences } from '../ink.ts';
import { decode } from './decode.ts';
import type { KeyFacts } from './facts.ts';
import { isTextPlace, type Place } from './places.ts';
import { resolveKey } from './resolve.ts';
import type { Command, TextCommand } from './table.ts';

export interface KeyHandlers {
  /** Where the keyboard is and what is true now; asked anew for each key, since one chunk may hold several. */
  readonly read: () => { readonly place: Place; readonly facts: KeyFacts };
  readonly onCommand: (command: Exclude<Command, TextCommand>) => void;
  /** Typing, pasting and moving in whichever text field has the focus. */
  readonly onEdit: (action: ComposerAction) => void;
  /** A key that does nothing now, or text where there is no field for it; `reason` says why. */
  readonly onRefused: (reason: string, command: Command | null) => void;
}

/** A chunk of this many characters was not typed: a terminal without bracketed paste sent it. */
const BURST = 32;
/** Enter this soon (ms) after a burst belongs to it. Terminals hand over a paste in pieces; people need longer. */
const BURST_GUARD_MS = 30;

/**
 * Turns input into commands and edits, as a function of one piece of input at a time `now` (ms). Apart from the hook
 * for tests. Invariant: Enter that was pasted never sends.
 */
export function makeDispatcher(handlers: () => KeyHandlers): {
  input(sequence: string, now: number): void;
  paste(text: string): void;
} {
  let burstAt = Number.NEGATIVE_INFINITY;

  function isBurst(sequence: string, inText: boolean): boolean {
    if (sequence[0] === '\x1b') return false;
    // A key held down while the connection stalls comes as many of one.
    if (sequence.length >= BURST) return !/^(.)\1*$/su.test(sequence);
    return inText && /\r[^\r]/.test(sequence);
  }

  function paste(text: string): void {
    const { read, onEdit, onRefused } = handlers();
    if (isTextPlace(read().place)) onEdit({ type: 'paste', text });
    else onRefused('text was pasted where there is no field for it; Tab or Esc goes to one', null);
  }

  function press(chord: string, text: string): void {
    const { read, onCommand, onEdit, onRefused } = handlers();
    const { place, facts } = read();
    const found = resolveKey(place, facts, chord);
    if (found.kind === 'refused') onRefused(found.reason, found.command);
    else if (found.kind === 'none') {
      if (text !== '' && isTextPlace(place)) onEdit({ type: 'insert', text });
    } else if (isTextCommand(found.command)) onEdit({ type: found.command });
    else onCommand(found.command as Exclude<Command, TextCommand>);
  }

  return {
    paste,
    input(sequence, now) {
      const inText = isTextPlace(handlers().read().place);
      const guarded = now - burstAt < BURST_GUARD_MS && sequence[0] !== '\x1b';
      if (guarded || isBurst(sequence, inText)) {
        burstAt = now;
        paste(sequence);
        return;
      }
      for (const key of decode(sequence)) press(key.chord, key.text);
    },
  };
}

function isTextCommand(command: Command): command is TextCommand {
  return command.startsWith('text.');
}

/** What was typed or pasted before there was anything to act on; `at` in ms of `performance.now()`. */
export type EarlyInput = { readonly kind: 'input' | 'paste'; readonly text: string; readonly at: number }[];

const NOTHING: EarlyInput = [];

/** Keeps what is typed, for `useKeys` to act on later; Ctrl+C is acted on at once. */
export function useEarlyInput(early: EarlyInput, onCancel: () => void): void {
  useSequences((text) => {
    if (decode(text).some((key) => key.chord === 'ctrl+c')) onCancel();
    else early.push({ kind: 'input', text, at: performance.now() });
  });
  usePaste((text) => early.push({ kind: 'paste', text, at: performance.now() }));
}

/**
 * Reads the keyboard, beginning with what was typed early. Use it once, at the root: Ink gives every key to every hook,
 * so two would both act.
 */
export function useKeys(handlers: KeyHandlers, early: EarlyInput = NOTHING): void {
  const latest = useRef(handlers);
  latest.current = handlers;
  const dispatcher = useRef<ReturnType<typeof makeDispatcher>>(null);
  dispatcher.current ??= makeDispatcher(() => latest.current);
  useSequences((sequence) => dispatcher.current?.input(sequence, performance.now()));
  usePaste((text) => dispatcher.current?.paste(text));
  useEffect(() => {
    for (const { kind, text, at } of early.splice(0)) {
      if (kind === 'paste') dispatcher.current?.paste(text);
      else dispatcher.current?.input(text, at);
    }
  }, [early]);
}
