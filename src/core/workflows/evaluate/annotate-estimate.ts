import { unitsOf } from '../../evaluate/behaviour/annotations.ts';
import type { AnnotationStore, Annotator } from '../../ports.ts';
import type { Session } from '../../session/schema.ts';

/** What annotating would take, before a single request. */
export interface AnnotateEstimate {
  readonly sessions: number;
  /** Units: messages for actions, sessions for issues. */
  readonly units: number;
  /** Of which earlier answers are kept. */
  readonly cached: number;
  /** One a unit that is left, if every answer is valid at once. */
  readonly requests: number;
  readonly tokens: {
    readonly prompt: number;
    readonly completion: number;
    /** False where the endpoint counted (a part of) the prompts itself; the answers are always estimated. */
    readonly estimated: boolean;
  };
  /** Null where foil.yaml gives no price. */
  readonly money: number | null;
}

/** Where the server does not count: English text in a byte-pair vocabulary. */
const CHARACTERS_A_TOKEN = 4;
/** Prompts that are counted exactly where that is possible; the others by their characters at the same rate. */
const COUNTED = 16;

/** @returns what `annotate` would take for these sessions, without asking the model anything but to count. */
export async function estimateAnnotation(
  annotator: Annotator,
  sessions: AsyncIterable<Session> | Iterable<Session>,
  { store, hash }: { store: AnnotationStore; hash: (text: string) => string },
  signal: AbortSignal,
): Promise<AnnotateEstimate> {
  const count = { sessions: 0, units: 0, cached: 0, requests: 0 };
  let characters = 0;
  const sample: string[] = [];
  for await (const session of sessions) {
    count.sessions += 1;
    for (const unit of unitsOf(session, annotator.task)) {
      count.units += 1;
      if (!annotator.kept) continue;
      const content = annotator.content(unit);
      if (store.get(hash(content))) {
        count.cached += 1;
        continue;
      }
      count.requests += 1;
      characters += content.length;
      if (sample.length < COUNTED) sample.push(content);
    }
  }
  const counted = sample.length === 0 ? null : await annotator.countTokens(sample, signal);
  const sampled = sample.reduce((sum, { length }) => sum + length, 0);
  const perToken = counted ? sampled / counted.reduce((sum, tokens) => sum + tokens, 0) : CHARACTERS_A_TOKEN;
  const prompt = Math.ceil(characters / perToken);
  const completion = count.requests * annotator.answerTokens;
  const { price } = annotator;
  return {
    ...count,
    tokens: { prompt, completion, estimated: counted === null },
    money: price ? (prompt * price.input + completion * price.output) / 1e6 : null,
  };
}
