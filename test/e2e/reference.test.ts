import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../src/backends/config/load.ts';
import { embeddedSource } from '../../src/backends/registry/embedded-source.ts';
import { Registry } from '../../src/backends/registry/registry.ts';
import { sessionSchema } from '../../src/core/session/schema.ts';
import { judgeSession } from '../../src/core/workflows/judge.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fixture = join(root, 'test', 'fixtures', 'reference.jsonl');
const referenceSchema = z.object({ id: z.string(), z: z.array(z.number()) });

async function lines(file: string): Promise<unknown[]> {
  return (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

/**
 * The whole path of a score, from a session over prompt, template and HTTP to llama.cpp on F16 weights, against PyTorch in
 * fp32 (docs/models.md says how the reference is made). 0.02 is small beside rewards of 0.3 to 1.5.
 */
test('log-odds of the served discriminator agree with PyTorch within 0.02', { timeout: 600_000 }, async () => {
  expect(existsSync(fixture)).toBe(true);
  const reference = new Map(
    (await lines(fixture)).map((line) => referenceSchema.parse(line)).map((row) => [row.id, row.z]),
  );
  const sessions = (await lines(join(root, 'sessions', 'sample.jsonl'))).map((line) => sessionSchema.parse(line));
  const config = await loadConfig(root);
  const registry = new Registry({
    config,
    modelDirs: [join(root, 'models')],
    engine: embeddedSource(config, () => {}),
    env: {},
  });
  const { signal } = new AbortController();
  try {
    const discriminator = await registry.discriminator('discriminator-it0', signal);
    let worst = 0;
    let turns = 0;
    for (const { id, context, turns: said } of sessions) {
      const expected = reference.get(id);
      if (!expected || expected.length === 0) continue;
      const found: number[] = [];
      for await (const judged of judgeSession(discriminator, context, said, signal)) found.push(judged.z);
      expect(found).toHaveLength(expected.length);
      for (const [index, value] of found.entries())
        worst = Math.max(worst, Math.abs(value - (expected[index] ?? Number.NaN)));
      turns += found.length;
    }
    expect(turns).toBeGreaterThan(25);
    expect(worst).toBeLessThan(0.02);
  } finally {
    await registry.close();
  }
});
