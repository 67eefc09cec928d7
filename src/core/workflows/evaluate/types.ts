import type { AnnotatorAbout } from '../../evaluate/behaviour/annotations.ts';
import type { Task } from '../../evaluate/behaviour/taxonomy.ts';
import type { SentenceEncoder, VectorStore } from '../../evaluate/language/encoder.ts';
import type { Exhibit } from '../../evaluate/table.ts';
import type { AnnotationStore, Annotator, Clock, ModelRegistry, SessionStore } from '../../ports.ts';
import type { SaidSitting } from '../turing/judged.ts';
import type { EvaluationRecord, EvaluationRecordOf } from './journal.ts';
import type { EvaluationSpec } from './spec.ts';

/** Evaluations on disk, a folder each: `spec.json` and `exhibits.jsonl`. */
export interface EvaluationStore {
  list(): Promise<string[]>;
  /** Null where there is none of that name. @throws FoilError for what is wrong in its file. */
  find(name: string): Promise<EvaluationSpec | null>;
  /** @throws FoilError `unknown-evaluation`, or what is wrong in its file. */
  load(name: string): Promise<EvaluationSpec>;
  /** Makes or replaces the spec; what was computed stays, and counts as far as it is not decided by what changed. */
  save(spec: EvaluationSpec): Promise<void>;
  /** The journal as it is, up to its last whole record. */
  read(name: string): Promise<EvaluationRecord[]>;
  /** Takes the journal, as the only one who runs the evaluation. @throws FoilError `locked`. */
  hold(name: string): Promise<EvaluationJournal>;
}

export interface EvaluationJournal {
  /** All records, those that were appended here too. */
  readonly records: readonly EvaluationRecord[];
  /** Durable when the promise resolves. */
  append(record: EvaluationRecord): Promise<void>;
  close(): Promise<void>;
}

/** An annotator with where its answers are kept, and what exhibits say of it: its measured agreement with labels. */
export interface OpenedAnnotator {
  readonly annotator: Annotator;
  readonly store: AnnotationStore;
  readonly about: AnnotatorAbout;
}

/** A sentence encoder with where its vectors are kept. */
export interface OpenedEncoder {
  readonly encoder: SentenceEncoder;
  readonly vectors: () => Promise<VectorStore>;
}

/** Everything that an evaluation touches. */
export interface EvaluatePorts {
  readonly sessions: Pick<SessionStore, 'stream' | 'appendScores'>;
  readonly models: Pick<ModelRegistry, 'discriminator'>;
  readonly evaluations: EvaluationStore;
  readonly clock: Clock;
  /** Version of Foil. */
  readonly foil: string;
  /** sha256 of a text, in hex. */
  hash(text: string): string;
  /** What a corpus or a model is now, as a sha256; null where there is none. */
  contentHash(kind: 'corpus' | 'model', name: string): Promise<string | null>;
  /** Simulated corpora, and simulators, that a model learnt from by its card; none where it does not say. */
  learntFrom(model: string): Promise<readonly string[]>;
  /** A sitting of blind Turing mode as it stands. @throws FoilError `unknown-sitting`. */
  sitting(name: string): Promise<SaidSitting>;
  annotator(task: Task, name: string, signal: AbortSignal): Promise<OpenedAnnotator>;
  /** What can embed, `words` first; of a server also `SERVER:MODEL`. */
  readonly encoders: readonly string[];
  /** An encoder other than `words`; nothing is fetched before it embeds. @throws FoilError `unknown-encoder`, or of its server. */
  encoder(name: string, signal: AbortSignal): Promise<OpenedEncoder>;
}

/** `progress` is lossy, the others must be delivered. What `exhibit` and `missing` tell is in the journal before them. */
export type EvaluateEvent =
  | { readonly type: 'begin'; readonly begin: EvaluationRecordOf<'begin'> }
  /** `kept`: computed by an earlier run, and nothing that decides it has changed. */
  | { readonly type: 'exhibit'; readonly metric: string; readonly exhibit: Exhibit; readonly kept: boolean }
  | {
      readonly type: 'missing';
      readonly metric: string;
      readonly title: string;
      readonly reason: string;
      readonly remedy: readonly string[];
    }
  | { readonly type: 'progress'; readonly text: string; readonly done: number | null; readonly of: number | null }
  | { readonly type: 'notice'; readonly text: string }
  | {
      readonly type: 'done';
      readonly name: string;
      readonly computed: number;
      readonly kept: number;
      readonly missing: number;
      readonly seconds: number;
    };
