import { intervalNote } from '../estimate.ts';
import type { Behind, Exhibit, TableRow } from '../table.ts';
import { type Judged, kappaCell, LEAST_POSITIVES, type Measurement } from './agreement.ts';
import { type Agreement, ANY } from './annotations.ts';
import type { Taxonomy } from './taxonomy.ts';

type Place = Judged & { readonly corpus: string };

/**
 * The agreement of an annotator with labels as a table: all categories pooled, then each. Behind a row stand the sessions with a
 * message that has the category by the labels or by the annotator.
 * @param judged the messages that were compared.
 */
export function agreementTable(
  { annotator, task, against, pooled, categories, labels, draws, seed }: Measurement,
  taxonomy: Taxonomy,
  judged: readonly Place[],
  notices: readonly string[],
): Exhibit {
  const groups = new Map(taxonomy.groups.map(({ id, name }) => [id, name]));
  const known = new Map(taxonomy.categories.map((category) => [category.id, category]));
  const unseen = taxonomy.categories.filter(({ id }) => !(id in categories)).map(({ name }) => name);
  const row = (
    key: string,
    name: string,
    group: string | null,
    agreement: Agreement,
    of: readonly Place[],
  ): TableRow => {
    const { positives, found } = agreement;
    const cells = { category: name, kappa: kappaCell(agreement), labelled: positives, found };
    return { key, group, cells, reported: null, behind: behindOf(of) };
  };
  return {
    ...{ type: 'table', id: `agreement-${task}`, title: `${annotator} against ${against}`, paper: null },
    notes: [
      "Cohen's kappa: agreement beyond chance, 1 for complete, 0 for chance. Labelled, found: messages with the category by the labels, and by the annotator.",
      `Without a label of a category there is no kappa; with fewer than ${LEAST_POSITIVES} it does not stand beside figures, since one message more or less decides it.`,
      ...(labels !== null && unseen.length > 0
        ? [`Left out, since ${annotator} cannot see them: ${unseen.join(', ')}.`]
        : []),
      ...notices,
      intervalNote({ draws, seed }, 'sessions'),
    ],
    columns: [
      { key: 'category', title: task === 'actions' ? 'action' : 'issue', format: 'text' },
      { key: 'kappa', title: 'kappa', format: 'decimal2' },
      { key: 'labelled', title: 'labelled', format: 'count' },
      { key: 'found', title: 'found', format: 'count' },
    ],
    rows: [
      row('pooled', 'all pooled', null, pooled, judged),
      ...Object.entries(categories).map(([id, agreement]) => {
        const has = ({ labelled, found }: Place) =>
          id === ANY ? labelled.length + found.length > 0 : labelled.includes(id) || found.includes(id);
        const category = known.get(id);
        const name = id === ANY ? 'any at all' : (category?.name ?? id);
        return row(id, name, groups.get(category?.group ?? '') ?? null, agreement, judged.filter(has));
      }),
    ],
  };
}

function behindOf(judged: readonly Place[]): Behind[] {
  return [...Map.groupBy(judged, ({ corpus }) => corpus)].map(([corpus, own]) => ({
    corpus,
    sessions: [...new Set(own.map(({ session }) => session))],
  }));
}
