/**
 * The one file that imports Ink, so that an upgrade has one seam. What is not exported here is not for use: `Static`
 * replays its rows in the alternate screen, and Ink's focus manager would compete with the key table.
 */
import { useInput, useStdin } from 'ink';
import { useEffect, useRef } from 'react';

export type { TextProps } from 'ink';
export { Box, render, Text, useApp, useCursor, usePaste, useWindowSize } from 'ink';

interface InputEmitter {
  prependListener(event: 'input', listener: (sequence: string) => void): void;
  removeListener(event: 'input', listener: (sequence: string) => void): void;
}

/**
 * Calls `handler` with each piece of input as the terminal sent it: one escape sequence, or a run of typed text (which
 * may be several keys). Bracketed paste comes through `usePaste` instead.
 *
 * Ink 8's `useInput` tells no function keys apart: F1 and F5 both arrive as '' with no flag set. Its parser has the
 * whole sequence, on an emitter that its own hooks share; we note the sequence there and act on it in `useInput`, which
 * keeps Ink's raw mode, escape timeout and update priority.
 */
export function useSequences(handler: (sequence: string) => void): void {
  const emitter = (useStdin() as unknown as { readonly internal_eventEmitter: InputEmitter }).internal_eventEmitter;
  const latest = useRef('');
  useEffect(() => {
    const note = (sequence: string): void => {
      latest.current = sequence;
    };
    emitter.prependListener('input', note);
    return () => emitter.removeListener('input', note);
  }, [emitter]);
  useInput(() => handler(latest.current));
}
