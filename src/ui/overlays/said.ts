import type { Segment } from '../components/Line.tsx';
import { wrapped } from '../state/runs-view.ts';

/** Turns of a session, the one that is asked about marked. @param width cells of a row. */
export function saidRows(
  turns: readonly { readonly role: string; readonly content: string; readonly asked: boolean }[],
  width: number,
): Segment[][] {
  return turns.flatMap(({ role, content, asked }) =>
    wrapped(content, width - 8).map((text, at): Segment[] => [
      {
        text: ` ${asked ? '▶' : ' '} ${(at === 0 ? (role === 'user' ? 'user' : 'bot') : '').padEnd(5)}`,
        tone: asked ? 'focus' : 'dim',
      },
      { text, tone: asked ? 'strong' : 'dim' },
    ]),
  );
}
