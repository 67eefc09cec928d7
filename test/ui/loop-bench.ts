import { FakeTurnJournal } from '../../src/backends/fake/journal.ts';
import { FakeLoopStore } from '../../src/backends/fake/loops.ts';
import type { Ports } from '../../src/core/ports.ts';
import type { RunPorts } from '../../src/core/stage/ports.ts';
import type { LoopPorts } from '../../src/core/workflows/loop/types.ts';

/** Loops in memory over other ports; whatever is named is there, but no corpus that was not made. */
export function fakeLoops(ports: Ports, runs: RunPorts): LoopPorts & { readonly loops: FakeLoopStore } {
  const isCorpus = async (name: string) => (await ports.sessions.corpora()).some((corpus) => corpus.name === name);
  return {
    ...ports,
    runs,
    loops: new FakeLoopStore(),
    contentHash: async ({ kind, name }) => (kind !== 'corpus' || (await isCorpus(name)) ? `hash of ${name}` : null),
    validation: async () => null,
    chatbots: async () => [],
    turnJournal: async () => new FakeTurnJournal(),
    sessionIds: async () => new Set(),
    apart: null,
  };
}
