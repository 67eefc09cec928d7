import { labelKeys } from '../../core/workflows/evaluate/label.ts';
import { label } from '../../core/workflows/evaluate/label-sitting.ts';
import type { LabelCommand, LabelEvent } from '../../core/workflows/evaluate/label-types.ts';
import type { ComposerAction } from '../components/composer.ts';
import type { Command } from '../keys/table.ts';
import { changeOverlay, type Overlay } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { showAgreement } from './exhibits.ts';
import { OpenSitting, tellRefused } from './sitting.ts';

type Sitting = Extract<Overlay, { kind: 'label' }>;

const sitting = new OpenSitting<LabelCommand>();

/** Opens a sitting over a sample: each label is on the disk before the next message shows. */
export function openLabelling(control: Controller, name: string): void {
  const labeller = control.state.review?.options.reviewer ?? control.bench.reviewer;
  sitting.begin(control, async (commands, signal, isOpen) => {
    const samples = await control.bench.samples();
    const labels = await samples.open(name);
    try {
      const { sample } = labels;
      const taxonomy = await samples.taxonomy(sample.task, sample.taxonomy_file);
      const first: Sitting = {
        ...{ kind: 'label', name, labeller, taxonomy, keys: labelKeys(taxonomy), shown: null, turns: [], top: null },
        ...{ labelled: 0, of: sample.items.length },
      };
      control.set((state) => ({ ...state, overlays: [...state.overlays, first] }));
      const { sessions, clock } = control.bench.ports;
      const events = label({ labels, sessions, clock }, taxonomy, { labeller, timed: true }, commands, signal);
      for await (const event of events) {
        if (isOpen()) show(control, event);
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
    default:
      tellRefused(control, event);
  }
}

/** Ends the sitting; what was labelled is on the disk. */
export function endLabelling(): void {
  sitting.end();
}

/** A key that is text: a category, or the arrows. What is pasted labels nothing. */
export function labelKey(control: Controller, top: Sitting, action: ComposerAction): void {
  if (action.type === 'text.left') sitting.push({ type: 'previous' });
  else if (action.type === 'text.right') sitting.push({ type: 'next' });
  else if (action.type === 'text.undo') sitting.push({ type: 'undo' });
  else if (action.type === 'insert') {
    const found = top.keys.find(({ key }) => key === action.text);
    if (found) sitting.push({ type: 'toggle', category: found.category });
    else control.tell('warn', `no category has the key ${action.text}`);
  }
}

/** Commands of a sitting. @returns false if the command is not one of them. */
export function labelCommand(control: Controller, top: Sitting, command: Command): boolean {
  const scroll = (by: number) =>
    control.set((state) =>
      changeOverlay(state, 'label', (now) => ({ ...now, top: Math.max(0, (now.top ?? top.turns.length) + by) })),
    );
  switch (command) {
    case 'label.confirm':
      sitting.push({ type: 'confirm' });
      return true;
    case 'label.skip':
      sitting.push({ type: 'skip' });
      return true;
    case 'label.undo':
      sitting.push({ type: 'undo' });
      return true;
    case 'label.agreement':
      showAgreement(control, top.name, top.labeller, 'rules');
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
