import { Grams, tfidf } from '../../metrics/bag.ts';
import type { Draws } from '../../metrics/bootstrap.ts';
import type { SparseRow } from '../../metrics/logistic.ts';
import { cosineDistances, nearest } from '../../metrics/neighbours.ts';
import { TSNE_DEFAULTS, type TsneMap, tsne } from '../../metrics/tsne.ts';
import type { Session } from '../../session/schema.ts';
import { contextIdOf } from '../behaviour/annotations.ts';
import { intervalNote } from '../estimate.ts';
import { shuffled } from '../judges/shortcuts/pairs.ts';
import { type Source, sameContexts } from '../source.ts';
import { means } from '../spread.ts';
import type { Exhibit, Figure, TableRow } from '../table.ts';

/** Messages of a session that are embedded (B.1). */
const MESSAGES = 50;
/** Characters of a window: some 220 tokens of English, where MiniLM reads 256. */
const WINDOW = 900;

/** The text of a session that is embedded: its first 50 messages, without who said what (B.1). */
export function sessionText(session: Pick<Session, 'turns'>): string {
  return messagesOf(session).join('\n');
}

/**
 * The same in windows that a sentence encoder reads whole: as many messages in a row as fit, and of a longer message as many
 * words. Nothing is left out, and no window is much more than the others.
 */
export function windowsOf(session: Pick<Session, 'turns'>): string[] {
  const pieces = messagesOf(session).flatMap((message) =>
    message.length <= WINDOW ? [message] : packed(message.split(/\s+/u), ' '),
  );
  return packed(pieces, '\n');
}

function messagesOf({ turns }: Pick<Session, 'turns'>): string[] {
  return turns
    .slice(0, MESSAGES)
    .map(({ content }) => content.trim())
    .filter((content) => content !== '');
}

/** Pieces in a row, joined as long as they fit into a window. */
function packed(pieces: readonly string[], by: string): string[] {
  const out: string[] = [];
  for (const piece of pieces) {
    const last = out.at(-1);
    if (last !== undefined && last.length + by.length + piece.length <= WINDOW) out[out.length - 1] = last + by + piece;
    else out.push(piece);
  }
  return out;
}

/** Vectors of sessions, in the order of the texts that were given. */
export interface Encoder {
  /** What it is, for people: it decides what "near" means. */
  readonly about: string;
  readonly vectors: readonly SparseRow[];
}

/** A dense vector as a row. */
export function denseRow(vector: ArrayLike<number>): SparseRow {
  return { at: Uint32Array.from({ length: vector.length }, (_, at) => at), value: Float64Array.from(vector) };
}

/** Sessions by their words, where there is no sentence encoder: near is what shares rare words. */
export function wordEncoder(texts: readonly string[]): Encoder {
  const grams = new Grams();
  const bags = texts.map((text) => grams.bag([text]));
  return {
    about: 'TF-IDF of 1- and 2-grams, no sentence encoder: near is what shares rare words',
    vectors: tfidf(bags, bags, 2).rows,
  };
}

/**
 * Sessions by a sentence encoder. One that reads 256 tokens would see the first fifth of a long session: so its windows are
 * embedded, and the session is the mean of their directions, each by its length, as the encoder itself takes the mean of tokens.
 * The mean of single messages was tried, and is worse: "ok" and "thank you" count as much as what a session is about, and half
 * as many sessions found their own other half (docs/evaluate.md, "Sessions near each other"). Near means: on the whole they
 * speak of alike things in alike ways; in which order, the mean hardly knows.
 * @param vectorOf the vector of a window, all of one size. A session without words is far from all.
 */
export function windowEncoder(
  sessions: readonly Pick<Session, 'turns'>[],
  about: string,
  vectorOf: (window: string) => Float32Array,
): Encoder {
  return {
    about: `${about}. It reads the first ${MESSAGES} messages in windows of ${WINDOW} characters, and a session is the mean of their directions: near is what speaks of alike things in alike ways`,
    vectors: sessions.map((session) => denseRow(meanDirection(windowsOf(session), vectorOf))),
  };
}

function meanDirection(windows: readonly string[], vectorOf: (window: string) => Float32Array): Float64Array {
  const sum = new Float64Array(windows[0] === undefined ? 0 : vectorOf(windows[0]).length);
  for (const window of windows) {
    const vector = vectorOf(window);
    const scale = window.length / (Math.hypot(...vector) || 1);
    for (const [at, value] of vector.entries()) sum[at] = (sum[at] as number) + scale * value;
  }
  return sum;
}

export interface EmbeddingOptions extends Draws {
  /** Sessions in the map at most: t-SNE compares all with all. */
  readonly most: number;
  /** Contexts that the second picture shows, a colour each. */
  readonly contexts: number;
}

export const EMBEDDING_DEFAULTS: Omit<EmbeddingOptions, 'draws' | 'seed'> = { most: 400, contexts: 10 };

/** One session of the map. */
export interface Placed {
  readonly source: Source;
  readonly session: Session;
}

/**
 * The sessions of the map, whose texts are to be embedded: of contexts that all sources have, drawn by the seed, one session
 * of each source a context.
 */
export function sessionsToEmbed(sources: readonly Source[], { most, seed }: EmbeddingOptions): Placed[] {
  const { sources: shared, contexts } = sameContexts(sources);
  const each = Math.max(1, Math.floor(most / Math.max(1, sources.length)));
  const drawn = new Set(shuffled(contexts, seed).slice(0, each));
  return shared.flatMap((source) => {
    const seen = new Set<string>();
    const list = contexts.length > 0 ? source.sessions : shuffled(source.sessions, seed).slice(0, each);
    return list.flatMap((session) => {
      const context = contextIdOf(session);
      if (seen.has(context) || (contexts.length > 0 && !drawn.has(context))) return [];
      seen.add(context);
      return [{ source, session }];
    });
  });
}

/**
 * Figure 3: a t-SNE map of sessions by source and by context, and beside it the numbers: how often the nearest other session,
 * in the full space, is of the same source, and of the same context. A simulator that is grounded has neighbours of its
 * context; one with a voice of its own has neighbours of its source.
 */
export function* embeddingExhibits(
  placed: readonly Placed[],
  encoder: Encoder,
  options: EmbeddingOptions,
): Generator<{ readonly step: number }, Exhibit[]> {
  if (placed.length < 4) return [];
  const distances = cosineDistances(encoder.vectors);
  const map = yield* tsne(distances, placed.length, { ...TSNE_DEFAULTS, seed: options.seed });
  const neighbours = nearest(distances, placed.length).map((at) => placed[at] as Placed);
  return [
    shares(placed, neighbours, encoder, options),
    picture('tsne-source', 'Sessions by source', placed, map, encoder, ({ source }) => source.name),
    byContext(placed, map, encoder, options),
  ];
}

function shares(
  placed: readonly Placed[],
  neighbours: readonly Placed[],
  encoder: Encoder,
  options: EmbeddingOptions,
): Exhibit {
  const all = placed.map(({ source, session }, at) => ({
    source,
    context: contextIdOf(session),
    sameSource: Number(neighbours[at]?.source === source),
    sameContext: Number(neighbours[at] !== undefined && contextIdOf(neighbours[at].session) === contextIdOf(session)),
  }));
  const others = placed.length - 1;
  const rows = [...new Set(placed.map(({ source }) => source))].map((source): TableRow => {
    const own = all.filter((one) => one.source === source);
    const [sameSource, sameContext] = means(own, [(one) => one.sameSource, (one) => one.sameContext], options);
    const twins = own.reduce((sum, { context }) => sum + all.filter((one) => one.context === context).length - 1, 0);
    return {
      key: source.name,
      group: null,
      cells: {
        ...{ source: sameSource ?? null, source_chance: (own.length - 1) / others },
        ...{ context: sameContext ?? null, context_chance: twins / own.length / others },
      },
      reported: null,
      behind: [
        { corpus: source.corpus, sessions: placed.flatMap((one) => (one.source === source ? one.session.id : [])) },
      ],
    };
  });
  return {
    type: 'table',
    id: 'nearest-sessions',
    title: 'Whose is the nearest other session',
    paper: null,
    notes: [
      `Cosine distance in the space of the encoder, not in the picture. Encoder: ${encoder.about}.`,
      '"Chance" is what a random other session would give. Near its own source: a voice of its own. Near its own context: grounded.',
      intervalNote(options),
    ],
    columns: [
      { key: 'source', title: 'same source', format: 'rate' },
      { key: 'source_chance', title: 'chance', format: 'rate' },
      { key: 'context', title: 'same context', format: 'rate' },
      { key: 'context_chance', title: 'chance', format: 'rate' },
    ],
    rows,
  };
}

function picture(
  id: string,
  title: string,
  placed: readonly Placed[],
  map: TsneMap,
  { about }: Encoder,
  seriesOf: (one: Placed) => string | null,
): Exhibit {
  const series = new Map<string, Figure['series'][number]['points']>();
  for (const [at, one] of placed.entries()) {
    const name = seriesOf(one);
    const [x, y] = map.points[at] ?? [0, 0];
    if (name === null) continue;
    const points = series.get(name) ?? [];
    series.set(name, points);
    points.push({
      ...{ x, y, low: null, high: null, x_low: null, x_high: null },
      label: `${one.source.name}, ${one.session.id}`,
      behind: [{ corpus: one.source.corpus, sessions: [one.session.id] }],
    });
  }
  return {
    type: 'figure',
    id,
    title,
    paper: 'Figure 3',
    notes: [
      `t-SNE, perplexity ${TSNE_DEFAULTS.perplexity}, of ${placed.length} sessions; KL ${map.kl.toFixed(2)} nats. Encoder: ${about}. Only who is near whom means anything: not the axes, nor the sizes of clusters.`,
    ],
    kind: 'scatter',
    x: '',
    y: '',
    series: [...series].map(([name, points]) => ({ name, points })),
    reference: null,
  };
}

function byContext(
  placed: readonly Placed[],
  map: TsneMap,
  encoder: Encoder,
  { contexts, seed }: EmbeddingOptions,
): Exhibit {
  const all = [...new Set(placed.map(({ session }) => contextIdOf(session)))];
  const shown = new Set(shuffled(all, seed).slice(0, contexts));
  return picture(
    'tsne-context',
    `The same map: ${shown.size} contexts, a colour each`,
    placed,
    map,
    encoder,
    ({ session }) => {
      const context = contextIdOf(session);
      return shown.has(context) ? context : null;
    },
  );
}
