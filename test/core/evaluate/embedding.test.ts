import { expect, test } from 'vitest';
import {
  denseRow,
  EMBEDDING_DEFAULTS,
  embeddingExhibits,
  sessionsToEmbed,
  sessionText,
  windowEncoder,
  windowsOf,
  wordEncoder,
} from '../../../src/core/evaluate/language/embedding.ts';
import type { Source } from '../../../src/core/evaluate/source.ts';
import type { Estimate, Exhibit } from '../../../src/core/evaluate/table.ts';
import { makeSession } from '../../fixtures/make.ts';

const TOPICS = ['boss', 'dog', 'exam', 'money', 'sister', 'sleep'];
const OPTIONS = { draws: 50, seed: 1, ...EMBEDDING_DEFAULTS };
const source = (name: string, say: (topic: string) => string, copies = 1): Source => ({
  ...{ name, kind: name === 'real' ? 'real' : 'simulated', corpus: name },
  sessions: TOPICS.flatMap((topic) =>
    Array.from({ length: copies }, (_, k) =>
      makeSession(`${name}.${topic}.${k}`, [say(topic)], { meta: { context_of: topic } }),
    ),
  ),
});
const real = source('real', (topic) => `${topic} ${topic} is all i think of`);

function run(sources: readonly Source[]): Exhibit[] {
  const placed = sessionsToEmbed(sources, OPTIONS);
  const made = embeddingExhibits(placed, wordEncoder(placed.map(({ session }) => sessionText(session))), OPTIONS);
  let step = made.next();
  while (!step.done) step = made.next();
  return step.value;
}
function shares(exhibits: readonly Exhibit[]) {
  const [table] = exhibits;
  if (table?.type !== 'table') throw new Error('no table');
  return table.rows.map(({ key, cells }) => ({ key, cells: cells as Record<string, Estimate> }));
}

test('a grounded simulator lies near its contexts, one with a voice of its own near itself', () => {
  const grounded = shares(run([real, source('it0', (topic) => `${topic} ${topic} it is`)]));
  expect(grounded.map(({ key }) => key)).toEqual(['real', 'it0']);
  expect(grounded[1]?.cells['context']?.value).toBe(1);
  expect(grounded[1]?.cells['source']?.value).toBe(0);
  expect(grounded[1]?.cells['context_chance']).toBeCloseTo(1 / 11);
  expect(grounded[1]?.cells['source_chance']).toBeCloseTo(5 / 11);
  const voiced = shares(run([real, source('zero', (topic) => `I truly appreciate your kind support with ${topic}`)]));
  expect(voiced[1]?.cells['source']?.value).toBe(1);
});

test('every session is a point that leads to it, by source and by context', () => {
  const exhibits = run([real, source('it0', (topic) => `${topic} ok`)]);
  const [, bySource, byContext] = exhibits;
  if (bySource?.type !== 'figure' || byContext?.type !== 'figure') throw new Error('no figure');
  expect(bySource.series.map(({ name, points }) => [name, points.length])).toEqual([
    ['real', 6],
    ['it0', 6],
  ]);
  expect(byContext.series.map(({ name }) => name).sort()).toEqual([...TOPICS].sort());
  expect(byContext.series[0]?.points.map(({ behind }) => behind[0]?.corpus)).toEqual(['real', 'it0']);
  expect(bySource.notes[0]).toContain('no sentence encoder');
  expect(run([real, source('it0', (topic) => `${topic} ok`)])).toEqual(exhibits);
});

test('one session of each source a context, as many as the map may hold; too few make no map', () => {
  const placed = sessionsToEmbed([real, source('it0', (topic) => topic, 3)], { ...OPTIONS, most: 8 });
  expect(placed).toHaveLength(8);
  expect(new Set(placed.map(({ session }) => session.meta['context_of'])).size).toBe(4);
  const few = embeddingExhibits(placed.slice(0, 3), wordEncoder(['a', 'b', 'c']), OPTIONS).next();
  expect(few).toEqual({ done: true, value: [] });
  expect([...(denseRow([0.5, 2]).at as Uint32Array)]).toEqual([0, 1]);
  expect(sessionText(makeSession('x', Array(60).fill('a')))).toHaveLength(99);
});

test('a session is read in windows, from message to message, of a long one from word to word, and nothing is lost', () => {
  const long = Array.from({ length: 400 }, (_, at) => `word${at}`).join(' ');
  const texts = ['a'.repeat(500), 'b'.repeat(399), 'c', '  ', long, 'end'];
  const windows = windowsOf(makeSession('x', texts));
  expect(windows.slice(0, 2)).toEqual([
    `${'a'.repeat(500)}\n${'b'.repeat(399)}`,
    expect.stringMatching(/^c\nword0|^c$/u),
  ]);
  for (const window of windows) expect(window.length).toBeLessThanOrEqual(900);
  expect(windows.join(' ').split(/\s+/u)).toEqual(texts.join(' ').split(/\s+/u));
  expect(windows.at(-1)).toMatch(/word399\nend$/u);
  expect(windowsOf(makeSession('x', Array(60).fill('a'))).join('')).toHaveLength(99);
});

test('it is the mean of the directions of its windows by their length, and has none without words', () => {
  const sessions = [makeSession('x', ['a'.repeat(900), 'b'.repeat(300)]), makeSession('y', [' '])];
  const vectorOf = (window: string) => (window[0] === 'a' ? Float32Array.of(0.5, 0) : Float32Array.of(0, 40));
  const [row, nothing] = windowEncoder(sessions, 'it', vectorOf).vectors;
  expect(Array.from(row?.value ?? [])).toEqual([900, 300]);
  expect(nothing?.value).toHaveLength(0);
});
