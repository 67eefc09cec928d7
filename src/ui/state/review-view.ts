import { formatError } from '../../core/errors.ts';
import type { AgreementWithD, Kappa } from '../../core/preference/agreement.ts';
import type { ShownPair, ShownSide } from '../../core/workflows/review/types.ts';
import type { Segment } from '../components/Line.tsx';
import { BLIND_EVERY, type ReviewUi } from './review.ts';
import { unrelated } from './review-text.ts';
import { wrapped } from './runs-view.ts';
import { formatR } from './view.ts';

const percent = (share: number) => `${Math.round(100 * share)}%`;

/** Below this width the counts are signs, those that the verdicts have, so that five digits of each still fit. */
const WORDS = 110;

/** Counts, pace and agreement in one row. */
export function countsRow({ stats, blind, options }: ReviewUi, width: number): Segment[] {
  if (!stats) return [{ text: ' ' }];
  const { done, of, approved, rejected, skipped, pace } = stats;
  const agreement = options.blind ? (blind ?? stats.blindAgreement) : stats.agreement;
  const words = width >= WORDS;
  return [
    { text: ` ${done} of ${of} done ·`, tone: 'strong' },
    { text: words ? ` ${approved} approved` : ` ✓ ${approved}`, tone: 'ok' },
    { text: words ? ` ${rejected} rejected` : ` ✗ ${rejected}`, tone: 'fake' },
    { text: words ? ` ${skipped} skipped` : ` ↷ ${skipped}`, tone: 'dim' },
    { text: ` · ${pace.perMinute === null ? '-' : pace.perMinute.toFixed(1)}/min` },
    { text: ` · ${withD(agreement)}` },
    ...(options.blind ? [{ text: ` (every ${BLIND_EVERY})`, tone: 'dim' as const }] : []),
    ...(stats.conflicts > 0 ? [{ text: ` · ${stats.conflicts} in conflict`, tone: 'warn' as const }] : []),
  ];
}

function withD({ share, n }: AgreementWithD): string {
  return share === null ? 'D agrees -' : `D agrees ${percent(share)} of ${n}`;
}

const VERDICTS = {
  approved: { text: '✓ approved', tone: 'ok' },
  rejected: { text: '✗ rejected', tone: 'fake' },
  skipped: { text: '↷ skipped', tone: 'warn' },
  pending: { text: 'not decided', tone: 'dim' },
} as const;

/** Which pair it is, and what was made of it. */
export function pairRow(pair: ShownPair): Segment[] {
  const { position, of, set, kind, t, session, corpus, margin, verdict, swapped, blind, simulator, discriminator } =
    pair;
  return [
    { text: ` ${position} of ${of}  ` },
    VERDICTS[verdict],
    ...(blind ? [{ text: '  BLIND', tone: 'warn' as const }] : []),
    ...(swapped ? [{ text: '  swapped', tone: 'warn' as const }] : []),
    { text: margin === null ? '' : `  margin ${formatR(margin)}` },
    { text: `  ${kind === 'manual' ? 'manual' : kind === 'random' ? 'random r' : `${kind} r`}, t ${t}  ` },
    { text: `${set}  ${corpus === null ? '' : `${corpus}/`}${session}  ${simulator}`, tone: 'dim' },
    { text: discriminator === null ? '' : ` judged by ${discriminator}`, tone: 'dim' },
  ];
}

/** The reward and what else is to say of a side, for its border. */
export function sideNote(pair: ShownPair, side: ShownSide, scoring: string | null): string {
  if (pair.blind) return side.edited ? 'edited' : '';
  const r = side.r === null ? (scoring === null || !side.edited ? 'no r' : 'being scored …') : `r ${formatR(side.r)}`;
  const by = side.by === null ? '' : side.by.kind === 'human' ? 'a person' : side.by.name;
  return [r, side.edited ? 'edited' : '', by].filter(Boolean).join(' · ');
}

/** Warnings and the note, wrapped; at most `limit` rows, the last of which says what is left out. */
export function remarks(pair: ShownPair, width: number, limit: number): Segment[][] {
  const rows: Segment[][] = pair.warnings.flatMap(({ code, place, text }) => {
    const side = place === null ? '' : ` (${sideName(pair, place)})`;
    return wrapped(`! ${code}${side}: ${text.replaceAll('\n', ' ')}`, width - 2).map((row): Segment[] => [
      { text: ` ${row}`, tone: 'warn' },
    ]);
  });
  if (pair.note !== null && pair.note !== '') {
    rows.push(...wrapped(`note: ${pair.note.replaceAll('\n', ' ')}`, width - 2).map((row) => [{ text: ` ${row}` }]));
  }
  if (rows.length <= limit) return rows;
  const left = rows.length - limit + 1;
  return [...rows.slice(0, limit - 1), [{ text: ` … ${left} more rows of remarks: g shows them`, tone: 'warn' }]];
}

export function sideName(pair: ShownPair, place: 'left' | 'right'): string {
  if (pair.blind) return place === 'left' ? '1' : '2';
  return pair[place].role ?? place;
}

/** What the queue holds, for the border of the history. */
export function queueNote({ options, pair }: ReviewUi): string {
  const { filter, order, reviewer, pass } = options;
  return [
    pass === 1 ? reviewer : `${reviewer}, pass ${pass}`,
    filter.decided,
    filter.sets ? filter.sets.join(' ') : '',
    filter.kinds ? filter.kinds.join(' ') : '',
    filter.warnings ? (filter.warnings.length === 0 ? 'without warnings' : filter.warnings.join(' ')) : '',
    order === 'made' ? '' : `by ${order}`,
    pair && unrelated(pair) ? 'sides differ throughout' : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Why there is no pair to show, and what can be done. */
export function emptyText({ loading, failed, stats, options }: ReviewUi): string {
  if (failed) return `${formatError(failed)}\n\nr tries again.`;
  if (loading || !stats) return 'reading the pairs …';
  const { approved, rejected, skipped, pending, of } = stats;
  const all = approved + rejected + skipped + pending;
  if (all === 0 && !options.filter.sets && !options.filter.kinds) {
    return [
      'There is no pair yet. Pairs come from two places:',
      '',
      '  foil mine        samples 8 alternatives at critical turns of a corpus and keeps the best against the worst',
      '  Chat, m          makes one by hand: a user turn, a (8 alternatives), Space marks two, m keeps them',
      '',
      'Then F4, or r here.',
    ].join('\n');
  }
  if (of === 0) {
    return `No pair matches: ${all} in these sets, ${pending} of them not decided by ${options.reviewer} in pass ${options.pass}.\n\nf shows others, p goes to another pass or reviewer.`;
  }
  return [
    `The end of the queue: ${stats.done} of ${of} done.`,
    '',
    `${approved} approved, ${rejected} rejected, ${skipped} skipped, ${pending} left.`,
    '',
    'u takes back the last decision, ← looks back, g shows figures.',
    'f shows others (skipped, against-d, conflict), p begins another pass over your own labels.',
    'foil train dpo --pairs NAME trains on what was approved.',
  ].join('\n');
}

/** The figures of the statistics panel, in rows; first what could not all be shown of this pair. */
export function statisticsRows({ stats, options, pair, blind }: ReviewUi, width: number): Segment[][] {
  const rows: Segment[][] = [];
  const section = (text: string) => rows.push([{ text: ' ' }], [{ text: ` ${text}`, tone: 'strong' }]);
  const figure = (name: string, value: string) =>
    rows.push(
      ...wrapped(value, width - 32).map((row, index): Segment[] => [
        { text: `   ${(index === 0 ? name : '').padEnd(26)} `, tone: 'dim' },
        { text: row },
      ]),
    );
  if (stats) {
    section(`${options.reviewer}, pass ${options.pass}`);
    figure('decided', `${stats.approved} approved, ${stats.rejected} rejected, ${stats.skipped} skipped`);
    figure('not decided', String(stats.pending));
    const { perMinute, medianSeconds } = stats.pace;
    figure('pace', perMinute === null ? 'nothing decided in the last minutes' : `${perMinute.toFixed(1)} a minute`);
    figure('time on a pair, median', medianSeconds === null ? '-' : `${medianSeconds.toFixed(1)} s`);
    section('Agreement with the discriminator');
    if (!options.blind) figure('of pairs with a side', agreement(stats.agreement));
    figure('picked blind', agreement(options.blind ? (blind ?? stats.blindAgreement) : stats.blindAgreement));
    figure('labels against it', options.blind ? 'not told while blind' : `${stats.againstD} (f, decided: against-d)`);
    section('Agreement of people');
    const { self } = stats;
    figure('with yourself', self ? `passes ${self.passes.join(' and ')}: ${kappa(self)}` : 'no second pass yet (p)');
    for (const other of stats.others) figure(`with ${other.reviewer}`, kappa(other));
    if (stats.others.length === 0) figure('with others', 'nobody else has labelled these pairs');
    figure('in conflict', `${stats.conflicts}${stats.conflicts > 0 ? ' (f, decided: conflict)' : ''}`);
  }
  if (pair) {
    section('This pair');
    rows.push(...remarks(pair, width - 2, Number.POSITIVE_INFINITY));
    if (pair.warnings.length === 0) figure('warnings', 'none');
  }
  return rows.slice(1);
}

function agreement({ share, interval, n, agree, none }: AgreementWithD): string {
  const rejected = none > 0 ? `; ${none} rejected` : '';
  if (share === null || interval === null) return `-${rejected}`;
  return `${percent(share)} (${agree} of ${n}; 95% interval ${percent(interval.low)} to ${percent(interval.high)})${rejected}`;
}

function kappa({ n, agree, kappa: value }: Kappa): string {
  const shown = value === null ? 'kappa undefined: only one label was used' : `Cohen's kappa ${value.toFixed(2)}`;
  return `${shown}, ${percent(agree)} equal of ${n}`;
}
