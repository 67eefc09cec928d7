import type { Context } from 'hono';
import { errorAnswer } from './http-error.ts';
import type { Leases } from './leases.ts';

const encoder = new TextEncoder();
/** A proxy or a suspended laptop may drop a silent connection; this keeps leases visibly alive. */
const HEARTBEAT_MS = 15_000;

/**
 * Answers with server-sent events, [DONE] at the end. Pulls one event at a time, so a slow reader slows generation down rather
 * than filling memory. A reader that goes away aborts the source at its next step.
 */
export function eventStream(c: Context, source: (signal: AbortSignal) => AsyncGenerator<string>): Response {
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, c.req.raw.signal]);
  const events = source(signal);
  const send = (controller: ReadableStreamDefaultController<Uint8Array>, data: string): void =>
    controller.enqueue(encoder.encode(`data: ${data}\n\n`));
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { value, done } = await events.next();
        if (!done) return send(controller, value);
        send(controller, '[DONE]');
      } catch (error) {
        // the status line is long gone, so the error travels as OpenAI's clients expect it: an event
        if (!signal.aborted) send(controller, JSON.stringify(errorAnswer(error).body));
      }
      controller.close();
    },
    async cancel() {
      gone.abort();
      await events.return(undefined);
    },
  });
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
  });
}

/** An endless answer; while it is open the engine lives. */
export function leaseStream(c: Context, leases: Leases): Response {
  const give = leases.take();
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    clearInterval(timer);
    give();
  };
  c.req.raw.signal.addEventListener('abort', end, { once: true });
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode('\n'));
      timer = setInterval(() => controller.enqueue(encoder.encode('\n')), HEARTBEAT_MS);
      timer.unref();
    },
    cancel: end,
  });
  return new Response(body, { headers: { 'content-type': 'text/plain' } });
}
