import type { EmbeddingRequest } from '../protocol.ts';
import type { Engine } from './engine.ts';
import { HttpError } from './http-error.ts';
import { inputsOf } from './inputs.ts';
import { EMBEDDING_TOKENS } from './runtime.ts';

/**
 * OpenAI's embeddings: one unit vector for each input, from the base model.
 * @throws HttpError 400 naming the input that is empty or too long, or for an adapter.
 */
export async function embeddings(engine: Engine, request: EmbeddingRequest, signal: AbortSignal): Promise<object> {
  const { card, lane, adapter } = engine.model(request.model);
  if (adapter) {
    throw new HttpError(400, `\`${card.id}\` is an adapter: embeddings come from the base model, \`${card.parent}\``, {
      param: 'model',
    });
  }
  const inputs = inputsOf(request.input, 'input', lane.model);
  const limit = Math.min(lane.limit, EMBEDDING_TOKENS);
  for (const { param, tokens } of inputs) {
    if (tokens.length === 0) throw new HttpError(400, `${param}: must not be empty`, { param, code: 'invalid_value' });
    if (tokens.length <= limit) continue;
    throw new HttpError(400, `${param}: ${tokens.length} tokens, but an input to embed may have ${limit} at most`, {
      param,
      code: 'context_length_exceeded',
    });
  }
  const all = inputs.map(({ tokens }) => tokens);
  const data: object[] = [];
  for await (const vector of engine.embed(all, signal)) {
    const embedding = request.encoding_format === 'base64' ? base64(vector) : vector;
    data.push({ object: 'embedding', index: data.length, embedding });
  }
  const count = all.reduce((sum, { length }) => sum + length, 0);
  return { object: 'list', data, model: card.id, usage: { prompt_tokens: count, total_tokens: count } };
}

/** Little-endian 32-bit floats, as the `openai` packages read them. */
function base64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}
