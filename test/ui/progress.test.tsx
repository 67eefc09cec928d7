import { expect, test } from 'vitest';
import { FakeDiscriminator, FakeRegistry } from '../../src/backends/fake/models.ts';
import type { Discriminator } from '../../src/core/ports.ts';
import { contextSchema } from '../../src/core/session/schema.ts';
import { fromCorpus } from '../../src/core/session/tree.ts';
import { Channel } from '../../src/core/workflows/channel.ts';
import { alternativesProgress } from '../../src/ui/state/view.ts';
import { openApp, TAB } from './app-screen.tsx';
import { fakeBench } from './bench.ts';

/** A discriminator that gives as many scores as it was told to. */
class Gated extends FakeDiscriminator {
  private readonly allowed = new Channel<null>();
  private readonly turns = this.allowed[Symbol.asyncIterator]();

  constructor() {
    super('gated', () => 1);
  }

  next(): void {
    this.allowed.push(null);
  }

  override async score(...args: Parameters<Discriminator['score']>): Promise<number> {
    await this.turns.next();
    return await super.score(...args);
  }
}

function gatedBench(init: Parameters<typeof fakeBench>[0] = {}) {
  const bench = fakeBench(init);
  const judge = new Gated();
  const { ports } = bench;
  const models = new FakeRegistry({ discriminators: [judge] });
  const registry = {
    list: () => ports.models.list(),
    chatModel: ports.models.chatModel.bind(ports.models),
    discriminator: models.discriminator.bind(models),
  };
  const roles = { ...bench.roles, discriminator: 'gated' };
  const turns = ['one', 'two', 'three'].flatMap((content) => [
    { role: 'user' as const, content },
    { role: 'assistant' as const, content: 'go on' },
  ]);
  const session = {
    ...{ schema: 1 as const, id: 'c-1', source: 'test', domain: 'test', origin: 'real' as const, meta: {}, turns },
    context: contextSchema.parse({}),
  };
  const open = fromCorpus(session, 'corpus-a', { id: 'live-1', at: '', seed: 1, roles });
  return { judge, bench: { ...bench, ports: { ...ports, models: registry }, roles, open } };
}

test('while a session is judged, the status says which of its user turns', async () => {
  const { bench, judge } = gatedBench();
  const { screen } = await openApp(bench);
  for (const t of [1, 2, 3]) {
    await screen.waitFor(`judging t ${t} of 3 …`);
    judge.next();
  }
  await screen.waitFor((text) => !text.includes('judging'));
});

test('alternatives say how many are sampled, then how many are judged', async () => {
  const { bench, judge } = gatedBench({ simulator: (_, index) => `word ${index}`, delayMs: 10 });
  const { screen, control } = await openApp(bench);
  for (let t = 1; t <= 3; t += 1) {
    await screen.waitFor(`judging t ${t} of 3`);
    judge.next();
  }
  await screen.waitFor((text) => !text.includes('judging'));
  await screen.send(TAB);
  // what passes is noted as it comes: a busy machine may look at the screen too late
  const seen = new Set<string>();
  control.store.subscribe(({ chat: { activity } }) => {
    if (activity?.kind === 'alternatives') seen.add(alternativesProgress(activity));
  });
  await screen.send('a');
  // first z_{t-1}, then the original and the samples
  await screen.waitFor('alternatives: 8 sampled, 0 of 9 judged');
  expect([...seen]).toEqual([...Array.from({ length: 8 }, (_, k) => `${k} of 8 sampled`), '8 sampled, 0 of 9 judged']);
  judge.next();
  judge.next();
  await screen.waitFor('alternatives: 8 sampled, 1 of 9 judged');
  judge.next();
  const shown = await screen.waitFor('alternatives: 8 sampled, 2 of 9 judged');
  expect(shown).toMatch(/Alternatives at t 3.* 8 sampled, 2 of 9 judged ╗/u);
});
