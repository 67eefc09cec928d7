import { placeOf } from '../../core/workflows/turing/machine.ts';
import { turing } from '../../core/workflows/turing/sitting.ts';
import type { TuringCommand, TuringEvent, TuringRecord } from '../../core/workflows/turing/types.ts';
import { type ComposerAction, newComposer } from '../components/composer.ts';
import type { Command } from '../keys/table.ts';
import { changeOverlay, type Overlay } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { showFigures } from './exhibits.ts';
import { OpenSitting, tellRefused } from './sitting.ts';

type Sitting = Extract<Overlay, { kind: 'turing' }>;

const sitting = new OpenSitting<TuringCommand>();

/** Opens a sitting: each guess is on the disk before the next turn shows. */
export function openTuringSitting(control: Controller, name: string): void {
  const by = control.state.review?.options.reviewer ?? control.bench.reviewer;
  sitting.begin(control, async (commands, signal, isOpen) => {
    const store = await (await control.bench.sittings()).open(name);
    try {
      const { scale } = store.head.settings;
      const first: Sitting = { kind: 'turing', name, by, scale, view: null, up: 0 };
      control.set((state) => ({ ...state, overlays: [...state.overlays, first] }));
      const { sessions, clock } = control.bench.ports;
      const events = turing({ store, sessions, clock }, { by, timed: true }, commands, signal);
      for await (const event of events) {
        if (isOpen()) show(control, event);
      }
    } finally {
      await store.close();
    }
  });
}

function show(control: Controller, event: TuringEvent): void {
  switch (event.type) {
    case 'view':
      control.set((state) => changeOverlay(state, 'turing', (before) => ({ ...before, view: event.view, up: 0 })));
      break;
    case 'written':
      control.tell('ok', said(event.record));
      break;
    default:
      tellRefused(control, event);
  }
}

function said(record: TuringRecord): string {
  if (record.type === 'guess') return `turn ${record.t}: p(real) ${record.p}, kept`;
  return { skip: 'skipped: kept', undo: 'taken back: kept', note: 'note kept', truth: 'its guesses stand' }[
    record.type
  ];
}

/** Ends the sitting; what was guessed is on the disk. */
export function endTuring(): void {
  sitting.end();
}

function shownPlace({ view }: Sitting): string | undefined {
  if (view === null) return undefined;
  return placeOf(view.phase === 'end' ? null : { ...view.standing, phase: view.phase });
}

/** A key that is text: one of the scale. What is pasted guesses nothing. */
export function turingKey(control: Controller, top: Sitting, action: ComposerAction): void {
  if (action.type === 'text.undo') sitting.push({ type: 'undo', at: shownPlace(top) });
  else if (action.type === 'insert') {
    const level = /^[1-9]$/u.test(action.text) ? Number(action.text) : 0;
    if (level >= 1 && level <= top.scale.length) sitting.push({ type: 'guess', level, at: shownPlace(top) });
    else control.tell('warn', `the keys of the scale are 1 to ${top.scale.length}`);
  }
}

/** The note that was written; about the session that was shown when it was begun. */
export function turingNoted(place: string | undefined, text: string): void {
  sitting.push({ type: 'note', text, at: place });
}

const SENT: Partial<Record<Command, Exclude<TuringCommand['type'], 'guess' | 'note'>>> = {
  'turing.next': 'next',
  'turing.skip': 'skip',
  'turing.undo': 'undo',
};

/** Commands of a sitting. @returns false if the command is not one of them. */
export function turingCommand(control: Controller, top: Sitting, command: Command): boolean {
  const scroll = (by: number) =>
    control.set((state) => changeOverlay(state, 'turing', (now) => ({ ...now, up: Math.max(0, now.up + by) })));
  const sent = SENT[command];
  if (sent) {
    sitting.push({ type: sent, at: shownPlace(top) });
    return true;
  }
  switch (command) {
    case 'turing.note': {
      const { view } = top;
      if (view === null || view.phase === 'end') return true;
      const text = view.standing.note ?? '';
      const composer = newComposer({ width: control.state.size.columns - 12, text });
      const purpose = { kind: 'turing' as const, at: shownPlace(top) };
      const edit: Overlay = { kind: 'edit', title: 'Note on this session', composer, purpose };
      control.set((state) => ({ ...state, overlays: [...state.overlays, edit] }));
      return true;
    }
    case 'turing.figures':
      showFigures(control, top.name, top.by);
      return true;
    case 'turing.up':
      scroll(1);
      return true;
    case 'turing.down':
      scroll(-1);
      return true;
    default:
      return false;
  }
}
