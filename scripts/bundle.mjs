import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/**
 * How Foil is bundled; the benchmarks bundle what they compare with in the same way, less `quickStart`.
 * @param {string} root the folder that package.json stands in
 * @returns {import('esbuild').BuildOptions}
 */
export function bundleOptions(root) {
  return {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // a node target rewrites Ink's \p{} literals to `new RegExp` at each use: 7 to 16% of the CPU while it draws
    target: 'esnext',
    // what `import()` loads stays apart: screens, the OpenAI client and execa cost 80 to 200 ms each at start
    splitting: true,
    // beside the entries: code finds files by its own place (the engine its bundle, Foil its models)
    chunkNames: '[name]-[hash]',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"' },
    // Ink asks for the devtools only in development, but imports them statically
    alias: { 'react-devtools-core': fileURLToPath(new URL('empty.mjs', import.meta.url)) },
    // finds its prebuilt libraries by its own place in node_modules
    external: ['node-llama-cpp'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  };
}

/**
 * Letters, signs and lines whose every sequence is as wide as it is long: ASCII, Latin-1 without the soft hyphen and
 * the signs that can be emoji, dashes and quotes, the arrows, box drawing, blocks, marks of plots, Braille.
 */
export const NARROW =
  /^[\x20-\x7E\xA0-\xA8\xAA-\xAC\xAF-\xFF\u2010-\u2027\u2190-\u2193\u2500-\u259F\u25B2\u25BC\u25CF\u2800-\u28FF]*$/;

/**
 * Two things of Ink's that cost a third of the time to the first frame, and that a screen of boxes needs not.
 * @type {import('esbuild').Plugin}
 */
export const quickStart = {
  name: 'quick-start',
  setup(build) {
    const REAL = Symbol('the package itself');
    // string-width parses \p{RGI_Emoji} and its like when it loads, and compiles them at the first character that is not
    // ASCII, the first line of a box: so it is loaded at the first text that may be wider than it is long
    build.onResolve({ filter: /^string-width$/ }, async ({ pluginData, importer, resolveDir, kind, namespace }) => {
      if (pluginData === REAL || namespace === 'quick-width') return;
      const { path } = await build.resolve('string-width', { importer, resolveDir, kind, pluginData: REAL });
      return { path, namespace: 'quick-width' };
    });
    build.onLoad({ filter: /.*/, namespace: 'quick-width' }, ({ path }) => ({
      contents: `let width;
const NARROW = ${NARROW};
export default (text, options) => {
  if (typeof text === 'string' && options?.ambiguousIsNarrow !== false && NARROW.test(text)) return text.length;
  width ??= require(${JSON.stringify(path)}).default;
  return width(text, options);
};`,
      resolveDir: build.initialOptions.absWorkingDir,
    }));
    // Yoga fetches its own data: URL, for which Node loads its whole HTTP client; its other way is to decode it
    build.onLoad({ filter: /yoga-wasm-base64-esm\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const parts = text.split('typeof fetch');
      if (parts.length === 1) throw new Error(`${path} is not as expected: look at how it loads its code`);
      return { contents: parts.join('"undefined"'), loader: 'js' };
    });
  },
};
