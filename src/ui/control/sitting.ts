import { Channel } from '../../core/workflows/channel.ts';
import { newComposer } from '../components/composer.ts';
import type { ChooseOverlay } from '../state/state.ts';
import type { Controller } from './controller.ts';

/** A sitting that a person has open: at most one of its kind. What was said in it is on the disk when it ends. */
export class OpenSitting<Command> {
  #open: { readonly commands: Channel<Command>; readonly abort: AbortController } | null = null;

  /**
   * Ends the sitting before, and runs this one until its commands end.
   * @param work `isOpen` is false once another has begun, or this one has ended: what comes then is shown to nobody.
   */
  begin(
    control: Controller,
    work: (commands: AsyncIterable<Command>, signal: AbortSignal, isOpen: () => boolean) => Promise<void>,
  ): void {
    this.end();
    const mine = { commands: new Channel<Command>(), abort: new AbortController() };
    this.#open = mine;
    const signal = AbortSignal.any([mine.abort.signal, control.signal]);
    control.guard(() => work(mine.commands, signal, () => this.#open === mine));
  }

  push(command: Command): void {
    this.#open?.commands.push(command);
  }

  end(): void {
    this.#open?.commands.close();
    this.#open?.abort.abort();
    this.#open = null;
  }
}

/** Offers files to sit down to, or says how the first is made. */
export function chooseFile(
  control: Controller,
  { title, purpose, none }: Pick<ChooseOverlay, 'title' | 'purpose'> & { readonly none: string },
  list: () => Promise<string[]>,
): void {
  control.guard(async () => {
    const names = await list();
    if (names.length === 0) {
      control.tell('warn', none);
      return;
    }
    const overlay: ChooseOverlay = {
      ...{ kind: 'choose', title, purpose, many: false, free: null, marked: [], selected: 0 },
      ...{ options: names.map((value) => ({ value, help: '' })), query: newComposer({ width: 60 }) },
    };
    // what was said before is not about these
    control.set((state) => ({ ...state, message: null, overlays: [...state.overlays, overlay] }));
  });
}
