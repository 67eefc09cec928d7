import { runCli } from './cli.ts';
import { EXIT } from './failure.ts';

/** A second signal this soon is the same key press: npm and bin/foil.js pass on what the terminal sent to everyone. */
const SAME_PRESS_MS = 300;

const controller = new AbortController();
let cancelledAt = 0;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!controller.signal.aborted) {
      cancelledAt = performance.now();
      controller.abort();
    } else if (performance.now() - cancelledAt > SAME_PRESS_MS) {
      process.exit(EXIT.cancelled);
    }
  });
}

// `foil ... | head`: the reader has seen enough, and that is no error; whatever is written survives a stop at any moment
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // EIO: the terminal itself is gone (a closed window, a lost line)
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    process.exit(EXIT.done);
  });
}

const { stdout, stderr, stdin, env } = process;
const code = await runCli(process.argv.slice(2), {
  stdout,
  stderr,
  stdin,
  env,
  cwd: process.cwd(),
  signal: controller.signal,
});
await new Promise((done) => stdout.write('', done));
process.exit(code);
