import type { Exhibit } from '../../evaluate/table.ts';
import type { EvaluationRecord, EvaluationRecordOf } from './journal.ts';
import { METRICS } from './metrics.ts';

/** What a metric has come to in the last run. `pending`: the run was cut off before it, or goes on. */
export type Section = { readonly metric: string; readonly title: string } & (
  | {
      readonly state: 'exhibits';
      readonly exhibits: readonly Exhibit[];
      readonly key: string;
      readonly seconds: number;
    }
  | { readonly state: 'missing'; readonly reason: string; readonly remedy: readonly string[] }
  | { readonly state: 'pending' }
);

/** The last run of an evaluation, as it stands. */
export interface EvaluationView {
  readonly begin: EvaluationRecordOf<'begin'>;
  readonly sections: readonly Section[];
  readonly end: EvaluationRecordOf<'end'> | null;
}

/** @returns null for an evaluation that never ran. */
export function evaluationView(records: readonly EvaluationRecord[]): EvaluationView | null {
  const at = records.findLastIndex(({ type }) => type === 'begin');
  const begin = records[at];
  if (begin?.type !== 'begin') return null;
  const known = new Map<string, EvaluationRecordOf<'exhibits'>>();
  for (const record of records) if (record.type === 'exhibits') known.set(`${record.metric} ${record.key}`, record);
  const own = records.slice(at + 1);
  const end = own.findLast((record) => record.type === 'end') ?? null;
  return { begin, sections: begin.metrics.map((metric) => sectionOf(metric, own, known)), end };
}

/** Names of the corpora of an evaluation whose sessions are simulated. */
export function simulatedCorpora({ begin }: Pick<EvaluationView, 'begin'>): Set<string> {
  return new Set(begin.sides.flatMap(({ kind, corpora }) => (kind === 'simulated' ? corpora : [])));
}

function sectionOf(
  metric: string,
  own: readonly EvaluationRecord[],
  known: ReadonlyMap<string, EvaluationRecordOf<'exhibits'>>,
): Section {
  const title = METRICS.find(({ id }) => id === metric)?.title ?? metric;
  const last = own.findLast((record) => 'metric' in record && record.metric === metric);
  if (last?.type === 'missing') return { metric, title, state: 'missing', reason: last.reason, remedy: last.remedy };
  const found = last?.type === 'kept' || last?.type === 'exhibits' ? known.get(`${metric} ${last.key}`) : undefined;
  if (!found) return { metric, title, state: 'pending' };
  return { metric, title, state: 'exhibits', exhibits: found.exhibits, key: found.key, seconds: found.seconds };
}
