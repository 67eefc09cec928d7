import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: 'test/global-setup.ts',
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    // native llama.cpp and ptys do not survive worker threads
    pool: 'forks',
    // the machine that checks a submission has two cores, and real models take one each
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Ink takes a set CI for "not a terminal"; the colours of the developer's shell are no part of a test
    env: { CI: 'false', NO_COLOR: '', FORCE_COLOR: '0' },
    unstubEnvs: true,
    restoreMocks: true,
  },
});
