import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/backends/config/load.ts';
import { registryOf } from './fixtures.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DOC = readFileSync(join(ROOT, 'docs', 'endpoints.md'), 'utf8');
const BLOCKS = [...DOC.matchAll(/^```yaml\n(.*?)^```$/gmsu)].map(([, text]) => text ?? '');

describe('docs/endpoints.md', () => {
  it('has the foil.yaml files that it speaks of', () => {
    expect(BLOCKS).toHaveLength(3);
  });

  it.each(BLOCKS)('shows a valid foil.yaml %#', async (text) => {
    const config = parseConfig(text, join(ROOT, 'foil.yaml'));
    const models = await registryOf({ yaml: text, cwd: ROOT }, { OPENAI_API_KEY: 'k' }).list();
    for (const [kind, name] of Object.entries(config.roles)) {
      expect(models).toContainEqual(expect.objectContaining({ name, kind, unavailable: null }));
    }
  });

  it('names only errors that Foil has, and every code of an endpoint', () => {
    const table = DOC.slice(DOC.indexOf('| code |'));
    const named = [...table.matchAll(/^\| (`.*?`) \|/gmu)].flatMap(([, cell]) => cell!.match(/[a-z-]+/gu) ?? []);
    const files = ['openai/failure.ts', 'openai/discriminator.ts', 'config/keys.ts'];
    const source = files.map((file) => readFileSync(join(ROOT, 'src', 'backends', file), 'utf8')).join('');
    const thrown = [...source.matchAll(/FoilError\(\s*'([a-z-]+)'/gu)].map(([, code]) => code);
    expect(named.toSorted()).toEqual([...new Set(thrown)].toSorted());
  });
});
