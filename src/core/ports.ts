import type { Annotation, Mark, Unit } from './evaluate/behaviour/annotations.ts';
import type { Task, Taxonomy } from './evaluate/behaviour/taxonomy.ts';
import type { Decision, ReviewedPair } from './preference/decisions.ts';
import type { MinedRecord } from './preference/mined.ts';
import type { PreferencePair } from './preference/schema.ts';
import type { ChatMessage, DiscriminatorInput } from './prompt/messages.ts';
import type { LiveSession, Sampling, Session } from './session/schema.ts';
import type { TurnRecord } from './workflows/simulate/journal.ts';

/**
 * What core needs from the world. Each port has an adapter in `src/backends` and a scripted fake in
 * `src/backends/fake`, so that every workflow and every screen runs in tests without a model.
 */

export interface GenerateRequest {
  readonly messages: readonly ChatMessage[];
  /** Alternatives from the same prefix; choice i samples with seed + i. */
  readonly n: number;
  readonly seed: number;
  readonly sampling: Sampling;
  /** Nothing is shown before a reply is whole: no deltas come, and a reply that broke off is asked for again. */
  readonly whole?: boolean | undefined;
  /** The next request of this session goes on from the reply, so that an engine that can does well to keep it in its cache. */
  readonly keepReply?: boolean | undefined;
  /** The reply is to be JSON of this JSON Schema; where the server cannot hold a model to it, it is only asked for in words. */
  readonly answer?: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> } | undefined;
  /** Told what each request took by the server's own count; not called where it does not count. */
  readonly onUsage?: ((usage: Usage) => void) | undefined;
  /** Told before each wait for another attempt. */
  readonly onRetry?: ((retry: Retry) => void) | undefined;
}

/** Tokens of one request. */
export interface Usage {
  readonly prompt: number;
  readonly completion: number;
}

/** A request failed, and is made again in `waitMs`. */
export interface Retry {
  /** Code of the FoilError that it would have been. */
  readonly code: string;
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  readonly waitMs: number;
  /** A part of the reply had come, so that its tokens are likely to be charged. */
  readonly begun: boolean;
}

export type GenerateEvent =
  | { readonly type: 'delta'; readonly index: number; readonly text: string }
  /** One choice is whole. `end`: the model ended the session; `cut`: it ran into max_tokens. */
  | {
      readonly type: 'choice';
      readonly index: number;
      readonly text: string;
      readonly end: boolean;
      readonly cut: boolean;
    };

/** A simulator or a chatbot behind any engine. Throws FoilError; an aborted signal rejects with an AbortError. */
export interface ChatModel {
  readonly name: string;
  /** What its server calls it, so that another model under the same name is not taken for it. */
  readonly served?: string;
  readonly sampling: Sampling;
  /** System text of a chatbot; the instruction of a simulator's context. Null takes core's default. */
  readonly system: string | null;
  /** Whether core flips the roles before it asks (simulators only). */
  readonly flip: boolean;
  /** Tokens that prompt and reply share; null if the engine does not say. */
  readonly window: number | null;
  /** Money for a million tokens; null or left out where it costs none, or is not known. */
  readonly price?: { readonly input: number; readonly output: number } | null;
  /** How many requests the place where it runs serves well at once, and whether it is known to count tokens. */
  readonly place?: { readonly atOnce: number; readonly counts: boolean };
  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<GenerateEvent>;
  /** Exact counting with the model's tokeniser, or null where the endpoint has none. */
  countTokens(texts: readonly string[], signal: AbortSignal): Promise<number[]> | null;
}

/** D(real | h_t, c) of Eq. 2, as log-odds. */
export interface Discriminator {
  readonly name: string;
  readonly input: DiscriminatorInput;
  /** z_0; the paper does not state p_0, the card does. */
  readonly logitP0: number;
  /** sha256 of the template, and the engine with its precision: kept beside every score. */
  readonly template: string;
  readonly engine: string;
  /** Tokens that a prompt may have; null if the engine does not say. */
  readonly window: number | null;
  /** Requests that its server takes at once; one if it does not say. */
  readonly atOnce?: number;
  /** z_t at the end of the last message, which must be a user turn. */
  score(messages: readonly ChatMessage[], signal: AbortSignal): Promise<number>;
}

/** What an annotator tells while it works on a unit. */
export interface AnnotatorTells {
  readonly onUsage: (usage: Usage) => void;
  readonly onRetry: (retry: Retry) => void;
  /** An answer was not valid, and why; it is asked for again while attempts are left. */
  readonly onInvalid: (attempt: number, reason: string) => void;
}

/** Who gives messages the categories of a taxonomy. */
export interface Annotator {
  readonly name: string;
  /** What a measured agreement holds for: of the rules their version, of an endpoint the model on its server. */
  readonly version: string;
  readonly task: Task;
  readonly taxonomy: Taxonomy;
  /** Ids of the categories that it can see at all; the others are absent from its answers, which does not mean zero. */
  readonly sees: readonly string[];
  /** Whether answers are kept: those that cost nothing are made again. */
  readonly kept: boolean;
  readonly atOnce: number;
  readonly price: NonNullable<ChatModel['price']> | null;
  /** All that decides the answer, as text: what it is kept by, and what its prompt is counted by. */
  content(unit: Unit): string;
  /** Tokens that an answer takes, as far as one can say before. */
  readonly answerTokens: number;
  /** Exact counting of contents, or null where the endpoint has none. */
  countTokens(contents: readonly string[], signal: AbortSignal): Promise<number[]> | null;
  /**
   * Marks of the unit: of its message, or of the messages of its session that have any category.
   * @throws FoilError `bad-annotation` if no valid answer came in the attempts that it makes.
   */
  annotate(unit: Unit, tells: AnnotatorTells, signal: AbortSignal): Promise<{ marks: Mark[]; attempts: number }>;
}

/** Answers of one annotator, by key. One writer at a time; durable against kill -9 when `append` resolves. */
export interface AnnotationStore {
  get(key: string): Annotation | undefined;
  append(annotation: Annotation): Promise<void>;
  close(): Promise<void>;
}

/** What takes part in a session of the workbench. */
export type SeatKind = 'simulator' | 'chatbot' | 'discriminator';
export type ModelKind = SeatKind | 'judge';

export type ChatKind = Exclude<ModelKind, 'discriminator'>;

/** One line of the model registry, as `foil models` and the switcher show it. */
export interface ModelEntry {
  readonly name: string;
  readonly kind: ModelKind;
  /** `embedded`, or the server's name in foil.yaml. */
  readonly server: string;
  readonly summary: string;
  readonly licence: string | null;
  /** Why it cannot be used now; null if it can. */
  readonly unavailable: string | null;
  /** Accuracy per turn of a discriminator, beside its shortcuts: rows of a small table. */
  readonly accuracy?: readonly Readonly<Record<string, string>>[];
}

/** Names to models. `get*` may start an engine or load an adapter, hence async; unknown names throw with those known. */
export interface ModelRegistry {
  list(): Promise<ModelEntry[]>;
  /** A judge answers about sessions; where no judge has the name, a chatbot of that name does. */
  chatModel(name: string, kind: ChatKind, signal: AbortSignal): Promise<ChatModel>;
  discriminator(name: string, signal: AbortSignal): Promise<Discriminator>;
}

export interface SessionQuery {
  readonly corpus?: string;
  /** Words that all must occur in the text of a turn or the id. */
  readonly text?: string;
  readonly origin?: 'real' | 'simulated' | 'live';
  readonly sort?: 'id' | 'updated' | 'p_T' | 'lowest_r' | 'user_turns';
  readonly descending?: boolean;
  readonly discriminator?: string;
  readonly minTurns?: number;
  readonly maxTurns?: number;
  /** Leave out sessions with risk language (design 9). */
  readonly hideRisk?: boolean;
  /** Only these sessions: of each corpus some, or (null) all. */
  readonly among?: readonly { readonly corpus: string; readonly sessions: readonly string[] | null }[];
  readonly offset?: number;
  readonly limit?: number;
}

/** What a list of sessions shows of one. */
export interface SessionSummary {
  /** `live` for sessions of the workbench, else the corpus. */
  readonly corpus: string;
  readonly id: string;
  readonly origin: 'real' | 'simulated' | 'live';
  readonly simulator: string | null;
  readonly chatbot: string | null;
  readonly userTurns: number;
  readonly words: number;
  readonly opening: string;
  /** What the session is about (the current session summary of its context), cut as `opening` is; null if none. */
  readonly summary: string | null;
  readonly risk: boolean;
  readonly updated: string | null;
  /** Of the discriminator in the query, or of the only one there is; null if never scored. */
  readonly pT: number | null;
  readonly lowestR: number | null;
  readonly discriminator: string | null;
}

export interface CorpusScore {
  readonly session: string;
  readonly discriminator: string;
  readonly z: readonly number[];
  readonly logitP0: number;
  readonly template: string;
  readonly engine: string;
}

/** Sessions on disk. Writes are durable against kill -9 when their promise resolves. */
export interface SessionStore {
  corpora(): Promise<{ name: string; sessions: number; bytes: number }[]>;
  query(query: SessionQuery): Promise<{ rows: SessionSummary[]; total: number }>;
  read(corpus: string, id: string): Promise<Session>;
  /** All sessions of a corpus in file order; a torn last line is skipped and reported by `onTorn`. */
  stream(corpus: string, onTorn?: (place: { file: string; line: number }) => void): AsyncIterable<Session>;
  append(corpus: string, sessions: readonly Session[]): Promise<void>;
  appendScores(corpus: string, scores: readonly CorpusScore[]): Promise<void>;
  loadLive(id: string): Promise<LiveSession>;
  saveLive(session: LiveSession): Promise<void>;
}

/** A named set of pairs, with how many stand where (folded over all reviewers). */
export interface PairSet {
  readonly name: string;
  readonly pairs: number;
  readonly approved: number;
  readonly rejected: number;
  readonly pending: number;
  /** Those who have decided anything in it. */
  readonly reviewers: readonly string[];
}

/** Sets of preference pairs with their journals. Writes are durable against kill -9 when their promise resolves. */
/** Turns of sessions that are being simulated, beside the corpus that they go to when they are whole. One writer at a time. */
export interface TurnJournal {
  /** What earlier runs left, in the order of writing. */
  readonly records: readonly TurnRecord[];
  /** Durable when the promise resolves. */
  append(record: TurnRecord): Promise<void>;
  /** Lets go of the journal, without the records of sessions that the corpus has; with none left it is gone. */
  close(inCorpus: (session: string) => boolean): Promise<void>;
}

export interface PairStore {
  sets(): Promise<PairSet[]>;
  /** Adds pairs; makes the set if there is none. @throws FoilError `duplicate-pair` for an id that the set has, writing none. */
  append(set: string, pairs: readonly PreferencePair[]): Promise<void>;
  /**
   * The pairs of a set, or of all sets by name, in the order in which they were added, each as its decisions made it. Of
   * these reviewers only, if given; with an empty list, as the pairs were made. @throws FoilError `unknown-set`.
   */
  list(set?: string, reviewers?: readonly string[]): Promise<ReviewedPair[]>;
  /** Adds a record to the journal of a set. @throws FoilError `unknown-pair`, or `nothing-to-undo`. */
  decide(set: string, decision: Decision): Promise<void>;
  /** The journal of a set, in the order in which it was written, undone records and their undos left out. */
  decisions(set: string): Promise<Decision[]>;
  /** What mining has finished of a set, in the order in which it was written; of a set that was not mined, nothing. */
  mined(set: string): Promise<MinedRecord[]>;
  logMined(set: string, record: MinedRecord): Promise<void>;
}

export interface Clock {
  now(): Date;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Everything a workflow may touch. */
export interface Ports {
  readonly models: ModelRegistry;
  readonly sessions: SessionStore;
  readonly pairs: PairStore;
  readonly clock: Clock;
  /** A fresh id, unique on this machine. */
  readonly newId: (prefix: string) => string;
}
