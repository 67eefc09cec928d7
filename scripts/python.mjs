/** `node scripts/python.mjs ARGS`: Python in the environment that `foil setup train` builds: the same builder, the same cache. */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The interpreter that the builder names in its last line; its progress goes to our stderr. */
async function interpreter() {
  const foil = spawn(process.execPath, ['bin/foil.js', 'setup', 'train', '--device', 'cpu', '--json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let ready = null;
  for await (const line of createInterface({ input: foil.stdout })) {
    const event = JSON.parse(line);
    if (event.event === 'ready') ready = event.executable;
  }
  if (ready === null) process.exit(1);
  return ready;
}

const args = process.argv.slice(2);
const { status } = spawnSync(await interpreter(), args, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PYTHONPATH: 'python' },
});
process.exit(status ?? 1);
