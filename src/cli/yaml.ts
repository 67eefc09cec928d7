/** By this file, since a bundled `import()` of a CommonJS package has no named exports. */
export { stringify } from 'yaml';
