import { afterEach } from 'vitest';
import { App } from '../../src/ui/app.tsx';
import { Controller } from '../../src/ui/control/controller.ts';
import type { Workbench } from '../../src/ui/control/workbench.ts';
import { renderScreen, type Screen } from './terminal.ts';

const open: { screen: Screen; control: Controller }[] = [];
afterEach(() => {
  for (const { screen, control } of open.splice(0)) {
    control.stop();
    screen.unmount();
  }
});

export const ESC = '\u001b';
export const F1 = `${ESC}OP`;
export const F3 = `${ESC}OR`;
export const F5 = `${ESC}[15~`;
export const UP = `${ESC}[A`;
export const DOWN = `${ESC}[B`;
export const RIGHT = `${ESC}[C`;
export const PAGE_DOWN = `${ESC}[6~`;
export const TAB = '\t';

export const SMALL = { columns: 80, rows: 24 };
export const LARGE = { columns: 160, rows: 50 };

/** The app over a workbench, with its engine ready; ended with the test. */
export async function openApp(bench: Workbench, size = SMALL): Promise<{ screen: Screen; control: Controller }> {
  const control = new Controller(bench, size);
  const screen = await renderScreen(<App control={control} />, size);
  open.push({ screen, control });
  await control.start();
  await screen.waitFor('● engine');
  return { screen, control };
}

/** Enter as a key of its own: within 30 ms of other input it would count as pasted. */
export async function enter(screen: Screen): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 45));
  await screen.send('\r');
}

/** Esc alone: followed at once by another key it would be Alt and that key. */
export async function pressEsc(screen: Screen): Promise<void> {
  await screen.send(ESC);
  await new Promise((resolve) => setTimeout(resolve, 120));
}

/** A text and Enter. */
export async function say(screen: Screen, text: string): Promise<void> {
  await screen.type(text);
  await enter(screen);
}
