import { formatError } from '../../core/errors.ts';
import { Channel } from '../../core/workflows/channel.ts';
import { labelKeys } from '../../core/workflows/evaluate/label.ts';
import { label } from '../../core/workflows/evaluate/label-sitting.ts';
import type { LabelCommand, LabelEvent } from '../../core/workflows/evaluate/label-types.ts';
import { type ComposerAction, newComposer } from '../components/composer.ts';
import type { Command } from '../keys/table.ts';
import { type ChooseOverlay, changeOverlay, type Overlay } from '../state/state.ts';
import type { Controller } from './controller.ts';

type Sitting = Extract<Overlay, { kind: 'label' }>;

/** The sitting that is open: at most one. */
let sitting: { readonly commands: Channel<LabelCommand>; readonly abort: AbortController } | null = null;

/** Offers the samples that were drawn. */
export function chooseSample(control: Controller): void {
  control.guard(async () => {
    const names = await control.bench.samples();
    if (names.length === 0) {
      control.tell('warn', 'no sample is drawn yet: `foil eval label draw NAME --from CORPORA` draws one');
      return;
    }
    const overlay: ChooseOverlay = {
      ...{ kind: 'choose', title: 'Label by hand', purpose: { kind: 'sample' }, many: false, free: null },
      ...{ options: names.map((value) => ({ value, help: '' })), marked: [], selected: 0 },
      query: newComposer({ width: 60 }),
    };
    control.set((state) => ({ ...state, overlays: [...state.overlays, overlay] }));
  });
}

/** Opens a sitting over a sample: each label is on the disk before the next message shows. */
export function openLabelling(control: Controller, name: string): void {
  endLabelling();
  const commands = new Channel<LabelCommand>();
  const abort = new AbortController();
  const mine = { commands, abort };
  sitting = mine;
  const labeller = control.state.review?.options.reviewer ?? control.bench.reviewer;
  control.guard(async () => {
    const { labels, taxonomy } = await control.bench.openSample(name);
    try {
      const first: Sitting = {
        ...{ kind: 'label', name, labeller, taxonomy, keys: labelKeys(taxonomy), shown: null, turns: [], top: null },
        ...{ labelled: 0, of: labels.sample.items.length },
      };
      control.set((state) => ({ ...state, overlays: [...state.overlays, first] }));
      const { sessions, clock } = control.bench.ports;
      const signal = AbortSignal.any([abort.signal, control.signal]);
      const events = label({ labels, sessions, clock }, taxonomy, { labeller, timed: true }, commands, signal);
      for await (const event of events) {
        if (sitting === mine) show(control, event);
      }
    } finally {
      await labels.close();
    }
  });
}

function show(control: Controller, event: LabelEvent): void {
  switch (event.type) {
    case 'item':
      control.set((state) =>
        changeOverlay(state, 'label', (before) => ({
          ...before,
          ...{ shown: event.shown, turns: event.turns },
          top: event.shown?.item.id === before.shown?.item.id ? before.top : null,
          labelled: event.shown?.labelled ?? before.of,
        })),
      );
      break;
    case 'labelled': {
      const { record } = event;
      const said = record.type === 'label' ? record.categories.join(', ') || 'none of them' : record.type;
      control.tell('ok', `${record.type === 'undo' ? 'taken back' : said}: kept`);
      break;
    }
    case 'refused':
      control.tell('warn', event.reason);
      break;
    case 'error':
      control.tell('error', formatError(event.error).replaceAll('\n', ' '));
  }
}

/** Ends the sitting; what was labelled is on the disk. */
export function endLabelling(): void {
  sitting?.commands.close();
  sitting?.abort.abort();
  sitting = null;
}

/** A key that is text: a category, or the arrows. What is pasted labels nothing. */
export function labelKey(control: Controller, top: Sitting, action: ComposerAction): void {
  if (action.type === 'text.left') push({ type: 'previous' });
  else if (action.type === 'text.right') push({ type: 'next' });
  else if (action.type === 'text.undo') push({ type: 'undo' });
  else if (action.type === 'insert') {
    const found = top.keys.find(({ key }) => key === action.text);
    if (found) push({ type: 'toggle', category: found.category });
    else control.tell('warn', `no category has the key ${action.text}`);
  }
}

function push(command: LabelCommand): void {
  sitting?.commands.push(command);
}

/** Commands of a sitting. @returns false if the command is not one of them. */
export function labelCommand(control: Controller, top: Sitting, command: Command): boolean {
  const scroll = (by: number) =>
    control.set((state) =>
      changeOverlay(state, 'label', (now) => ({ ...now, top: Math.max(0, (now.top ?? top.turns.length) + by) })),
    );
  switch (command) {
    case 'label.confirm':
      push({ type: 'confirm' });
      return true;
    case 'label.skip':
      push({ type: 'skip' });
      return true;
    case 'label.undo':
      push({ type: 'undo' });
      return true;
    case 'label.up':
      scroll(-1);
      return true;
    case 'label.down':
      scroll(1);
      return true;
    default:
      return false;
  }
}
