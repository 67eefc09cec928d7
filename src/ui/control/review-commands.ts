import type { Place, ReviewCommand } from '../../core/workflows/review/types.ts';
import { newComposer } from '../components/composer.ts';
import { moveTranscript, type TranscriptMove } from '../components/transcript.ts';
import type { Command } from '../keys/table.ts';
import { layout } from '../layout.ts';
import { reviewPanes, sideWidth } from '../screens/review/layout.ts';
import { statusRows } from '../screens/Status.tsx';
import { pairKey, REVIEW_PANES, type ReviewUi } from '../state/review.ts';
import { choiceRows, choiceTitle, type ReviewChoice, takeChoice, takesMany } from '../state/review-choices.ts';
import { historyItems, reviewCache, sideText } from '../state/review-text.ts';
import { sideName, statisticsRows } from '../state/review-view.ts';
import { changeOverlay, type EditPurpose, type Overlay, topOverlay } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { moveIn } from './lists.ts';

type ReviewPurpose = Extract<EditPurpose, { kind: 'side' | 'note' | 'reviewer' }>;

const SENT: Partial<Record<Command, ReviewCommand>> = {
  'review.approve': { type: 'approve' },
  'review.reject': { type: 'reject' },
  'review.skip': { type: 'skip' },
  'review.left': { type: 'pick', place: 'left' },
  'review.right': { type: 'pick', place: 'right' },
  'review.none': { type: 'pick', place: 'none' },
  'review.swap': { type: 'swap' },
  'review.undo': { type: 'undo' },
  'review.next': { type: 'next' },
  'review.previous': { type: 'previous' },
};

/** Commands of the Review screen. @returns false if the command is not one of them, or another screen has the keys. */
export function reviewCommand(control: Controller, command: Command): boolean {
  const { screen, review } = control.state;
  if (screen !== 'review' || topOverlay(control.state) || !review) return false;
  const sent = SENT[command];
  if (sent) {
    control.review.type(sent);
    return true;
  }
  switch (command) {
    case 'review.blind':
      control.review.type({ type: 'options', change: { blind: !review.options.blind } });
      return true;
    case 'review.reload':
      control.review.open();
      return true;
    case 'review.editLeft':
      editSide(control, review, 'left');
      return true;
    case 'review.editRight':
      editSide(control, review, 'right');
      return true;
    case 'review.note':
      editNote(control, review);
      return true;
    case 'review.filter':
      choose(control, 'filter');
      return true;
    case 'review.order':
      choose(control, 'order');
      return true;
    case 'review.pass':
      choose(control, 'pass');
      return true;
    case 'review.statistics':
      push(control, { kind: 'statistics', top: 0 });
      return true;
    case 'review.pane': {
      const pane = REVIEW_PANES[(REVIEW_PANES.indexOf(review.pane) + 1) % REVIEW_PANES.length] ?? 'history';
      change(control, { pane });
      return true;
    }
    default:
      return scroll(control, review, command);
  }
}

/** What was written: a side, a note, or the name of a reviewer. */
export function reviewEdited(control: Controller, purpose: ReviewPurpose, text: string): void {
  const { review } = control.state;
  if (!review) return;
  if (purpose.kind === 'reviewer') {
    const reviewer = text.trim();
    if (reviewer === '') control.tell('warn', 'a reviewer needs a name');
    else if (reviewer.startsWith('rule:'))
      control.tell('warn', 'names that begin with "rule:" are of rules, not persons');
    else control.review.type({ type: 'options', change: { reviewer, pass: 1 } });
  } else if (pairKey(review) !== purpose.pair) {
    control.tell('error', 'another pair shows now: nothing was changed');
  } else if (purpose.kind === 'note') {
    control.review.type({ type: 'note', text });
  } else {
    control.review.type({ type: 'edit', place: purpose.place, text });
  }
}

/** What was chosen from a list of options. */
export function reviewChosen(control: Controller, choice: ReviewChoice, value: string): void {
  const { review } = control.state;
  if (!review) return;
  const chosen = takeChoice(choice, value, review.options, () => control.bench.newSeed());
  if (!chosen) return;
  if ('open' in chosen) choose(control, chosen.open);
  else if ('ask' in chosen) openEdit(control, 'Who reviews', '', { kind: 'reviewer' });
  else control.review.type({ type: 'options', change: chosen.change });
}

export function statisticsCommand(
  control: Controller,
  top: Extract<Overlay, { kind: 'statistics' }>,
  command: Command,
): boolean {
  if (command === 'statistics.close') {
    control.set((state) => ({ ...state, overlays: state.overlays.slice(0, -1) }));
    return true;
  }
  const { review, size } = control.state;
  const height = size.rows - 3 - statusRows(control.state, size.columns) - 2;
  const rows = review ? statisticsRows(review, size.columns - 2).length : 0;
  const moved = moveIn(command.replace('scroll.', 'list.') as Command, top.top, Math.max(1, rows - height + 1), height);
  if (moved === null) return false;
  control.set((state) => changeOverlay(state, 'statistics', (overlay) => ({ ...overlay, top: moved })));
  return true;
}

function change(control: Controller, next: Partial<ReviewUi>): void {
  control.set((state) => (state.review ? { ...state, review: { ...state.review, ...next } } : state));
}

function push(control: Controller, overlay: Overlay): void {
  control.set((state) => ({ ...state, overlays: [...state.overlays, overlay] }));
}

function openEdit(control: Controller, title: string, text: string, purpose: ReviewPurpose): void {
  const composer = newComposer({ width: control.state.size.columns - 12, text });
  push(control, { kind: 'edit', title, composer, purpose });
}

function editSide(control: Controller, review: ReviewUi, place: Place): void {
  const pair = stillHere(control, review);
  if (!pair) return;
  const scored = review.pair?.discriminator ? '; it is scored again' : '';
  const title = `Edit ${review.pair ? sideName(review.pair, place) : place}${scored}`;
  openEdit(control, title, review.pair?.[place].content ?? '', { kind: 'side', place, pair });
}

function editNote(control: Controller, review: ReviewUi): void {
  const pair = stillHere(control, review);
  if (pair)
    openEdit(control, 'Note on this pair (empty takes it away)', review.pair?.note ?? '', { kind: 'note', pair });
}

/** The pair to open something about; null, with a word to the reviewer, where the next one is about to show. */
function stillHere(control: Controller, review: ReviewUi): string | null {
  const pair = pairKey(review);
  if (pair !== null && !control.review.isMoving) return pair;
  control.tell('warn', 'another pair is about to show: press it again');
  return null;
}

function choose(control: Controller, choice: ReviewChoice): void {
  control.guard(async () => {
    const sets = choice === 'sets' || choice === 'pass' ? await control.bench.ports.pairs.sets() : [];
    const { review } = control.state;
    if (!review) return;
    push(control, {
      kind: 'choose',
      title: choiceTitle(choice),
      purpose: { kind: 'review', choice },
      options: choiceRows(choice, review.options, sets),
      many: takesMany(choice),
      free: null,
      marked: [],
      query: newComposer({ width: 40 }),
      selected: 0,
    });
  });
}

const MOVES: Partial<Record<Command, Exclude<TranscriptMove, object>>> = {
  'scroll.up': 'up',
  'scroll.down': 'down',
  'scroll.pageUp': 'pageUp',
  'scroll.pageDown': 'pageDown',
  'review.top': 'top',
  'review.bottom': 'bottom',
};

/** Scrolls the pane that has the focus; both sides scroll as one. */
function scroll(control: Controller, review: ReviewUi, command: Command): boolean {
  const move = MOVES[command];
  const { pair } = review;
  if (!move || !pair) return move !== undefined;
  const { columns, rows } = control.state.size;
  const regions = layout(columns, rows, 1, statusRows(control.state, columns));
  if (regions.kind === 'small') return true;
  const panes = reviewPanes(pair, regions);
  if (review.pane === 'history') {
    const view = { width: panes.history.width - 2, height: panes.history.height - 2, cache: reviewCache };
    change(control, { history: moveTranscript(historyItems(pair), review.history, view, move) });
    return true;
  }
  const hidden = (place: Place) =>
    sideText(pair, place, sideWidth(panes[place])).rows.length - (panes[place].height - 2);
  const last = Math.max(0, hidden('left'), hidden('right'));
  const page = Math.max(1, Math.min(panes.left.height, panes.right.height) - 3);
  const to = {
    up: review.top - 1,
    down: review.top + 1,
    pageUp: review.top - page,
    pageDown: review.top + page,
    top: 0,
    bottom: last,
  };
  const top = to[move as keyof typeof to];
  change(control, { top: Math.max(0, Math.min(last, top)) });
  return true;
}
