import { defineConfig } from 'vitest/config';

/** Run by scripts/launchers.mjs, which starts what these suites talk to. */
export default defineConfig({
  test: {
    include: ['test/launch/*.launch.ts', 'test/launch/local.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 240_000,
    hookTimeout: 120_000,
    unstubEnvs: true,
    restoreMocks: true,
  },
});
