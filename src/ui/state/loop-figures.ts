import { cellWidth, fitWidth } from '../../core/text/wrap.ts';
import type { Alarm, AlarmPoint, Verdict } from '../../core/workflows/loop/alarms.ts';
import {
  ALL_TURNS,
  checkFiguresSchema,
  type JudgedFigures,
  judgedFiguresSchema,
} from '../../core/workflows/loop/figures.ts';
import type { LoopStage } from '../../core/workflows/loop/journal.ts';
import { cellAt } from '../../core/workflows/loop/plan.ts';
import { simulatorOf } from '../../core/workflows/loop/view.ts';
import type { ChartSeries } from '../components/chart.ts';
import { oneRow, type Segment } from '../components/Line.tsx';
import type { Tone } from '../theme.ts';
import type { OpenLoop } from './loop.ts';

export const VERDICTS: Readonly<Record<Verdict, { readonly sign: string; readonly word: string; tone: Tone }>> = {
  ok: { sign: '✓', word: 'ok', tone: 'ok' },
  watch: { sign: '◆', word: 'watch', tone: 'warn' },
  alarm: { sign: '✗', word: 'ALARM', tone: 'error' },
  unknown: { sign: '·', word: 'not yet', tone: 'dim' },
};

type Row = Segment[];

/** An alarm in one row: verdict, what it is of, its bounds, its value in each iteration. */
export function alarmCells({ code, from, to, points, verdict }: Alarm, width: number): Row {
  const { sign, word, tone } = VERDICTS[verdict];
  const values = newest(points, width).map((point) => `${VERDICTS[point.verdict].sign} ${valueText(point)}`.padEnd(10));
  return [
    { text: `${sign} ${word.padEnd(8)}`, tone },
    { text: code.padEnd(15) },
    { text: boundsText(from, to).padEnd(18), tone: 'dim' },
    { text: values.join(' ') },
  ];
}

/** The iterations that have room, the newest ones. */
function newest(points: readonly AlarmPoint[], width: number): readonly AlarmPoint[] {
  return points.slice(-Math.max(1, Math.floor((width - 43) / 11)));
}

export function alarmsHeader({ points }: Alarm, width: number): Row {
  const titles = newest(points, width).map(({ iteration }) => `  k = ${iteration}`.padEnd(10));
  return [
    { text: `   ${'verdict'.padEnd(8)}${'alarm'.padEnd(15)}${'well'.padEnd(18)}${titles.join(' ')}`, tone: 'strong' },
  ];
}

function valueText({ value }: AlarmPoint): string {
  return value === null ? '-' : short(value);
}

/** Three digits. */
const short = (value: number) => String(Number(value.toPrecision(3)));

function boundsText(from: number | null, to: number | null): string {
  if (from !== null && to !== null) return `${short(from)} to ${short(to)}`;
  return from !== null ? `at least ${short(from)}` : to !== null ? `at most ${short(to)}` : '';
}

/** What an alarm is of, and what its newest figures say. */
export function alarmText({ about, points, verdict, text }: Alarm): string {
  const last = points.findLast((point) => point.value !== null);
  const interval = last?.low == null || last.high === null ? '' : ` [${short(last.low)}, ${short(last.high)}]`;
  const at = last === undefined ? '' : `, iteration ${last.iteration}: ${valueText(last)}${interval}`;
  return last === undefined ? `${about}: ${text}` : `${about}${at}. ${VERDICTS[verdict].word}: ${text}`;
}

/** An alarm as it is drawn: its value over the iterations with what it may lie between, and what is well as lines. */
export function alarmSeries({ code, from, to, points }: Alarm): ChartSeries[] {
  const last = points.at(-1)?.iteration ?? 0;
  const over = (pick: (point: AlarmPoint) => number | null) =>
    points.flatMap((point) => {
      const y = pick(point);
      return y === null ? [] : [{ x: point.iteration, y }];
    });
  const level = (y: number) => [
    { x: 0, y },
    { x: Math.max(1, last), y },
  ];
  const values = over(({ value }) => value);
  if (values.length === 0) return [];
  const low = over((point) => point.low);
  const high = over((point) => point.high);
  return [
    ...(from === null ? [] : [{ name: 'at least', tone: 'warn' as const, sign: null, points: level(from) }]),
    ...(to === null ? [] : [{ name: 'at most', tone: 'error' as const, sign: null, points: level(to) }]),
    ...(low.length === 0 ? [] : [{ name: 'from', tone: 'dim' as const, sign: '╷', points: low }]),
    ...(high.length === 0 ? [] : [{ name: 'to', tone: 'dim' as const, sign: '╵', points: high }]),
    { name: code, tone: 'user', sign: '◆', points: values },
  ];
}

type Accuracy = JudgedFigures['own'][string];
const TURNS = ['1', '5', '10', ALL_TURNS] as const;

/** `.72 [.66 .78]`; `-` for what was not measured. */
export function accuracyText(accuracy: Accuracy | undefined): string {
  if (!accuracy) return '-';
  // `1.0`, so that every figure is three cells wide
  const show = (value: number) => value.toFixed(2).replace(/^0/u, '').replace('1.00', '1.0');
  const { accuracy: value, low, high } = accuracy;
  return low === null || high === null ? show(value) : `${show(value)} [${show(low)} ${show(high)}]`;
}

/** An accuracy with its interval, and a space. */
const CELL = 14;

/** A name in the room there is: what stands in parentheses is shortened, then left out. */
function shortName(name: string, room: number): string {
  const names = [name, name.replace('(chatbot only)', '(bot)'), name.replace(/ \(.*\)$/u, '')];
  return names.find((one) => cellWidth(one) <= room) ?? name;
}

/** The figures of all iterations: what D tells apart beside shortcuts, and how users speak. */
export function figureRows(loop: OpenLoop, width: number): Row[] {
  const label = Math.max(14, Math.min(34, width - TURNS.length * CELL - 2));
  const row = (name: string, cells: readonly string[], tone?: Tone): Row => [
    { text: ` ${fitWidth(oneRow(shortName(name, label), label), label)} ` },
    { text: cells.map((cell) => fitWidth(cell, CELL)).join(''), tone },
  ];
  const turns = TURNS.map((turn) => (turn === ALL_TURNS ? turn : `t = ${turn}`));
  const judged: Row[] = [
    [
      {
        text: ` ${fitWidth('Accuracy of D [95%]', label)} ${turns.map((turn) => turn.padEnd(CELL)).join('')}`,
        tone: 'strong',
      },
    ],
  ];
  const spoken: Row[] = [
    [{ text: ' ' }],
    [
      {
        text: ` ${fitWidth('How users speak', label)} ${['words a turn', 'TTR', 'bigrams'].map((title) => title.padEnd(CELL)).join('')}`,
        tone: 'strong',
      },
    ],
  ];
  const nothing = { judged: judged.length, spoken: spoken.length };
  for (const { iteration } of loop.view.grid.rows) {
    const d = parsed(loop, iteration, 'discriminator', judgedFiguresSchema);
    if (d) {
      const cellsOf = (table: Readonly<Record<string, Accuracy>>) => TURNS.map((turn) => accuracyText(table[turn]));
      judged.push([{ text: ` iteration ${iteration}, judged on ${d.reported_on ?? '?'}`, tone: 'dim' }]);
      judged.push(row(` ${nameOf(loop, iteration)}`, cellsOf(d.own), 'user'));
      for (const [name, table] of Object.entries(d.beside)) judged.push(row(` ${name}`, cellsOf(table)));
    }
    const check = parsed(loop, iteration, 'check', checkFiguresSchema);
    if (check) {
      const { real, before, after, length } = check;
      const side = (of: typeof real) => [
        of.words_a_turn.toFixed(1),
        of.even_ttr.toFixed(3),
        of.even_bigrams.toFixed(3),
      ];
      const { low, high } = length.after;
      const simulator = (k: number) => simulatorOf(loop.view.grid, k, loop.settings.simulator) ?? `simulator ${k}`;
      spoken.push([
        { text: ` iteration ${iteration}, ${check.contexts} contexts; diversity at equal words`, tone: 'dim' },
      ]);
      spoken.push(row(' real users', side(real), 'real'));
      spoken.push(row(` ${simulator(iteration)} (before)`, side(before)));
      spoken.push(row(` ${simulator(iteration + 1)} (after)`, side(after), 'user'));
      spoken.push(
        row(' after / real users', [
          `${length.after.value.toFixed(2)} ${low.toFixed(1)}-${high.toFixed(1)}`,
          check.ttr.real.value.toFixed(2),
          check.bigrams.real.value.toFixed(2),
        ]),
      );
    }
  }
  if (judged.length === nothing.judged)
    judged.push([{ text: '  no discriminator of this loop is done yet', tone: 'dim' }]);
  if (spoken.length === nothing.spoken) spoken.push([{ text: '  no iteration was checked yet', tone: 'dim' }]);
  return [...judged, ...spoken];
}

function nameOf({ view }: OpenLoop, iteration: number): string {
  return cellAt(view.grid, iteration, 'discriminator')?.outputs[0]?.name ?? 'D';
}

function parsed<T>(
  { view }: OpenLoop,
  iteration: number,
  stage: LoopStage,
  schema: { safeParse(value: unknown): { success: boolean; data?: T | undefined } },
): T | null {
  const cell = cellAt(view.grid, iteration, stage);
  return cell?.state === 'done' ? (schema.safeParse(cell.figures).data ?? null) : null;
}
