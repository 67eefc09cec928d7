import { setTimeout as sleep } from 'node:timers/promises';
import { FakeChatModel, FakeDiscriminator, FakeRegistry, type Script } from '../../src/backends/fake/models.ts';
import { FakePairStore, FakeSessionStore } from '../../src/backends/fake/stores.ts';
import type { Ports } from '../../src/core/ports.ts';
import type { ChatMessage } from '../../src/core/prompt/messages.ts';
import { contextSchema, type LiveSession } from '../../src/core/session/schema.ts';
import { pathTo } from '../../src/core/session/tree.ts';
import { Channel } from '../../src/core/workflows/channel.ts';
import { converse } from '../../src/core/workflows/converse/converse.ts';
import type { ConverseCommand, ConverseEvent, ConverseOptions } from '../../src/core/workflows/converse/types.ts';

export const MODEL_SEATS = { user: 'model', assistant: 'model' } as const;

export function setUp(scripts: { simulator: Script; chatbot?: Script; delayMs?: number }) {
  const simulator = new FakeChatModel('sim', scripts.simulator, { delayMs: scripts.delayMs ?? 0 });
  const chatbot = new FakeChatModel('bot', scripts.chatbot ?? (() => 'And then?'), { system: 'Help.' });
  // Words of the last user turn make z, so that every reward in a test can be computed by hand.
  const judge = new FakeDiscriminator('disc', (messages) => messages.filter((m) => m.role === 'user').join().length);
  const wordy = new FakeDiscriminator('words', (messages) => (messages.at(-1)?.content ?? '').split(' ').length - 3);
  const slow = new SlowDiscriminator();
  const sessions = new FakeSessionStore();
  const pairs = new FakePairStore();
  let ids = 0;
  const ports: Ports = {
    models: new FakeRegistry({ simulators: [simulator], chatbots: [chatbot], discriminators: [judge, wordy, slow] }),
    sessions,
    pairs,
    clock: { now: () => new Date(0), sleep: async () => {} },
    newId: (prefix) => `${prefix}-${++ids}`,
  };
  return { ports, sessions, pairs, simulator, chatbot, slow };
}

/** A discriminator that takes its time, and stops at once when it is told to. */
export class SlowDiscriminator extends FakeDiscriminator {
  delayMs = 0;
  calls = 0;

  constructor() {
    super('slow', () => 0);
  }

  override async score(messages: readonly ChatMessage[], signal: AbortSignal): Promise<number> {
    this.calls += 1;
    await sleep(this.delayMs, undefined, { signal });
    return await super.score(messages, signal);
  }
}

export function blank(): LiveSession {
  return {
    schema: 1,
    id: 's1',
    created: '',
    updated: '',
    context: contextSchema.parse({ current_summary: 'Lost a job.' }),
    nodes: [],
    head: null,
    roles: { simulator: 'sim', chatbot: 'bot', discriminator: 'words' },
    seed: 7,
  };
}

/** Plays commands one after the other, each when the workflow is idle again, and returns all events. */
export async function play(
  ports: Ports,
  commands: readonly (ConverseCommand | ((session: LiveSession) => ConverseCommand))[],
  options: Partial<ConverseOptions> = {},
  session = blank(),
): Promise<{ events: ConverseEvent[]; session: LiveSession }> {
  const channel = new Channel<ConverseCommand>();
  const events: ConverseEvent[] = [];
  let last = session;
  const all = { seats: MODEL_SEATS, first: 'user', alternatives: 8, maxUserTurns: 4, ...options } as ConverseOptions;
  const workflow = converse(ports, session, all, channel, new AbortController().signal);
  const reading = (async () => {
    for await (const event of workflow) {
      events.push(event);
      if (event.type === 'session') last = event.session;
    }
  })();
  for (const command of commands) {
    channel.push(typeof command === 'function' ? command(last) : command);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  channel.close();
  await reading;
  return { events, session: last };
}

export const texts = (session: LiveSession) => pathTo(session).map((node) => node.content);
