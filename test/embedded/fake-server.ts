import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import OpenAI from 'openai';
import { afterAll, beforeEach, expect } from 'vitest';
import { type EngineStats, statsSchema } from '../../src/backends/embedded/protocol.ts';
import { createApp } from '../../src/backends/embedded/server/app.ts';
import { Engine } from '../../src/backends/embedded/server/engine.ts';
import { Leases } from '../../src/backends/embedded/server/leases.ts';
import { ChatTemplate } from '../../src/backends/embedded/server/template.ts';
import { FakeModel } from './fake-model.ts';

export const TEMPLATE = `{%- for message in messages -%}
{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + ('<|endoftext|>' if message['end'] else '') + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}`;

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, looked into at one or two places each
export type Json = any;

/** The engine's server over scripted models, for the tests of one file; it says "Hello there" if a test does not say otherwise. */
export async function serveFake() {
  const q4 = new FakeModel('');
  const f16 = new FakeModel(' real');
  const engine = await Engine.start({
    name: 'base',
    template: new ChatTemplate(TEMPLATE),
    loadQ4: async () => q4,
    loadF16: async () => f16,
    modelSha: 'a'.repeat(64),
    slots: 3,
    context: 1000,
    threads: () => ({ single: 1, batch: 1 }),
  });
  const ends: number[] = [];
  const onIdle = (): void => void ends.push(Date.now());
  const leases = new Leases({ graceMs: 40, startMs: 60_000, busy: () => false, onIdle });
  const health = { status: 'ok' as const, instance: 'i', protocol: 1, version: '0' };
  const app = createApp({ engine, leases, token: 'secret', health });
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
  await new Promise((resolve) => server.once('listening', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'secret', maxRetries: 0 });

  async function call(path: string, body?: unknown, token = 'secret'): Promise<{ status: number; json: Json }> {
    const answer = await fetch(base + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, json: text.startsWith('{') ? JSON.parse(text) : text };
  }
  const stats = async (): Promise<EngineStats> => statsSchema.parse((await call('/foil/stats')).json);

  /** Asks, and leaves as soon as the engine works at it; the engine must notice. */
  async function leave(ask: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const { aborted } = (await stats()).requests;
    const gone = new AbortController();
    const asked = ask(gone.signal);
    asked.catch(() => undefined);
    await expect.poll(async () => (await stats()).requests.running, { timeout: 5000 }).toBe(1);
    gone.abort();
    await expect(asked).rejects.toThrow();
    await expect
      .poll(async () => (await stats()).requests, { timeout: 2000 })
      .toMatchObject({ running: 0, aborted: aborted + 1 });
  }

  beforeEach(() => {
    q4.reply = 'Hello there<|im_end|>';
    q4.stepMs = 0;
  });
  afterAll(() => {
    leases.disarm();
    server.closeAllConnections();
    server.close();
  });
  return { q4, f16, base, client, call, stats, leave, ends, messages: [{ role: 'user' as const, content: 'Hi' }] };
}
