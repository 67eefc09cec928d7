import { expect, test } from 'vitest';
import { step } from '../../src/backends/openai/steps.ts';

test('steps run in their order, each with what follows from it, and the event loop looks elsewhere between them', async () => {
  const STEPS = 100;
  const done: string[] = [];
  const all = Array.from({ length: STEPS }, async (_, index) => {
    await step();
    done.push(`step ${index}`);
    await null;
    done.push(`after ${index}`);
  });
  // As often as the loop comes round, which is where a pressed key would be seen.
  let looks = 0;
  const look = (): void => {
    looks += 1;
    if (done.length < 2 * STEPS) setImmediate(look);
  };
  setImmediate(look);
  await Promise.all(all);
  expect(done).toEqual(Array.from({ length: STEPS }, (_, index) => [`step ${index}`, `after ${index}`]).flat());
  expect(looks).toBeGreaterThan(STEPS / 4);
});
