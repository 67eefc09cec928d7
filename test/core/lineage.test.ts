import { expect, test } from 'vitest';
import { cardSchema, type ModelCard } from '../../src/core/model/card.ts';
import { type LineageSources, lineageLines, lineageOf } from '../../src/core/model/lineage.ts';
import { type MinedRecord, minedSpecSchema } from '../../src/core/preference/mined.ts';

const sha = (letter: string) => letter.repeat(64);

function card(name: string, letter: string, lineage?: unknown): ModelCard {
  return cardSchema.parse({
    ...{ schema: 1, name, kind: 'simulator', base: { name: 'base', gguf_sha256: sha('0') } },
    ...{ adapter: { rank: 8, alpha: 16, gguf_sha256: sha(letter) }, template: { file: 't', sha256: sha('0') } },
    ...{
      stop: { turn: 'a', session: 'b' },
      data: { name: 'corpus real' },
      recipe: null,
      validation: null,
      search: null,
      lineage,
    },
  });
}

const reads = (more: object) => ({ corpora: [], simulated: [], pairs: [], ...more });
const cards: Record<string, ModelCard> = {
  it0: card('it0', 'a'),
  d0: card('d0', 'b', {
    ...{ run: 'discriminator-1', stage: 'discriminator', parent: null },
    inputs: { train: { sha256: sha('1'), source: 'corpus real and simulated s0' } },
    reads: reads({ corpora: ['real'], simulated: ['s0'] }),
  }),
  it1: card('it1', 'c', {
    ...{ run: 'dpo-1', stage: 'dpo', parent: 'it0' },
    inputs: { train: { sha256: sha('2'), source: 'approved pairs of set p0' } },
    reads: reads({ pairs: ['p0'] }),
  }),
};
const spec: MinedRecord = minedSpecSchema.parse({
  ...{
    schema: 1,
    type: 'spec',
    at: '2026-01-01T00:00:00Z',
    corpus: 's0',
    simulator: 'it0',
    discriminator: 'd0',
    engine: 'e',
  },
  ...{ template: 't', sampling: {}, critical: {}, n: 8, seed: 5, rules: {} },
});
const sources: LineageSources = {
  card: async (name) => cards[name] ?? null,
  mined: async (set) => (set === 'p0' ? [spec] : []),
  origin: async (corpus) =>
    corpus === 's0' ? { simulator: 'it0', chatbot: 'bot' } : corpus === 'real' ? 'real' : null,
  sha256: async (corpus) => (corpus === 'real' ? sha('e') : corpus === 's0' ? sha('f') : null),
};

test('a model is followed back to real sessions, with what each run read and its sha256', async () => {
  const tree = await lineageOf('it1', sources);
  expect(lineageLines(tree)).toEqual([
    'model it1 (run dpo-1)  sha256 cccccccccccc',
    '    read train: approved pairs of set p0  sha256 222222222222',
    '  model it0 (goes on from, trained on corpus real)  sha256 aaaaaaaaaaaa',
    '  pairs p0 (pairs, mined at 0 turns, 8 alternatives each, seed 5)',
    '    model it0 (wrote the alternatives, trained on corpus real)  sha256 aaaaaaaaaaaa',
    '    model d0 (ranked them, run discriminator-1)  sha256 bbbbbbbbbbbb',
    '        read train: corpus real and simulated s0  sha256 111111111111',
    '      corpus s0 (simulated, it0 with bot)  sha256 ffffffffffff',
    '        model it0 (simulated them, trained on corpus real)  sha256 aaaaaaaaaaaa',
    '      corpus real (real)  sha256 eeeeeeeeeeee',
    '    corpus s0 (sessions, it0 with bot)  sha256 ffffffffffff, see above',
  ]);
});

test('what is gone is named, and a circle ends', async () => {
  const circle = {
    ...cards,
    x: card('x', 'd', { run: 'r', parent: 'x', reads: reads({ corpora: ['gone'], pairs: ['by-hand'] }) }),
  };
  const tree = await lineageOf('x', { ...sources, card: async (name) => circle[name as 'x'] ?? null });
  expect(lineageLines(tree).slice(1)).toEqual([
    '  model x (goes on from, run r)  sha256 dddddddddddd',
    '  pairs by-hand (pairs, not mined)',
    '  corpus gone (real, not here)',
  ]);
  expect(lineageLines(await lineageOf('nobody', sources))).toEqual(['model nobody (not here)']);
});
