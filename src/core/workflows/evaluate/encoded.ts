import { asFoilError, FoilError, isAbort } from '../../errors.ts';
import {
  EMBEDDING_DEFAULTS,
  type Encoder,
  embeddingExhibits,
  type Placed,
  sessionsToEmbed,
  sessionText,
  windowEncoder,
  windowsOf,
  wordEncoder,
} from '../../evaluate/language/embedding.ts';
import type { Exhibit } from '../../evaluate/table.ts';
import type { Input } from './journal.ts';
import type { Inputs, Step } from './metrics.ts';
import { type EvaluationSpec, WORDS } from './spec.ts';
import type { EvaluatePorts, OpenedEncoder } from './types.ts';

/** The encoder that a spec names: null for `words`, and why where it cannot be had. */
export async function encoderOf(
  ports: Pick<EvaluatePorts, 'encoder'>,
  { encoder: name }: EvaluationSpec,
  signal: AbortSignal,
): Promise<Inputs['encoder']> {
  if (name === WORDS) return null;
  try {
    return await ports.encoder(name, signal);
  } catch (error) {
    if (isAbort(error) || signal.aborted) throw error;
    const known = asFoilError(error);
    return { reason: known?.message ?? String(error), remedy: known?.remedy ?? [] };
  }
}

/** What decides vectors, and is part of the hash under which a map is kept. */
export function versionOf(encoder: Inputs['encoder']): string {
  return isOpened(encoder) ? encoder.encoder.version : WORDS;
}

/** The encoder among what an evaluation reads; `words` is no model. */
export function encoderInputs({ encoder: name }: EvaluationSpec, encoder: Inputs['encoder']): Input[] {
  if (encoder === null) return [];
  const { about, sha256 } = isOpened(encoder) ? encoder.encoder : { about: null, sha256: null };
  return [{ kind: 'encoder', name, role: about ?? 'that could not be had', sha256, sessions: null }];
}

const isOpened = (encoder: Inputs['encoder']): encoder is OpenedEncoder => encoder !== null && 'encoder' in encoder;

/** Figure 3, by the encoder of the spec. */
export async function* sessionMap(inputs: Inputs): AsyncGenerator<Step, Exhibit[]> {
  const { real, simulated, draws, encoder } = inputs;
  const options = { ...EMBEDDING_DEFAULTS, ...draws };
  const placed = sessionsToEmbed([real, ...simulated], options);
  const vectors = isOpened(encoder)
    ? yield* byWindows(placed, encoder, inputs.signal)
    : wordEncoder(placed.map(({ session }) => sessionText(session)));
  const work = embeddingExhibits(placed, vectors, options);
  for (;;) {
    const next = work.next();
    if (next.done) return next.value;
    yield { text: 'drawing the map of sessions', done: next.value.step };
  }
}

/** Sessions by the vectors of their windows; what was ever embedded is not again, and each batch is kept before the next. */
async function* byWindows(
  placed: readonly Placed[],
  { encoder, vectors }: OpenedEncoder,
  signal: AbortSignal,
): AsyncGenerator<Step, Encoder> {
  const sessions = placed.map(({ session }) => session);
  const texts = [...new Set(sessions.flatMap(windowsOf))];
  const store = await vectors();
  try {
    const todo = texts.filter((text) => store.get(text) === undefined);
    let done = 0;
    if (todo.length > 0) {
      for await (const event of encoder.embed(todo, signal)) {
        if (event.type === 'step') {
          yield event;
          continue;
        }
        await store.append(new Map(event.at.map((at, k) => [todo[at] as string, event.vectors[k] as Float32Array])));
        done += event.at.length;
        yield { text: `${encoder.name} embeds sessions`, done, of: todo.length };
      }
    }
    return windowEncoder(
      sessions,
      encoder.about,
      vectorsOf(texts, encoder.name, (text) => store.get(text)),
    );
  } finally {
    await store.close();
  }
}

/** @throws FoilError `bad-encoder` unless each text has a vector, all of one size. */
function vectorsOf(
  texts: readonly string[],
  name: string,
  get: (text: string) => Float32Array | undefined,
): (text: string) => Float32Array {
  const found = new Map(texts.flatMap((text) => [[text, get(text)] as const]));
  const sizes = new Set([...found.values()].map((vector) => vector?.length));
  if (sizes.has(undefined)) throw new FoilError('bad-encoder', `${name} gave no vector for some texts`);
  if (sizes.size > 1) {
    throw new FoilError('bad-encoder', `vectors of ${name} are of different sizes: ${[...sizes].join(', ')}`, {
      remedy: `its server has another model under the same name than before: give that another name, or move embeddings/ away`,
    });
  }
  return (text) => found.get(text) as Float32Array;
}
