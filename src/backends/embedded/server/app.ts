import { createHash, timingSafeEqual } from 'node:crypto';
import { type Context, Hono } from 'hono';
import {
  chatRequestSchema,
  completionRequestSchema,
  type EngineHealth,
  embeddingRequestSchema,
  loadAdapterSchema,
  tokenizeRequestSchema,
  unloadAdapterSchema,
} from '../protocol.ts';
import { answerChunks, type PreparedRequest, wholeAnswer } from './answer.ts';
import { prepareChat } from './chat.ts';
import { prepareCompletion } from './completions.ts';
import { embeddings } from './embeddings.ts';
import type { Engine } from './engine.ts';
import { errorAnswer, HttpError, parseBody } from './http-error.ts';
import type { Leases } from './leases.ts';
import { eventStream, leaseStream } from './streams.ts';

export interface AppOptions {
  readonly engine: Engine;
  readonly leases: Leases;
  readonly token: string;
  readonly health: EngineHealth;
}

/** The engine's routes: OpenAI's and vLLM's shapes, and Foil's own under /foil. */
export function createApp({ engine, leases, token, health }: AppOptions): Hono {
  const app = new Hono();
  app.onError((error, c) => {
    // the client is gone: nobody reads the answer, and it was no fault
    if (c.req.raw.signal.aborted) return c.body(null);
    const { status, body } = errorAnswer(error);
    return c.json(body, status);
  });
  app.notFound((c) => {
    const { status, body } = errorAnswer(new HttpError(404, `no route ${c.req.method} ${c.req.path}`));
    return c.json(body, status);
  });

  app.get('/health', (c) => c.json(health));
  app.use('*', async (c, next) => {
    requireToken(c, token);
    await next();
  });

  app.get('/v1/models', (c) => c.json({ object: 'list', data: engine.list() }));
  app.get('/v1/models/:id', (c) => c.json(engine.model(c.req.param('id')).card));
  app.get('/foil/stats', (c) => c.json(engine.stats(leases.count)));
  app.get('/foil/lease', (c) => leaseStream(c, leases));

  app.post('/tokenize', async (c) => {
    const request = await parseBody(c.req.raw, tokenizeRequestSchema);
    const model = request.model ? engine.model(request.model) : engine.model(engine.list()[0]?.id ?? '');
    const text = request.messages
      ? model.template.render(request.messages, request.add_generation_prompt ?? true)
      : request.prompt;
    if (text === undefined) throw new HttpError(400, 'give `prompt` or `messages`', { param: 'prompt' });
    const tokens = model.lane.model.tokenize(text);
    return c.json({ count: tokens.length, tokens, max_model_len: model.lane.limit });
  });

  const answer = async (
    c: Context,
    prepared: PreparedRequest,
    stream: boolean | null | undefined,
  ): Promise<Response> => {
    if (stream) return eventStream(c, (abort) => answerChunks(engine, prepared, abort));
    return c.json(await wholeAnswer(engine, prepared, c.req.raw.signal));
  };
  app.post('/v1/chat/completions', async (c) => {
    const request = await parseBody(c.req.raw, chatRequestSchema);
    return answer(c, prepareChat(engine, request), request.stream);
  });

  app.post('/v1/completions', async (c) => {
    const request = await parseBody(c.req.raw, completionRequestSchema);
    return answer(c, prepareCompletion(engine, request), request.stream);
  });

  app.post('/v1/embeddings', async (c) => {
    const request = await parseBody(c.req.raw, embeddingRequestSchema);
    return c.json(await embeddings(engine, request, c.req.raw.signal));
  });

  app.post('/v1/load_lora_adapter', async (c) => {
    const { lora_name, lora_path } = await parseBody(c.req.raw, loadAdapterSchema);
    await engine.loadAdapter(lora_name, lora_path);
    return c.text(`Success: LoRA adapter '${lora_name}' added successfully.`);
  });

  app.post('/v1/unload_lora_adapter', async (c) => {
    const { lora_name } = await parseBody(c.req.raw, unloadAdapterSchema);
    await engine.unloadAdapter(lora_name);
    return c.text(`Success: LoRA adapter '${lora_name}' removed successfully.`);
  });
  return app;
}

function requireToken(c: Context, token: string): void {
  const given = c.req.header('authorization') ?? '';
  // equal lengths for timingSafeEqual, whatever was sent
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  if (timingSafeEqual(digest(given), digest(`Bearer ${token}`))) return;
  throw new HttpError(
    401,
    'missing or wrong token: send the one from the engine state file as `Authorization: Bearer TOKEN`',
    {
      code: 'invalid_api_key',
    },
  );
}
