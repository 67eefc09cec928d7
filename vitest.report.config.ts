import { defineConfig } from 'vitest/config';

/** `npm run test:report`: the report in a real browser, which not every machine has. */
export default defineConfig({
  test: {
    include: ['test/report/*.browser.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
