import { FoilError } from '../../errors.ts';
import type { AnnotatedSession } from '../../evaluate/behaviour/annotations.ts';
import { turnsOf } from '../../evaluate/behaviour/annotations.ts';
import { type Taxonomy, taxonomyName } from '../../evaluate/behaviour/taxonomy.ts';
import type { Session } from '../../session/schema.ts';
import { deriveSeed, seedOf } from '../seed.ts';
import type { Sample, SampleItem } from './label-types.ts';

/** A corpus to draw from. */
export interface DrawFrom {
  readonly corpus: string;
  readonly sessions: readonly Session[];
  /** What an annotator found, to draw rare categories too; without it only real and simulated are strata. */
  readonly annotated?: readonly AnnotatedSession[] | undefined;
}

/**
 * A seeded sample of messages to label. Real and simulated messages are drawn in equal numbers; within each, strata are the
 * rarest category that was predicted, and get items as the square root of their size: rare ones more than by chance, common
 * ones enough. Each item carries the messages that it stands for, so that figures are of the corpora and not of the sample.
 * @throws FoilError `no-sessions` where there is no message to draw.
 */
export function drawSample(
  from: readonly DrawFrom[],
  taxonomy: Taxonomy,
  { n, seed, at }: { readonly n: number; readonly seed: number; readonly at: string },
): Sample {
  const messages = from.flatMap((source) => messagesOf(source, taxonomy));
  const kinds = [...new Set(messages.map(({ kind }) => kind))];
  if (messages.length === 0) {
    throw new FoilError('no-sessions', 'there is no message to draw from', { remedy: 'name corpora with sessions' });
  }
  const of = kinds.map((kind) => messages.filter((message) => message.kind === kind));
  const quotas = evenly(
    of.map(({ length }) => length),
    n,
  );
  const items = of.flatMap((list, place) => drawKind(list, quotas[place] ?? 0, seed));
  // in an order that tells nothing of the strata
  items.sort((a, b) => order(a.id, seed + 1) - order(b.id, seed + 1));
  return { schema: 1, type: 'sample', task: taxonomy.task, taxonomy: taxonomyName(taxonomy), seed, at, items };
}

interface Message extends Omit<SampleItem, 'weight'> {
  readonly kind: string;
}

function messagesOf({ corpus, sessions, annotated }: DrawFrom, { task }: Taxonomy): Message[] {
  const found = new Map(
    annotated?.map((session) => [session.id, new Map(session.messages.map((mark) => [mark.turn, mark.categories]))]),
  );
  const count = new Map<string, number>();
  for (const marks of found.values()) {
    for (const category of [...marks.values()].flat()) count.set(category, (count.get(category) ?? 0) + 1);
  }
  return sessions.flatMap((session) => {
    const kind = session.origin === 'real' ? 'real' : 'simulated';
    return turnsOf(session, task).map((turn): Message => {
      const predicted = [...(found.get(session.id)?.get(turn) ?? [])];
      const rarest = predicted.sort((a, b) => (count.get(a) ?? 0) - (count.get(b) ?? 0))[0];
      const stratum = annotated === undefined ? kind : `${kind} ${rarest ?? 'none'}`;
      return { id: `${corpus}/${session.id}/${turn}`, corpus, session: session.id, turn, stratum, kind };
    });
  });
}

function order(id: string, seed: number): number {
  return deriveSeed(seed, seedOf(id));
}

function drawKind(messages: readonly Message[], quota: number, seed: number): SampleItem[] {
  const strata = new Map<string, Message[]>();
  for (const message of messages) {
    const stratum = strata.get(message.stratum);
    if (stratum) stratum.push(message);
    else strata.set(message.stratum, [message]);
  }
  const sizes = [...strata.values()].map(({ length }) => length);
  const shares = allocate(sizes, quota);
  return [...strata.values()].flatMap((stratum, at) => {
    const drawn = stratum.toSorted((a, b) => order(a.id, seed) - order(b.id, seed)).slice(0, shares[at]);
    return drawn.map(({ kind: _, ...item }) => ({ ...item, weight: stratum.length / drawn.length }));
  });
}

/** As many of each as there are, as evenly as that goes. */
function evenly(sizes: readonly number[], n: number): number[] {
  const given = sizes.map(() => 0);
  for (let left = n; left > 0; left -= 1) {
    const open = sizes.flatMap((size, at) => ((given[at] ?? 0) < size ? [at] : []));
    const next = open.sort((a, b) => (given[a] ?? 0) - (given[b] ?? 0))[0];
    if (next === undefined) break;
    given[next] = (given[next] ?? 0) + 1;
  }
  return given;
}

/**
 * Items a stratum, one by one to where sqrt(size) / (items + 1) is highest (d'Hondt's method on square roots). Every stratum
 * gets one before any gets more, as long as there are enough: what has no item is not in the figures at all.
 */
export function allocate(sizes: readonly number[], items: number): number[] {
  const given = sizes.map(() => 0);
  const places = sizes.map((_, at) => at).sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
  for (let left = items; left > 0; left -= 1) {
    const open = places.filter((at) => (given[at] ?? 0) < (sizes[at] ?? 0));
    const first = open.find((at) => given[at] === 0);
    const value = (at: number) => Math.sqrt(sizes[at] ?? 0) / ((given[at] ?? 0) + 1);
    const next = first ?? open.sort((a, b) => value(b) - value(a))[0];
    if (next === undefined) break;
    given[next] = (given[next] ?? 0) + 1;
  }
  return given;
}
