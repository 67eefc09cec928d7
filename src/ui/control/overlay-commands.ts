import { CONTEXT_PARTS } from '../../core/prompt/context.ts';
import { newComposer } from '../components/composer.ts';
import type { Command } from '../keys/table.ts';
import { layout } from '../layout.ts';
import { statusRows } from '../screens/Status.tsx';
import { helpRows } from '../state/help-rows.ts';
import { modelRows, paletteRows, SEATS } from '../state/rows.ts';
import { changeOverlay, type Overlay, topOverlay } from '../state/state.ts';
import { chooseCommand, confirmCommand, stepsCommand } from './choose-overlay.ts';
import { blankContext, partAsText, pickContext, refreshPick, setContext, textAsPart } from './context-overlay.ts';
import type { Controller } from './controller.ts';
import { exhibitsCommand } from './exhibits.ts';
import { labelCommand } from './labelling.ts';
import { moveIn } from './lists.ts';
import { reviewEdited, statisticsCommand } from './review-commands.ts';
import { turingCommand, turingNoted } from './turing.ts';
import { whyCommand } from './why.ts';

export { refreshPick };

/** Commands of whatever lies on top. @returns false if nothing does, or it has no such command. */
export function overlayCommand(control: Controller, command: Command): boolean {
  const top = topOverlay(control.state);
  if (!top) return false;
  switch (top.kind) {
    case 'help':
      return helpCommand(control, top, command);
    case 'palette':
      return paletteCommand(control, top, command);
    case 'seats':
      return seatsCommand(control, top, command);
    case 'models':
      return modelsCommand(control, top, command);
    case 'alternatives':
      return alternativesCommand(control, top, command);
    case 'label':
      return labelCommand(control, top, command);
    case 'exhibits':
      return exhibitsCommand(control, top, command);
    case 'turing':
      return turingCommand(control, top, command);
    case 'why':
      return whyCommand(control, top, command);
    case 'context':
      return contextCommand(control, top, command);
    case 'edit':
      return editCommand(control, top, command);
    case 'choose':
      return chooseCommand(control, top, command);
    case 'confirm':
      return confirmCommand(control, top, command);
    case 'statistics':
      return statisticsCommand(control, top, command);
    case 'steps':
      return stepsCommand(control, top, command);
  }
}

type Of<K extends Overlay['kind']> = Extract<Overlay, { kind: K }>;

function put<K extends Overlay['kind']>(control: Controller, kind: K, next: Partial<Of<K>>): true {
  control.set((state) => changeOverlay(state, kind, (overlay) => ({ ...overlay, ...next }) as Overlay));
  return true;
}

function close(control: Controller): true {
  control.set((state) => ({ ...state, overlays: state.overlays.slice(0, -1) }));
  return true;
}

function page(control: Controller): number {
  return Math.max(1, control.state.size.rows - 10);
}

function helpCommand(control: Controller, top: Of<'help'>, command: Command): boolean {
  if (command === 'help.close' || command === 'list.choose') return close(control);
  const { size, chat } = control.state;
  const regions = layout(size.columns, size.rows, chat.composer.rows.length, statusRows(control.state, size.columns));
  if (regions.kind === 'small') return true;
  const rows = helpRows(control.state, regions.overlay.width - 2).length;
  const height = regions.overlay.height - 2;
  const moved = moveIn(command, top.top, Math.max(1, rows - height + 1), height - 1);
  return moved === null ? false : put(control, 'help', { top: moved });
}

function paletteCommand(control: Controller, top: Of<'palette'>, command: Command): boolean {
  const rows = paletteRows(control.state);
  const moved = moveIn(command, top.selected, rows.length, page(control));
  if (moved !== null) return put(control, 'palette', { selected: moved });
  if (command !== 'list.choose') return false;
  const row = rows[top.selected];
  close(control);
  if (row?.reason) control.refuse(row.reason);
  else if (row) control.command(row.command);
  return true;
}

function seatsCommand(control: Controller, top: Of<'seats'>, command: Command): boolean {
  const moved = moveIn(command, top.selected, SEATS.length, 1);
  if (moved !== null) return put(control, 'seats', { selected: moved });
  if (command !== 'list.choose') return false;
  const seats = SEATS[top.selected] ?? SEATS[0];
  control.send({ type: 'seat', role: 'user', seat: seats.user });
  control.send({ type: 'seat', role: 'assistant', seat: seats.assistant });
  const focus = seats.user === 'model' && seats.assistant === 'model' ? 'transcript' : 'composer';
  control.set((state) => ({ ...state, chat: { ...state.chat, focus } }));
  return close(control);
}

const KINDS = ['simulator', 'chatbot', 'discriminator'] as const;

function modelsCommand(control: Controller, top: Of<'models'>, command: Command): boolean {
  const rows = modelRows(control.state, top.role);
  const moved = moveIn(command, top.selected, rows.length, page(control));
  if (moved !== null) return put(control, 'models', { selected: moved });
  const step = command === 'models.nextKind' ? 1 : command === 'models.previousKind' ? 2 : 0;
  if (step > 0) {
    const role = KINDS[(KINDS.indexOf(top.role) + step) % KINDS.length] ?? 'simulator';
    return put(control, 'models', { role, selected: 0 });
  }
  if (command !== 'list.choose') return false;
  const row = rows[top.selected];
  if (!row) return true;
  if (row.unavailable) control.refuse(row.unavailable);
  else {
    control.send({ type: 'switch', [top.role]: row.name });
    close(control);
  }
  return true;
}

function alternativesCommand(control: Controller, top: Of<'alternatives'>, command: Command): boolean {
  const moved = moveIn(command, top.selected, top.candidates.length, page(control));
  if (moved !== null) return put(control, 'alternatives', { selected: moved });
  const candidate = top.candidates[top.selected];
  if (!candidate) return false;
  switch (command) {
    case 'list.choose':
      control.send({ type: 'continue', node: top.node, candidate });
      return close(control);
    case 'alternatives.mark': {
      const { index } = candidate;
      const marks = top.marks.includes(index)
        ? top.marks.filter((mark) => mark !== index)
        : [...top.marks, index].slice(-2);
      return put(control, 'alternatives', { marks });
    }
    case 'alternatives.pair': {
      const [chosen, rejected] = top.marks.map((mark) => top.candidates.find((other) => other.index === mark));
      if (chosen && rejected) control.send({ type: 'pair', node: top.node, chosen, rejected });
      return put(control, 'alternatives', { marks: [] });
    }
    case 'alternatives.more':
      control.send({
        type: 'alternatives',
        node: top.node,
        known: Math.max(...top.candidates.map((other) => other.index)) + 1,
      });
      return put(control, 'alternatives', { done: false });
    case 'alternatives.edit':
      return openEdit(control, 'Edit and rescore (the tree stays as it is)', candidate.text, {
        kind: 'candidate',
        node: top.node,
      });
    default:
      return false;
  }
}

function contextCommand(control: Controller, top: Of<'context'>, command: Command): boolean {
  if (top.pick) {
    const { pick } = top;
    if (command === 'search.apply' || command === 'search.down') {
      return put(control, 'context', { pick: { ...pick, searching: false } });
    }
    if (command === 'context.search') return put(control, 'context', { pick: { ...pick, searching: true } });
    const moved = moveIn(command, pick.selected, pick.rows.length, page(control));
    if (moved !== null) return put(control, 'context', { pick: { ...pick, selected: moved } });
    const row = pick.rows[pick.selected];
    if (command !== 'list.choose' || !row) return false;
    control.guard(async () =>
      setContext(control, (await control.bench.ports.sessions.read(row.corpus, row.id)).context),
    );
    return true;
  }
  const moved = moveIn(command, top.selected, CONTEXT_PARTS.length, CONTEXT_PARTS.length);
  if (moved !== null) return put(control, 'context', { selected: moved });
  const part = CONTEXT_PARTS[top.selected] ?? 'current_summary';
  switch (command) {
    case 'context.edit':
    case 'list.choose':
      return openEdit(control, `Edit ${part.replaceAll('_', ' ')}`, partAsText(top.draft, part), {
        kind: 'context',
        part,
      });
    case 'context.blank':
      setContext(control, blankContext());
      return true;
    case 'context.pick':
    case 'context.search':
      pickContext(control);
      return true;
    default:
      return false;
  }
}

function openEdit(control: Controller, title: string, text: string, purpose: Of<'edit'>['purpose']): true {
  const composer = newComposer({ width: control.state.size.columns - 12, text });
  control.set((state) => ({ ...state, overlays: [...state.overlays, { kind: 'edit', title, composer, purpose }] }));
  return true;
}

function editCommand(control: Controller, top: Of<'edit'>, command: Command): boolean {
  if (command === 'edit.editor') {
    control.guard(async () => {
      const text = await control.withTerminal(() => control.bench.editText(top.composer.text));
      if (text !== null) control.edit({ type: 'set', text });
    });
    return true;
  }
  if (command !== 'edit.save') return false;
  const { purpose, composer } = top;
  close(control);
  switch (purpose.kind) {
    case 'turn':
      control.send({ type: 'edit', node: purpose.node, text: composer.text });
      break;
    case 'candidate':
      control.send({ type: 'rescore', node: purpose.node, text: composer.text });
      break;
    case 'context': {
      const below = topOverlay(control.state);
      if (below?.kind === 'context') setContext(control, textAsPart(below.draft, purpose.part, composer.text));
      break;
    }
    case 'turing':
      turingNoted(purpose.at, composer.text);
      break;
    default:
      reviewEdited(control, purpose, composer.text);
  }
  return true;
}
