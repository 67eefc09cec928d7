import type { Exhibit } from '../../core/evaluate/table.ts';
import { agreementByHand } from '../../core/workflows/evaluate/label-agreement.ts';
import { sittingExhibits } from '../../core/workflows/turing/figures.ts';
import { newComposer } from '../components/composer.ts';
import type { Command } from '../keys/table.ts';
import { exhibitBehind, exhibitSize } from '../state/evaluate-table.ts';
import { type ChooseOverlay, changeOverlay, type Overlay } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { moveIn, scrollIn } from './lists.ts';
import { showBehind } from './sessions-commands.ts';

type Tables = Extract<Overlay, { kind: 'exhibits' }>;

/** Of the intervals, as the commands have it by default. */
const DRAWS = { seed: 1, draws: 2000 };

interface Cursor {
  readonly row: number;
  readonly column: number;
}

/** Where a key takes the cursor of an exhibit; null for other commands. */
export function moveInExhibit(
  command: Command,
  { row, column }: Cursor,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  page: number,
): Partial<Cursor> | null {
  const moved = moveIn(command, Math.min(row, Math.max(0, rows - 1)), rows, page);
  if (moved !== null) return { row: moved };
  if (command === 'exhibit.left') return { column: Math.max(0, Math.min(column, columns - 1) - 1) };
  if (command === 'exhibit.right') return { column: Math.max(0, Math.min(column + 1, columns - 1)) };
  return null;
}

/** Goes to the sessions behind the row or the point under the cursor. */
export function showBehindCursor(
  control: Controller,
  exhibit: Exhibit,
  at: Cursor,
  simulated: ReadonlySet<string>,
): void {
  const { name, behind } = exhibitBehind(exhibit, at, simulated);
  if (behind.length === 0) {
    control.tell('warn', `no session stands behind ${name === '' ? 'this' : name} alone: try another row`);
    return;
  }
  showBehind(control, { title: `${name} of ${exhibit.title}`, among: behind });
}

/** Shows tables over what they are about, in the place of those that show. */
function open(control: Controller, tables: Pick<Tables, 'exhibits' | 'simulated' | 'agreement'>): void {
  const fresh: Tables = { kind: 'exhibits', ...tables, at: 0, row: 0, column: 0, notes: null };
  control.set((state) => {
    const others = state.overlays.filter(({ kind }) => kind !== 'exhibits');
    return { ...state, message: null, overlays: [...others, fresh] };
  });
}

/** Tells that something is computed, and shows it unless the person went on meanwhile: their next key is for what they see. */
function compute(
  control: Controller,
  kind: 'label' | 'turing',
  work: () => Promise<Pick<Tables, 'exhibits' | 'simulated' | 'agreement'>>,
): void {
  const sitting = () => control.state.overlays.find((overlay) => overlay.kind === kind);
  const asked = sitting();
  control.tell('dim', 'counting …');
  control.guard(async () => {
    const tables = await work();
    const now = sitting();
    if (now && now === asked) open(control, tables);
    else if (now) control.tell('dim', 'you went on meanwhile: Ctrl+G counts again');
  });
}

/** The agreement of an annotator with what this person has labelled so far. */
export function showAgreement(control: Controller, sample: string, labeller: string, by: string): void {
  compute(control, 'label', async () => {
    const { sessions, clock } = control.bench.ports;
    const ports = { sessions, clock, samples: await control.bench.samples() };
    const of = { names: [sample], labeller, made: null };
    const request = { ...DRAWS, by, taxonomy: null };
    const { measurement, exhibit } = await agreementByHand(ports, of, request, control.signal);
    return { exhibits: [exhibit], simulated: new Set<string>(), agreement: { sample, labeller, by, measurement } };
  });
}

/** How often this person was right in the sessions that they have judged, beside the discriminators. */
export function showFigures(control: Controller, sitting: string, by: string): void {
  compute(control, 'turing', async () => {
    const ports = { sessions: control.bench.ports.sessions, stores: await control.bench.sittings() };
    return { ...(await sittingExhibits(ports, [sitting], by, DRAWS)), agreement: null };
  });
}

/** Another annotator is measured against the same labels. */
export function annotatorChosen(control: Controller, by: string): void {
  const shown = control.state.overlays.find((overlay) => overlay.kind === 'exhibits');
  if (shown?.agreement) showAgreement(control, shown.agreement.sample, shown.agreement.labeller, by);
}

/** Commands of tables that lie on a sitting. @returns false if the command is not one of them. */
export function exhibitsCommand(control: Controller, top: Tables, command: Command): boolean {
  const put = (next: Partial<Tables>) =>
    control.set((state) => changeOverlay(state, 'exhibits', (now) => ({ ...now, ...next })));
  const exhibit = top.exhibits[top.at];
  if (!exhibit) return false;
  const page = Math.max(1, control.state.size.rows - 9);
  if (top.notes !== null) {
    const moved = scrollIn(command, top.notes, page);
    if (moved !== null) {
      put({ notes: moved });
      return true;
    }
  }
  const moved = moveInExhibit(command, top, exhibitSize(exhibit, top.simulated), page);
  if (moved !== null) {
    put(moved);
    return true;
  }
  switch (command) {
    case 'exhibit.sessions':
      showBehindCursor(control, exhibit, top, top.simulated);
      return true;
    case 'tables.next':
    case 'tables.previous': {
      const at = top.at + (command === 'tables.next' ? 1 : -1);
      put({ at: Math.max(0, Math.min(top.exhibits.length - 1, at)), row: 0, column: 0, notes: null });
      return true;
    }
    case 'tables.notes':
      put({ notes: top.notes === null ? 0 : null });
      return true;
    case 'tables.annotator':
      chooseAnnotator(control);
      return true;
    case 'tables.keep':
      if (top.agreement) keep(control, top.agreement);
      return true;
    default:
      return false;
  }
}

function chooseAnnotator(control: Controller): void {
  control.guard(async () => {
    const models = await control.bench.ports.models.list();
    const asked = models.filter(({ kind }) => kind === 'judge' || kind === 'chatbot');
    const overlay: ChooseOverlay = {
      ...{ kind: 'choose', title: 'Measure', purpose: { kind: 'annotator' }, many: false, free: null },
      ...{ marked: [], selected: 0, query: newComposer({ width: 60 }) },
      options: [
        { value: 'rules', help: 'word lists and patterns, no model' },
        ...asked.map(({ name }) => ({ value: name, help: 'what it has said: foil eval annotate' })),
      ],
    };
    control.set((state) => ({ ...state, message: null, overlays: [...state.overlays, overlay] }));
  });
}

function keep(control: Controller, { by, measurement }: NonNullable<Tables['agreement']>): void {
  control.guard(async () => {
    await (await control.bench.samples()).keep(measurement);
    control.tell('ok', `kept: it stands beside every figure of ${by}, where a category has enough labels`);
  });
}
