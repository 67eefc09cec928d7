import { fileURLToPath } from 'node:url';

/**
 * How Foil is bundled; the benchmarks bundle what they compare with in the same way.
 * @param {string} root the folder that package.json stands in
 * @returns {import('esbuild').BuildOptions}
 */
export function bundleOptions(root) {
  return {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'esm',
    jsx: 'automatic',
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
