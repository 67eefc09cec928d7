import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FairQueue } from '../../src/backends/embedded/server/fair-queue.ts';
import { sample, seededRandom } from '../../src/backends/embedded/server/sampler.ts';
import {
  MAX_SEGMENT,
  MIN_SEGMENT,
  type Segmented,
  segment,
  sharedSegments,
} from '../../src/backends/embedded/server/segments.ts';
import { TextAssembler } from '../../src/backends/embedded/server/text.ts';

const isEnd = (token: number): boolean => token === 2;
const tokens = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 400 });

describe('segments', () => {
  /** Of a prompt for a reply: one that does not end with a turn's end. */
  const forReply = tokens.map((prompt) => [...prompt, 7]);
  const aboutTurn = tokens.map((prompt) => [...prompt, 2]);
  const lengthsOf = (ends: readonly number[]): number[] => ends.map((end, index) => end - (ends[index - 1] ?? 0));

  test('cover the prompt, none too long, none short but at its end', () => {
    fc.assert(
      fc.property(forReply, (prompt) => {
        const { ends } = segment(prompt, isEnd);
        expect(ends.at(-1)).toBe(prompt.length);
        const lengths = lengthsOf(ends);
        expect(Math.max(...lengths)).toBeLessThanOrEqual(MAX_SEGMENT);
        for (const length of lengths.slice(0, -1)) expect(length).toBeGreaterThanOrEqual(MIN_SEGMENT);
      }),
    );
  });

  test('a prompt about its last turn is cut after every turn', () => {
    fc.assert(
      fc.property(aboutTurn, (prompt) => {
        const { ends } = segment(prompt, isEnd);
        expect(Math.max(...lengthsOf(ends))).toBeLessThanOrEqual(MAX_SEGMENT);
        const turnEnds = prompt.flatMap((token, index) => (isEnd(token) ? [index + 1] : []));
        expect(ends.filter((end) => turnEnds.includes(end))).toEqual(turnEnds);
      }),
    );
  });

  test('a prompt that grows keeps its cuts, so a cache is only ever extended', () => {
    for (const kind of [forReply, aboutTurn]) {
      fc.assert(
        fc.property(kind, kind, (prompt, more) => {
          const short = segment(prompt, isEnd);
          const long = segment([...prompt, ...more], isEnd);
          expect(long.ends.slice(0, short.ends.length - 1)).toEqual(short.ends.slice(0, -1));
          expect(sharedSegments(short, long)).toBeGreaterThanOrEqual(short.ends.length - 1);
        }),
      );
    }
  });

  test('prompts about other texts at one turn share all that precedes it', () => {
    fc.assert(
      fc.property(aboutTurn, tokens, tokens, (before, a, b) => {
        const [one, other] = [a, b].map((text) => segment([...before, ...text, 2], isEnd));
        const count = sharedSegments(one as Segmented, other as Segmented);
        expect(one?.ends[count - 1] ?? 0).toBeGreaterThanOrEqual(before.length);
      }),
    );
  });

  describe('of a session that the model took part in', () => {
    const OPENING = [1, 9];
    const turn = fc.array(fc.integer({ min: 10, max: 20 }), { maxLength: 200 });
    const talk = fc.array(fc.tuple(turn, turn), { minLength: 1, maxLength: 5 });
    /** The prompt of each reply; the last reply is not in any. */
    const promptsOf = (turns: [number[], number[]][]): number[][] =>
      turns.map((_, count) =>
        turns
          .slice(0, count + 1)
          .flatMap(([theirs, own], at) => [5, ...theirs, 2, ...OPENING, ...(at < count ? [...own, 2] : [])]),
      );

    test('own turns are cut at every token, all else after the first turn and openings, at most as long as a batch', () => {
      fc.assert(
        fc.property(talk, (turns) => {
          const prompt = promptsOf(turns).at(-1) ?? [];
          const { ends } = segment(prompt, isEnd, OPENING);
          expect(ends.at(-1)).toBe(prompt.length);
          const lengths = lengthsOf(ends);
          expect(Math.max(...lengths)).toBeLessThanOrEqual(MAX_SEGMENT);
          const own = turns.slice(0, -1).reduce((sum, [, said]) => sum + said.length, 0);
          expect(lengths.filter((length) => length === 1).length).toBeGreaterThanOrEqual(own);
          const batches = turns.map(([theirs], at) =>
            at === 0 ? Math.ceil((theirs.length + 2) / MAX_SEGMENT) + 1 : Math.ceil((theirs.length + 5) / MAX_SEGMENT),
          );
          expect(ends.length).toBe(own + batches.reduce((sum, count) => sum + count, 0));
        }),
      );
    });

    test('a prompt with its reply, token by token, is how the next prompt begins', () => {
      fc.assert(
        fc.property(talk, (turns) => {
          const prompts = promptsOf(turns).map((prompt) => segment(prompt, isEnd, OPENING));
          for (const [at, long] of prompts.entries()) {
            const before = prompts[at - 1];
            const own = turns[at - 1]?.[1] ?? [];
            if (before === undefined) continue;
            const held = before.tokens.length;
            const kept = {
              tokens: [...before.tokens, ...own],
              ends: [...before.ends, ...own.map((_, index) => held + index + 1)],
            };
            expect(sharedSegments(kept, long)).toBe(kept.ends.length);
          }
        }),
      );
    });
  });

  test('share nothing beyond the first difference', () => {
    const a = Array.from({ length: 300 }, (_, index) => index + 10);
    const b = a.with(140, 5);
    expect(sharedSegments(segment(a, isEnd), segment(b, isEnd))).toBe(1);
  });
});

describe('sampler', () => {
  const candidates = [0.5, 0.3, 0.15, 0.05].map((p, id) => ({ id, p }));
  const plain = { temperature: 1, topP: 1, topK: 0, minP: 0 };
  const draw = (settings: Partial<typeof plain>, count = 4000): number[] => {
    const random = seededRandom(7);
    const counts = [0, 0, 0, 0];
    for (let round = 0; round < count; round += 1) {
      const id = sample(candidates, { ...plain, ...settings }, random);
      counts[id] = (counts[id] ?? 0) + 1;
    }
    return counts.map((each) => each / count);
  };

  test('draws by probability', () => {
    for (const [id, share] of draw({}).entries()) expect(share).toBeCloseTo(candidates[id]?.p ?? 0, 1);
  });
  test('temperature sharpens, 0 takes the likeliest, the smaller id on a tie', () => {
    expect(draw({ temperature: 0.25 })[0]).toBeGreaterThan(0.85);
    expect(draw({ temperature: 0 })[0]).toBe(1);
    const tie = [3, 1, 2].map((id) => ({ id, p: 0.3 }));
    expect(sample(tie, { ...plain, temperature: 0 }, seededRandom(1))).toBe(1);
  });
  test('top_p and min_p cut the tail', () => {
    expect(draw({ topP: 0.75 }).slice(2)).toEqual([0, 0]);
    expect(draw({ minP: 0.2 })[3]).toBe(0);
  });
  test('a seed gives one stream, and neighbouring seeds different ones', () => {
    const stream = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed));
    expect(stream(5)).toEqual(stream(5));
    expect(new Set([0, 1, 2, -1, 2 ** 40, 2 ** 40 + 1].map((seed) => stream(seed)[0])).size).toBe(6);
  });
});

describe('text', () => {
  const bytes = (list: readonly number[]): string => Buffer.from(list).toString();
  const feed = (text: string, stops: string[]): { parts: string[]; stop: string | null } => {
    const assembler = new TextAssembler(bytes, stops);
    const parts = [...Buffer.from(text)].map((byte) => assembler.push(byte));
    return { parts: [...parts, assembler.finish()], stop: assembler.stoppedBy };
  };

  test('never sends half a character', () => {
    expect(feed('a👩é日', []).parts.filter(Boolean)).toEqual(['a', '👩', 'é', '日']);
  });
  test('cuts at the first stop string and sends none of it, even piece by piece', () => {
    expect(feed('one STO two STOP three', ['STOP', 'zzz'])).toMatchObject({ stop: 'STOP' });
    expect(feed('one STO two STOP three', ['STOP']).parts.join('')).toBe('one STO two ');
    expect(feed('one ST', ['STOP']).parts.join('')).toBe('one ST');
  });
});

describe('fair queue', () => {
  const never = new AbortController().signal;

  test('interleaves streams and runs one step at a time', async () => {
    const queue = new FairQueue();
    const order: string[] = [];
    let running = 0;
    const stream = async (name: string): Promise<void> => {
      for (let step = 0; step < 4; step += 1) {
        await queue.run(never, async () => {
          running += 1;
          expect(running).toBe(1);
          await new Promise((resolve) => setTimeout(resolve, 1));
          order.push(name);
          running -= 1;
        });
      }
    };
    await Promise.all([stream('a'), stream('b'), stream('c')]);
    expect(order.join('')).toBe('abcabcabcabc');
  });

  test('what is cancelled while it waits never starts, and holds nobody up', async () => {
    const queue = new FairQueue();
    const cancel = new AbortController();
    let started = false;
    const first = queue.run(never, () => new Promise((resolve) => setTimeout(resolve, 20)));
    const second = queue.run(cancel.signal, async () => {
      started = true;
    });
    const third = queue.run(never, async () => 'third');
    cancel.abort();
    await expect(second).rejects.toThrow();
    await first;
    expect(await third).toBe('third');
    expect(started).toBe(false);
  });

  test('a step that fails gives the place to the next', async () => {
    const queue = new FairQueue();
    const failing = queue.run(never, () => Promise.reject(new Error('broken')));
    const next = queue.run(never, async () => 1);
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe(1);
  });
});
