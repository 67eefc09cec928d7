import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import type { EncodeEvent, SentenceEncoder } from '../../core/evaluate/language/encoder.ts';
import { safeText } from '../../core/text/safe.ts';
import { ask, checked, clientOf, type Endpoint } from './client.ts';
import { retrying } from './retry.ts';
import { modelsSchema } from './wire.ts';

/** Texts of one request: servers take more, but what a request broke off with is asked for again as a whole. */
const BATCH = 64;
/** Requests that are made at once at most; the endpoint's limiter decides how many of them are out. */
const AT_ONCE = 8;

const embeddingsSchema = z.object({
  data: z.array(z.object({ index: z.int().min(0), embedding: z.array(z.number()).min(1) })),
});

/**
 * A model behind `/v1/embeddings`. @param name what a spec calls it. @param model null for the only one that the server has.
 * @throws FoilError `which-model` for a server with several.
 */
export async function serverEncoder(
  name: string,
  endpoint: Endpoint,
  model: string | null,
  signal: AbortSignal,
): Promise<SentenceEncoder> {
  const served = model ?? (await onlyModel(endpoint, signal));
  return {
    name,
    version: JSON.stringify([endpoint.baseURL, served]),
    about: `${safeText(served)} on the server ${endpoint.server}`,
    sha256: null,
    embed: (texts, outer) => embed(endpoint, served, texts, outer),
  };
}

async function onlyModel(endpoint: Endpoint, signal: AbortSignal): Promise<string> {
  const { data } = await ask(endpoint, '(any)', signal, async (client) =>
    checked(modelsSchema, await client.get('/models', { signal }), endpoint),
  );
  const [first] = data;
  if (first && data.length === 1) return first.id;
  const ids = data.slice(0, 12).map(({ id }) => safeText(id));
  throw new FoilError('which-model', `${endpoint.server} has ${data.length} models, of which one is to embed`, {
    remedy: [
      `--encoder ${endpoint.server}:MODEL`,
      ...(ids.length > 0 ? [`it has ${ids.join(', ')}${data.length > ids.length ? ' ...' : ''}`] : []),
    ],
  });
}

interface Batch {
  readonly at: readonly number[];
  readonly vectors: readonly Float32Array[];
}

async function* embed(
  endpoint: Endpoint,
  model: string,
  texts: readonly string[],
  outer: AbortSignal,
): AsyncGenerator<EncodeEvent, void> {
  const own = new AbortController();
  const signal = AbortSignal.any([outer, own.signal]);
  const out = new Map<number, Promise<Batch>>();
  let size: number | null = null;
  let next = 0;
  try {
    while (next < texts.length || out.size > 0) {
      for (; next < texts.length && out.size < AT_ONCE; next += BATCH) {
        const request = one(endpoint, model, texts, next, signal);
        // one that fails after another did is nobody's to hear of
        request.catch(() => undefined);
        out.set(next, request);
      }
      const batch = await Promise.race(out.values());
      out.delete(batch.at[0] as number);
      for (const { length } of batch.vectors) {
        size ??= length;
        if (length !== size) throw wrong(endpoint, model, `vectors of ${size} and of ${length} numbers`);
      }
      yield { type: 'vectors', ...batch };
    }
  } finally {
    own.abort();
  }
}

async function one(
  endpoint: Endpoint,
  model: string,
  texts: readonly string[],
  begin: number,
  signal: AbortSignal,
): Promise<Batch> {
  const input = texts.slice(begin, begin + BATCH);
  const patience = { whole: true, begun: () => false };
  const { data } = await retrying(endpoint, model, patience, signal, async () => {
    const client = await clientOf(endpoint);
    // without it the package asks for base64, which many servers do not know
    const body = { model, input, encoding_format: 'float' as const };
    return checked(embeddingsSchema, await client.embeddings.create(body, { signal }), endpoint);
  });
  if (data.length !== input.length) throw wrong(endpoint, model, `${data.length} vectors for ${input.length} texts`);
  const byPlace = new Map(data.map(({ index, embedding }) => [index, embedding]));
  const vectors = input.map((_, at) => {
    const vector = byPlace.get(at);
    if (!vector) throw wrong(endpoint, model, `no vector for text ${at + 1} of ${input.length}`);
    if (vector.every((value) => value === 0)) throw wrong(endpoint, model, 'a vector of nothing but zeros');
    return Float32Array.from(vector);
  });
  return { at: input.map((_, at) => begin + at), vectors };
}

function wrong({ server }: Endpoint, model: string, what: string): FoilError {
  return new FoilError('bad-answer', `${server} answers for ${safeText(model)} with ${what}`, {
    remedy: 'is it a model that embeds? look at the log of the server',
  });
}
