import { z } from 'zod';
import { formatDuration } from '../../core/text/quantity.ts';
import {
  ALL_TURNS,
  checkFiguresSchema,
  dpoFiguresSchema,
  judgedFiguresSchema,
} from '../../core/workflows/loop/figures.ts';
import type { LoopStage, Ref } from '../../core/workflows/loop/journal.ts';
import { givenTo, needsOf, outputsOf } from '../../core/workflows/loop/needs.ts';
import { type Cell, cellAt, madeBy } from '../../core/workflows/loop/plan.ts';
import { simulatorOf, timeOf, yieldOf } from '../../core/workflows/loop/view.ts';
import type { Segment } from '../components/Line.tsx';
import type { Tone } from '../theme.ts';
import type { OpenLoop } from './loop.ts';
import { accuracyText } from './loop-figures.ts';
import { STAGE_SIGNS } from './loop-grid.ts';
import { liveCell, meterText } from './loop-run.ts';
import { wrapped } from './runs-view.ts';

/** What each stage does, in a sentence. */
const ABOUT: Readonly<Record<LoopStage, string>> = {
  simulate: 'sessions of this simulator on the contexts of every split',
  discriminator: "a fresh discriminator on this iteration's sessions only",
  score: 'r of every user turn of these sessions, under that discriminator',
  mine: 'alternatives at critical turns, and preference pairs of them',
  review: 'the gate: pairs are approved or rejected',
  dpo: 'the next simulator, trained on the approved pairs',
  check: 'the next simulator beside real users and this one',
};

/** Where Enter goes from a cell: its training run, its pairs, its sessions; or why nowhere. */
export type Jump =
  | { readonly kind: 'run'; readonly id: string }
  | { readonly kind: 'review'; readonly set: string }
  | { readonly kind: 'sessions'; readonly corpus: string }
  | { readonly kind: 'none'; readonly why: string };

export function jumpOf(loop: OpenLoop, cursor: { iteration: number; stage: LoopStage }): Jump {
  const found = cellAt(loop.view.grid, cursor.iteration, cursor.stage);
  if (!found) return { kind: 'none', why: 'there is no such stage' };
  const cell = liveCell(loop, found);
  const of = (stage: LoopStage): string | null => {
    const other = stage === cell.stage ? cell : cellAt(loop.view.grid, cell.iteration, stage);
    if (!other) return null;
    const now = other.state === 'done' || other.begun || liveCell(loop, other).state === 'running';
    // of a stale stage, what it made before
    return (now ? refsOut(loop, other) : other.outputs)[0]?.name ?? null;
  };
  switch (cell.stage) {
    case 'discriminator':
    case 'dpo':
      return cell.run === null
        ? { kind: 'none', why: `${cell.stage} of iteration ${cell.iteration} has no training run` }
        : { kind: 'run', id: cell.run };
    case 'mine':
    case 'review': {
      const set = of('mine');
      return set === null ? { kind: 'none', why: 'no pair of this iteration was mined yet' } : { kind: 'review', set };
    }
    case 'score':
    case 'simulate':
    case 'check': {
      const corpus = of(cell.stage === 'score' ? 'simulate' : cell.stage);
      return corpus === null
        ? { kind: 'none', why: `${cell.stage} of iteration ${cell.iteration} has no sessions yet` }
        : { kind: 'sessions', corpus };
    }
  }
}

const ENTER: Readonly<Record<Exclude<Jump['kind'], 'none'>, (jump: never) => string>> = {
  run: ({ id }: Extract<Jump, { kind: 'run' }>) => `Enter opens the training run ${id}`,
  review: ({ set }: Extract<Jump, { kind: 'review' }>) => `Enter shows the pairs of ${set} in Review`,
  sessions: ({ corpus }: Extract<Jump, { kind: 'sessions' }>) => `Enter lists the sessions of ${corpus}`,
};

/** What a stage made, or is going to make. */
function refsOut({ settings }: OpenLoop, cell: Cell): readonly Ref[] {
  if (cell.outputs.length > 0 && cell.state === 'done') return cell.outputs;
  return outputsOf(settings, cell.iteration, cell.stage, cell.revision);
}

type Row = readonly Segment[];

/** All that is known of the stage under the cursor, as rows of `width` cells. */
export function stageRows(loop: OpenLoop, cursor: { iteration: number; stage: LoopStage }, width: number): Row[] {
  const found = cellAt(loop.view.grid, cursor.iteration, cursor.stage);
  if (!found) return [[{ text: ' nothing here', tone: 'dim' }]];
  const cell = liveCell(loop, found);
  const rows: Row[] = [];
  const pair = (label: string, value: string, tone?: Tone): void => {
    if (value === '') return;
    for (const [index, text] of wrapped(value, width - 14).entries()) {
      rows.push([
        { text: ` ${(index === 0 ? label : '').padEnd(11)} `, tone: 'dim' },
        { text, tone },
      ]);
    }
  };
  const { sign, word, tone } = STAGE_SIGNS[cell.state];
  const cut = cell.resumed ? ' (since it was last begun; what it took before that is not known)' : '';
  const time = cell.seconds === null ? '' : `, ${timeOf(cell, formatDuration)}${cut}`;
  const state = cell.state === 'ready' && cell.begun ? 'begun, and goes on where it was' : word || 'not yet';
  const why = cell.why === null ? '' : `: ${cell.why}`;
  pair('state', `${sign} ${state}${cell.state === 'done' ? time : ''}${why}`, tone);
  if (cell.state === 'running') pair('progress', progressOf(loop, cell), 'focus');
  if (cell.failure) {
    pair('failure', cell.failure.message, 'error');
    for (const text of cell.failure.remedy) pair('what to do', text);
  }
  pair('next', nextOf(loop, cell), cell.state === 'waiting' ? 'warn' : 'plain');
  const jump = jumpOf(loop, cursor);
  if (jump.kind !== 'none') pair('', (ENTER[jump.kind] as (jump: Jump) => string)(jump), 'dim');
  const given = givenTo(loop.settings, cell.iteration, cell.stage) !== null;
  pair('does', given ? 'nothing: what is there is looked at, and taken' : ABOUT[cell.stage]);
  if (cell.state === 'done' || cell.state === 'stale') pair('came to', countsText(cell));
  for (const text of figureTexts(cell)) pair('', text);
  const needs = needsOf(loop.settings, cell.iteration, cell.stage, madeBy(loop.view.grid));
  pair('reads', needs ? refsText(needs.reads) : 'what earlier stages make');
  pair(cell.state === 'done' ? 'made' : 'makes', refsText(refsOut(loop, cell)));
  if (cell.run !== null) pair('run', cell.run);
  if (cell.hash !== null) {
    const revision = cell.revision > 1 ? `, made anew for the ${cell.revision}. time` : '';
    pair('inputs', `${cell.hash}${revision}`, 'dim');
  }
  for (const text of loop.view.notices.slice(-3)) pair('said', text, 'warn');
  return rows;
}

/** What another process leaves on the disk as it goes on. */
const COUNTED: Readonly<Record<LoopStage, string>> = {
  ...{ simulate: 'sessions', check: 'sessions', mine: 'critical turns', discriminator: 'steps', dpo: 'steps' },
  ...{ score: '', review: '' },
};

function progressOf({ view: { doing }, meter }: OpenLoop, { stage }: Cell): string {
  const told = meterText(meter);
  if (doing) return [told, doing.text].filter(Boolean).join(' · ') || 'begins: what it needs is made ready …';
  return told === '' ? 'it does not show from here how far it is' : `${told} · ${COUNTED[stage]}`;
}

/** What one does now about this stage. */
function nextOf(loop: OpenLoop, cell: Cell): string {
  const { gate, holder, view } = loop;
  if (cell.state === 'running') return holder === null ? 'x stops it; it goes on where it was' : `${holder} runs it`;
  if (cell.state === 'waiting' && gate?.iteration === cell.iteration) {
    const { approved, rejected, pending } = gate;
    if (approved + rejected + pending === 0)
      return 'no pair was kept (mine says why): o goes on without any, and DPO refuses';
    const enough = approved < loop.settings.dpo.floor ? ` (DPO needs ${loop.settings.dpo.floor})` : '';
    return `${approved} approved${enough}, ${rejected} rejected, ${pending} pending: Enter reviews them, o opens the gate`;
  }
  const next = view.grid.next;
  const first = next?.iteration === cell.iteration && next.stage === cell.stage;
  if (!first || holder !== null || view.doing) return '';
  if (cell.hash === null) return 'it cannot be run: bring back what is missing, or name another one in loop.json';
  if (cell.state === 'ready' && cell.run !== null) return 's goes on with its training run, i this iteration, a all';
  if (cell.state === 'ready' && cell.begun) return 's goes on with it, i this iteration, a all';
  return cell.state === 'failed' ? 's tries it again, i and a go on after it' : 's runs it, i this iteration, a all';
}

function countsText(cell: Cell): string {
  const rest = Object.entries(cell.counts).filter(([name]) => !yieldOf(cell).includes(name));
  const others = rest.map(([name, count]) => `${Number.isInteger(count) ? count : count.toFixed(3)} ${name}`);
  return [yieldOf(cell), ...others].filter(Boolean).join(', ');
}

function refsText(refs: readonly Ref[]): string {
  const of = (kind: Ref['kind'], word: string) => {
    const names = new Set(refs.filter((ref) => ref.kind === kind).map(({ name }) => name));
    return names.size === 0 ? '' : `${word} ${[...names].join(', ')}`;
  };
  return [
    of('model', 'model'),
    of('chatbot', 'chatbot'),
    of('corpus', 'sessions'),
    of('pairs', 'pairs'),
    of('approved', 'approved pairs of'),
  ]
    .filter(Boolean)
    .join('; ');
}

/** Of the funnel: why turns gave no pair. */
const minedSchema = z.object({ dropped: z.record(z.string(), z.number()) });

/** Figures of a stage that is done, the ones that people look for first. */
function figureTexts({ stage, figures, state }: Cell): string[] {
  if (state !== 'done') return [];
  if (stage === 'discriminator') {
    const judged = judgedFiguresSchema.nullable().catch(null).parse(figures);
    if (!judged) return [];
    const all = Object.entries(judged.beside).map(([name, table]) => `${name} ${accuracyText(table[ALL_TURNS])}`);
    return [`accuracy over all turns ${accuracyText(judged.own[ALL_TURNS])}; beside it: ${all.join(', ')}`];
  }
  if (stage === 'mine') {
    const { dropped } = minedSchema.safeParse(figures).data ?? { dropped: {} };
    const why = Object.entries(dropped).filter(([, count]) => count > 0);
    return why.length === 0
      ? []
      : [`no pair of a turn: ${why.map(([reason, count]) => `${reason} ${count}`).join(', ')}`];
  }
  if (stage === 'dpo') {
    const dpo = dpoFiguresSchema.nullable().catch(null).parse(figures);
    if (!dpo) return [];
    const { loss, chosen_logprob: chosen, rejected_logprob: rejected } = dpo;
    const show = (value: number | null) => (value === null ? '?' : value.toFixed(2));
    return [
      `loss ${show(loss.first)} to ${show(loss.last)}; log-probability of chosen ${show(chosen)}, of rejected ${show(rejected)}`,
      `words a side: chosen ${show(dpo.chosen_words)}, rejected ${show(dpo.rejected_words)}`,
    ];
  }
  if (stage === 'check') {
    const check = checkFiguresSchema.nullable().catch(null).parse(figures);
    if (!check) return [];
    const { real, before, after } = check;
    return [
      `words a turn: ${after.words_a_turn.toFixed(1)}, before ${before.words_a_turn.toFixed(1)}, real users ${real.words_a_turn.toFixed(1)}`,
    ];
  }
  return [];
}

/** The simulator of the iteration under the cursor, for a title. */
export function iterationTitle({ settings, view }: OpenLoop, iteration: number): string {
  const simulator = simulatorOf(view.grid, iteration, settings.simulator);
  return `iteration ${iteration}${simulator === null ? '' : ` (${simulator})`}`;
}
