import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { bundleOptions, NARROW, quickStart } from '../../scripts/bundle.mjs';

describe("the bundle's short cut for the width of text", () => {
  const narrow = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter((text) =>
    NARROW.test(text),
  );

  it('covers what the screens are drawn with, and nothing that is not one cell wide', () => {
    for (const text of ['Chat', '┌─┐│└┘', '▁▂▃▄▅▆▇█', '…', '·', '▲▼●', '←↑→↓', 'é', '⣿'])
      expect(NARROW.test(text), text).toBe(true);
    for (const text of ['日', '👍', '©', '®', '\u00ad', '\u200d', '\ufe0f', '\x1b', '\n', 'e\u0301'])
      expect(NARROW.test(text), text).toBe(false);
    expect(narrow.filter((text) => stringWidth(text) !== 1)).toEqual([]);
  });

  it('agrees with string-width on any text that it takes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...narrow)), (parts) => {
        const text = parts.join('');
        expect(stringWidth(text)).toBe(text.length);
      }),
    );
  });

  it('hands any other text to string-width, which it loads then', async () => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const stdin = { contents: "export { default } from 'string-width'", resolveDir: root };
    // a data: URL has no folder to require from, and nothing here needs the banner
    const options = { ...bundleOptions(root), splitting: false, banner: {}, plugins: [quickStart] };
    const { outputFiles } = await build({ ...options, stdin, write: false });
    const code = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64');
    const { default: width } = await import(`data:text/javascript;base64,${code}`);
    for (const text of ['abc', '日本語', '👍🏽 ok', 'e\u0301', '\x1b[1mbold\x1b[0m', '', '│\n│'])
      expect([text, width(text)]).toEqual([text, stringWidth(text)]);
    expect(width('±', { ambiguousIsNarrow: false })).toBe(2);
  });
});

it('a card is shown as YAML from the bundle too, where a CommonJS package that is loaded late has no named exports', async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['bin/foil.js', 'models', 'show', 'supporter'], {
    cwd: root,
  });
  expect(stdout).toMatch(/^schema: 1$/mu);
}, 60_000);

it('what draws the report is in chunks that only the report loads', async () => {
  const dist = fileURLToPath(new URL('../../dist', import.meta.url));
  const read = (name: string) => readFile(join(dist, name), 'utf8');
  // static imports alone: what `import()` names is not followed
  const first = new Set(['foil.js']);
  for (const name of first) {
    for (const [, next] of (await read(name)).matchAll(/(?:from|import)\s*"\.\/([^"]+)"/gu)) first.add(next as string);
  }
  // words of vega, of vega-lite, and of our own specifications
  const words = ['Unrecognized signal', 'Invalid specification', 'schema/vega-lite/v6.json'];
  const drawing = new Map(words.map((word) => [word, [] as string[]]));
  for (const name of (await readdir(dist)).filter((file) => file.endsWith('.js'))) {
    const text = await read(name);
    for (const [word, files] of drawing) if (text.includes(word)) files.push(name);
  }
  expect(first.size).toBeGreaterThan(3);
  for (const [word, files] of drawing) {
    expect([word, files.length > 0]).toEqual([word, true]);
    expect(files.filter((name) => first.has(name))).toEqual([]);
  }
});
