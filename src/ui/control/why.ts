import { asFoilError } from '../../core/errors.ts';
import { pathTo } from '../../core/session/tree.ts';
import { type Why, whysOfTurn } from '../../core/workflows/evaluate/whys.ts';
import type { Command } from '../keys/table.ts';
import { changeOverlay, type Overlay } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { moveIn } from './lists.ts';

type WhyState = Extract<Overlay, { kind: 'why' }>;

/** What is asked now: at most one turn at a time. */
let asking: AbortController | null = null;

/** @returns false if nothing is asked. */
export function stopWhy(): boolean {
  if (!asking) return false;
  asking.abort();
  asking = null;
  return true;
}

/** Asks why the discriminator in use takes a user turn for real or simulated; what is found shows as it comes. */
export function openWhy(control: Controller, id: number): void {
  const { session } = control.state.chat;
  const node = session?.nodes[id];
  if (!session || !node) return;
  const { discriminator } = session.roles;
  if (discriminator === null) {
    control.tell('warn', 'no discriminator is in use: M chooses one');
    return;
  }
  const turns = pathTo(session, id).map(({ role, content }) => ({ role, content }));
  const t = turns.filter(({ role, content }) => role === 'user' && content.trim() !== '').length;
  if (node.content.trim() === '') {
    control.tell('warn', 'the turn has no words');
    return;
  }
  stopWhy();
  const abort = new AbortController();
  asking = abort;
  const first: WhyState = {
    ...{ kind: 'why', node: id, t, text: node.content, discriminator, z: null, whys: [], done: 0, of: 0 },
    ...{ state: 'asking', selected: 0 },
  };
  control.set((state) => ({ ...state, overlays: [...state.overlays, first] }));
  const put = (next: (why: WhyState) => Partial<WhyState>) => {
    if (asking === abort) control.set((state) => changeOverlay(state, 'why', (why) => ({ ...why, ...next(why) })));
  };
  const signal = AbortSignal.any([abort.signal, control.signal]);
  control.guard(async () => {
    try {
      const judge = await control.bench.ports.models.discriminator(discriminator, signal);
      for await (const event of whysOfTurn(judge, { context: session.context, turns }, t, signal)) {
        if (event.type === 'begin') put(() => ({ z: event.z, of: event.of }));
        else put((why) => ({ ...withPart(why, event.why), done: event.done }));
      }
      put(() => ({ state: 'done' }));
    } catch (error) {
      if (signal.aborted) return;
      put(() => ({ state: 'stopped' }));
      if (asFoilError(error)) throw error;
    } finally {
      if (asking === abort) asking = null;
    }
  });
}

/** The list stays in order, largest change first, with the cursor on the part that it was on once somebody has moved it. */
function withPart({ whys, selected }: WhyState, why: Why): Pick<WhyState, 'whys' | 'selected'> {
  const next = [...whys, why].sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
  const chosen = whys[selected];
  return { whys: next, selected: selected === 0 || !chosen ? 0 : next.indexOf(chosen) };
}

/** Commands of the overlay. @returns false if the command is not one of them. */
export function whyCommand(control: Controller, top: WhyState, command: Command): boolean {
  const moved = moveIn(command, top.selected, top.whys.length, Math.max(1, control.state.size.rows - 12));
  if (moved === null) {
    if (command !== 'list.choose') return false;
    stopWhy();
    control.set((state) => ({ ...state, overlays: state.overlays.slice(0, -1) }));
    return true;
  }
  control.set((state) => changeOverlay(state, 'why', (why) => ({ ...why, selected: moved })));
  return true;
}

/** What the overlay says once it is stopped. */
export function whyStopped(control: Controller): void {
  control.set((state) => changeOverlay(state, 'why', (why) => ({ ...why, state: 'stopped' })));
}
