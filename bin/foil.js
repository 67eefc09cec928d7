#!/usr/bin/env node
// Runs on any Node since 18, to say what is missing: keep to the plainest JavaScript here.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bundle = join(root, 'dist', 'foil.js');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
// 22.13: the first with node:sqlite unflagged; Ink 8 needs 22
const supported = major > 22 || (major === 22 && minor >= 13);

if (!existsSync(bundle)) {
  fail('dist/foil.js is missing: Foil is not built.', 'run `npm ci`, or `npm run build` where node_modules exists');
} else if (supported) {
  // beside the bundle, not in a shared temporary folder, where others could plant code
  module.enableCompileCache?.(join(root, 'dist', '.compile-cache'));
  await import(pathToFileURL(bundle).href);
} else {
  runWithBundledNode();
}

function fail(message, remedy) {
  process.stderr.write(`foil: ${message}\n  → ${remedy}\n`);
  process.exitCode = 1;
}

/** Starts again under the Node of the `node` package, which `npm ci` installs with Foil. */
function runWithBundledNode() {
  const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(node)) {
    fail(
      `Node ${process.versions.node} is too old: Foil needs 22.13 or newer.`,
      'run `npm ci` in the folder of Foil, which installs its own Node 24, or install a newer Node',
    );
    return;
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // the child decides what a signal means; one that the terminal sent to both arrives there twice, and counts once
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`could not start ${node}: ${error.message}`, 'run `npm ci` in the folder of Foil'));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}
