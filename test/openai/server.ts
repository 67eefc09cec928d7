import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Endpoint } from '../../src/backends/openai/client.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
  /** Resolves when the connection of this request is gone before its answer ended. */
  readonly dropped: Promise<void>;
}

export type Answer = (asked: Asked, response: ServerResponse) => void | Promise<void>;

/** An HTTP server on loopback that answers as a test says, and remembers what it was asked. Ends with the test. */
export async function openServer(answer: Answer): Promise<{ base: string; asked: Asked[]; kill: () => void }> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const dropped = new Promise<void>((resolve) => {
      response.on('close', () => {
        if (!response.writableEnded) resolve();
      });
    });
    const text = await bodyOf(request);
    const { method = '', url = '', headers } = request;
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    const one: Asked = { method, path: url, headers, body, dropped };
    asked.push(one);
    await answer(one, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const kill = () => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(kill);
  const { port } = server.address() as AddressInfo;
  return { base: `http://127.0.0.1:${port}/v1`, asked, kill };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

export function endpointOf(baseURL: string, change: Partial<Endpoint> = {}): Endpoint {
  return {
    ...{ server: 'my-server', baseURL, key: null, keyName: null, timeoutMs: 5000, dialect: 'openai', own: false },
    ...change,
  };
}

/** One line of a stream: a piece of choice `index`, or with `finish` its end. */
export function chunk(index: number, content: string, finish: string | null = null, more: object = {}): string {
  const choices = [{ index, delta: content === '' ? {} : { content }, finish_reason: finish, ...more }];
  return `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`;
}

export function stream(response: ServerResponse): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  return response;
}

export function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Writes bytes in pieces of `size`, each in a packet of its own, so that no event and no character arrives whole. */
export async function drip(response: ServerResponse, text: string, size: number): Promise<void> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) {
    response.write(bytes.subarray(at, at + size));
    await new Promise(setImmediate);
  }
}
