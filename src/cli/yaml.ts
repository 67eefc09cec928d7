/** By this file, since a bundled `import()` of a CommonJS package has no named exports. */
export { parse, stringify } from 'yaml';
