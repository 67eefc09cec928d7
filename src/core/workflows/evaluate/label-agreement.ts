import { FoilError } from '../../errors.ts';
import { type Judged, type Measurement, measureAgreement } from '../../evaluate/behaviour/agreement.ts';
import { agreementTable } from '../../evaluate/behaviour/agreement-table.ts';
import { ANY } from '../../evaluate/behaviour/annotations.ts';
import { SOURCE_LABELS, sourceLabelsOf } from '../../evaluate/behaviour/source-labels.ts';
import { type Task, taxonomyName } from '../../evaluate/behaviour/taxonomy.ts';
import type { Exhibit } from '../../evaluate/table.ts';
import type { Draws } from '../../metrics/bootstrap.ts';
import type { AnnotationStore, Annotator } from '../../ports.ts';
import type { Session } from '../../session/schema.ts';
import { foldLabels, labelsBy } from './label.ts';
import type { SampleItem } from './label-types.ts';
import { type SamplePorts, saidBy } from './samples.ts';

export interface AgreementRequest extends Draws {
  /** The annotator: `rules`, or a judge or chatbot whose answers are kept. */
  readonly by: string;
  /** File of the taxonomy; null for that of the sample, or the one that ships. */
  readonly taxonomy: string | null;
}

/** An agreement as files keep it, and as it is shown. */
export interface ShownAgreement {
  readonly measurement: Measurement;
  readonly exhibit: Exhibit;
  readonly notices: readonly string[];
}

/** A message that is labelled, and where it stands. */
type Labelled = Omit<Judged, 'found'> & { readonly corpus: string };

/**
 * Agreement of an annotator with one person's labels of some samples of one task. A message of two samples counts once.
 * @param made who labelled and how, in words; null for their name and the samples.
 * @throws FoilError `usage` for samples of two tasks, `no-labels` where no message has both a label and an answer.
 */
export async function agreementByHand(
  ports: SamplePorts,
  {
    names,
    labeller,
    made,
  }: { readonly names: readonly string[]; readonly labeller: string; readonly made: string | null },
  request: AgreementRequest,
  signal: AbortSignal,
): Promise<ShownAgreement> {
  const items = new Map<string, SampleItem & { readonly categories: readonly string[] }>();
  const tasks = new Set<Task>();
  let file = request.taxonomy;
  for (const name of names) {
    const { sample, records, close } = await ports.samples.open(name);
    await close();
    tasks.add(sample.task);
    file ??= sample.taxonomy_file ?? null;
    const labels = labelsBy(foldLabels(records), labeller);
    for (const item of sample.items) {
      const categories = labels.get(item.id);
      if (categories !== undefined && !items.has(item.id)) items.set(item.id, { ...item, categories });
    }
  }
  const [task] = tasks;
  if (task === undefined || tasks.size > 1) {
    throw new FoilError('usage', `${names.join(',')} are samples of ${[...tasks].join(' and ')}`, {
      remedy: 'name samples of one task',
    });
  }
  const labelled = [...items.values()];
  return await withAnnotator(ports, task, { ...request, taxonomy: file }, signal, async (annotator, store) => {
    const wanted = new Set(labelled.map(({ corpus, session }) => `${corpus}/${session}`));
    const said = await readAndAsk(
      ports,
      annotator,
      store,
      signal,
    )(
      labelled.map(({ corpus }) => corpus),
      (corpus, { id }) => wanted.has(`${corpus}/${id}`),
    );
    const judged = judgedOf(
      labelled.map(({ categories, ...item }) => ({ ...item, labelled: categories })),
      said.at,
    );
    if (judged.length === 0) {
      throw new FoilError(
        'no-labels',
        `no message has both a label by ${labeller} and an answer of ${annotator.name}`,
        {
          remedy: [
            'label the sample: F6 and l on the screen, or `foil eval label`',
            'labels of another person: --labeller; answers of a judge: `foil eval annotate`',
          ],
        },
      );
    }
    const missing = labelled.length - judged.length;
    return shown(annotator, judged, {
      ...request,
      categories: annotator.task === 'issues' ? [...annotator.sees, ANY] : annotator.sees,
      against: made ?? `labels by ${labeller} (${names.join(', ')})`,
      labels: labelled.map(({ id, weight, categories }) => ({ item: id, weight, categories: [...categories] })),
      notices:
        missing > 0 ? [`${missing} labelled messages have no answer of ${annotator.name}: they are left out`] : [],
    });
  });
}

/** Agreement of an annotator with the labels that corpora bring along, one a kind of label that is in them. */
export async function agreementBySource(
  ports: SamplePorts,
  { task, corpora }: { readonly task: Task; readonly corpora: readonly string[] },
  request: AgreementRequest,
  signal: AbortSignal,
): Promise<ShownAgreement[]> {
  return await withAnnotator(ports, task, request, signal, async (annotator, store) => {
    const said = await readAndAsk(ports, annotator, store, signal)(corpora, () => true);
    return SOURCE_LABELS.filter((labels) => labels.task === task).flatMap((labels): ShownAgreement[] => {
      const labelled = said.sessions.flatMap(({ corpus, session }) =>
        sourceLabelsOf(session, labels).map(({ turn, categories }): Labelled => {
          return { corpus, session: session.id, turn, labelled: categories, weight: 1 };
        }),
      );
      const judged = judgedOf(labelled, said.at);
      if (judged.length === 0) return [];
      const categories = labels.categories.filter((id) => id === ANY || annotator.sees.includes(id));
      return [shown(annotator, judged, { ...request, categories, against: labels.says, labels: null, notices: [] })];
    });
  });
}

async function withAnnotator<T>(
  { samples }: SamplePorts,
  task: Task,
  { by, taxonomy: file }: AgreementRequest,
  signal: AbortSignal,
  work: (annotator: Annotator, store: AnnotationStore) => Promise<T>,
): Promise<T> {
  const { annotator, store } = await samples.annotator(by, await samples.taxonomy(task, file), signal);
  try {
    return await work(annotator, store);
  } finally {
    await store.close();
  }
}

type Found = (item: Pick<Labelled, 'corpus' | 'session' | 'turn'>) => readonly string[] | null;

/** Reads sessions of corpora, and what the annotator said of each message; null where it said nothing. */
function readAndAsk(ports: SamplePorts, annotator: Annotator, store: AnnotationStore, signal: AbortSignal) {
  return async (corpora: readonly string[], wanted: (corpus: string, session: Session) => boolean) => {
    const sessions: { readonly corpus: string; readonly session: Session }[] = [];
    const marks = new Map<string, readonly string[]>();
    for (const corpus of new Set(corpora)) {
      const own: Session[] = [];
      for await (const session of ports.sessions.stream(corpus)) if (wanted(corpus, session)) own.push(session);
      sessions.push(...own.map((session) => ({ corpus, session })));
      for (const { id, messages } of await saidBy(ports, annotator, store, own, signal))
        for (const { turn, categories } of messages) marks.set(`${corpus}/${id}/${turn}`, categories);
    }
    const at: Found = ({ corpus, session, turn }) => marks.get(`${corpus}/${session}/${turn}`) ?? null;
    return { sessions, at };
  };
}

function judgedOf(labelled: readonly Labelled[], at: Found) {
  return labelled.flatMap((item): (Judged & Labelled)[] => {
    const found = at(item);
    const { corpus, session, turn, labelled: given, weight } = item;
    return found === null ? [] : [{ corpus, session, turn, labelled: given, found, weight }];
  });
}

function shown(
  { name, version, task, taxonomy }: Annotator,
  judged: readonly (Judged & Labelled)[],
  of: Draws &
    Pick<Measurement, 'against' | 'labels'> & { readonly categories: readonly string[]; readonly notices: string[] },
): ShownAgreement {
  const { categories, against, draws, seed, labels, notices } = of;
  const result = measureAgreement(judged, categories, against, { draws, seed });
  const measurement: Measurement = {
    ...{ annotator: name, version, task, taxonomy: taxonomyName(taxonomy), against, draws, seed, labels },
    pooled: result.pooled,
    categories: Object.fromEntries(result.categories),
  };
  return { measurement, exhibit: agreementTable(measurement, taxonomy, judged, notices), notices };
}
