import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIOME = join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');

const core = { folder: 'src/core/session', says: 'src/core does no I/O' };
const backends = { folder: 'src/backends/store', says: 'src/backends implements the ports' };
const ui = { folder: 'src/ui/screens', says: 'src/ui shows events' };
const seam = { folder: 'src/ui/screens', says: 'import Ink through src/ui/ink.ts' };

const named = (specifier: string) => `import * as x from '${specifier}';\n\nexport const y = x;\n`;
const lazy = (specifier: string) => `export const y = await import('${specifier}');\n`;
const passedOn = (specifier: string) => `export * from '${specifier}';\n`;

/** What each layer may not import, and the ways to import it. */
const FORBIDDEN: [layer: { folder: string; says: string }, specifier: string, write: (specifier: string) => string][] =
  [
    ...['../../backends/store/index.ts', '../../ui/app.tsx', '../../cli/cli.ts'].map(
      (name) => [core, name, named] as const,
    ),
    ...['node:fs', 'node:fs/promises', 'fs', 'node:process', 'ink', 'ink-table', 'react', 'react/jsx-runtime'].map(
      (name) => [core, name, named] as const,
    ),
    ...['execa', 'lowdb', 'lowdb/node', 'openai', 'hono', 'node-llama-cpp', '@hono/node-server'].map(
      (name) => [core, name, named] as const,
    ),
    ...[lazy, passedOn].map((write) => [core, '../../backends/store/index.ts', write] as const),
    ...['../../ui/app.tsx', '../../cli/cli.ts', 'ink', 'ink-table', 'react', 'commander'].map(
      (name) => [backends, name, named] as const,
    ),
    ...[lazy, passedOn].map((write) => [backends, '../../ui/app.tsx', write] as const),
    ...['../../cli/cli.ts', 'node:fs', 'node:fs/promises', 'node:child_process', 'node:http'].map(
      (name) => [ui, name, named] as const,
    ),
    ...['execa', 'lowdb/node', 'openai', 'node-llama-cpp'].map((name) => [ui, name, named] as const),
    ...[lazy, passedOn].map((write) => [ui, 'node:fs', write] as const),
    ...[named, lazy].map((write) => [seam, 'ink', write] as const),
  ].map(([layer, specifier, write]) => [layer, specifier, write]);

const ALLOWED: [file: string, specifier: string][] = [
  ['src/core/session', 'zod'],
  ['src/core/workflows', '../session/schema.ts'],
  ['src/backends/store', '../../core/ports.ts'],
  ['src/backends/store', 'node:fs'],
  ['src/ui/screens', '../../core/ports.ts'],
  ['src/ui/screens', '../ink.ts'],
  ['src/cli/commands', '../../backends/store/index.ts'],
  ['src/cli/commands', '../../ui/app.tsx'],
];

/** Diagnostics of the project's own rules over a copy of its folders, by path of file. */
let found: Map<string, { category: string; message: string }[]>;
let project: string;

async function write(name: string, text: string): Promise<void> {
  await mkdir(dirname(join(project, name)), { recursive: true });
  await writeFile(join(project, name), text);
}

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'foil-layers-'));
  await copyFile(join(ROOT, 'biome.json'), join(project, 'biome.json'));
  for (const [index, [layer, specifier, form]] of FORBIDDEN.entries()) {
    await write(`${layer.folder}/forbidden${index}.ts`, form(specifier));
  }
  for (const [index, [folder, specifier]] of ALLOWED.entries())
    await write(`${folder}/allowed${index}.ts`, named(specifier));
  await write('src/ui/ink.ts', named('ink'));

  const output = await new Promise<string>((done) => {
    execFile(
      process.execPath,
      [BIOME, 'lint', '--reporter=json', '--max-diagnostics=none', 'src'],
      { cwd: project },
      (_, stdout) => done(stdout),
    );
  });
  found = Map.groupBy(
    (JSON.parse(output) as { diagnostics: { category: string; message: string; location: { path: string } }[] })
      .diagnostics,
    ({ location }) => location.path,
  );
});

afterAll(() => rm(project, { recursive: true, force: true }));

describe('layers: core <- backends <- ui and cli', () => {
  it.each(
    FORBIDDEN.map(([layer, specifier, form], index) => [layer.folder, form(specifier).trim(), layer, index] as const),
  )('%s may not say: %s', (folder, _, { says }, index) => {
    const broken = found
      .get(`${folder}/forbidden${index}.ts`)
      ?.filter(({ category }) => category === 'lint/style/noRestrictedImports');
    expect(broken?.map(({ message }) => message)).toEqual([expect.stringContaining(says)]);
  });

  it.each(ALLOWED.map(([folder, specifier], index) => [folder, specifier, index] as const))(
    '%s may import %s',
    (folder, _, index) => {
      expect(found.get(`${folder}/allowed${index}.ts`)).toBeUndefined();
    },
  );

  it('src/ui/ink.ts is the one file that imports Ink', () => {
    expect(found.get('src/ui/ink.ts')).toBeUndefined();
  });
});
