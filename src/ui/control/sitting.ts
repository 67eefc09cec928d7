import { Channel } from '../../core/workflows/channel.ts';
import type { SitTells } from '../../core/workflows/evaluate/sit.ts';
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

/** Tells what a sitting did not do. */
export function tellRefused(control: Controller, event: SitTells): void {
  if (event.type === 'refused') control.tell('warn', event.reason);
  else control.fail(event.error);
}
