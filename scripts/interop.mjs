/**
 * Proves the endpoint path against a server that others wrote: `transformers serve` with Foil's own base weights, as
 * simulator and as chatbot, with the roles flipped and not. Builds an environment of its own in the user's cache, which
 * takes minutes the first time. `npm run test:interop [-- --python PATH] [-- --torch-index URL] [-- --env VENV]`.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import envPaths from 'env-paths';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(envPaths('foil', { suffix: '' }).cache, 'interop');
const requirements = join(root, 'python', 'requirements.txt');
const run = promisify(execFile);
const { values: options } = parseArgs({
  options: { python: { type: 'string' }, 'torch-index': { type: 'string' }, env: { type: 'string' } },
});

const checks = [];
function check(what, holds, seen = '') {
  checks.push(holds);
  console.log(`${holds ? 'ok  ' : 'FAIL'}  ${what}${holds ? '' : `\n      ${seen}`}`);
}

/** `transformers serve` with what converts a GGUF, in the versions of the training stages. */
async function environment() {
  if (options.env) return join(options.env, 'bin');
  const venv = join(cache, 'env');
  const mark = join(venv, '.complete');
  const pins = await readFile(requirements, 'utf8');
  if (!existsSync(mark) || (await readFile(mark, 'utf8')) !== pins) {
    console.log(`building ${venv} ...`);
    await rm(venv, { recursive: true, force: true });
    await mkdir(cache, { recursive: true });
    await run(options.python ?? 'python3', ['-m', 'venv', venv]);
    const pip = ['-m', 'pip', 'install', '--quiet', '-c', requirements];
    const python = join(venv, 'bin', 'python');
    const index = options['torch-index'];
    await run(python, [...pip, ...(index ? ['--index-url', index] : []), 'torch']);
    await run(python, [...pip, 'transformers[serving]', 'gguf']);
    await writeFile(mark, pins);
  }
  return join(venv, 'bin');
}

/** The weights of the embedded engine in the form that transformers reads. */
async function base(bin) {
  const { events } = await foil(['setup', 'models']);
  const gguf = events.find(({ event }) => event === 'ready').weights;
  const out = join(cache, 'base');
  if (!existsSync(join(out, 'foil-base.json'))) {
    console.log(`converting ${gguf} ...`);
    await mkdir(cache, { recursive: true });
    const spec = join(cache, 'base-spec.json');
    await writeFile(spec, JSON.stringify({ stage: 'base', base: gguf }));
    await run(join(bin, 'python'), ['-m', 'foil_train', 'base', '--spec', spec, '--out', out], {
      env: { ...process.env, PYTHONPATH: join(root, 'python') },
    });
  }
  // The server samples only where the model says so, whatever temperature a request has.
  const file = join(out, 'generation_config.json');
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), do_sample: true }, null, 1));
  return out;
}

async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function serve(bin, model) {
  const port = await freePort();
  const args = ['serve', model, '--host', '127.0.0.1', '--port', String(port), '--device', 'cpu', '--dtype', 'float32'];
  const env = { ...process.env, HF_HUB_OFFLINE: '1' };
  const server = spawn(join(bin, 'transformers'), args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  server.stderr.on('data', (data) => {
    log = (log + data).slice(-4000);
  });
  for (let waited = 0; waited < 600; waited += 1) {
    if (server.exitCode !== null) throw new Error(`transformers serve ended:\n${log}`);
    const health = await fetch(`http://127.0.0.1:${port}/health`).catch(() => null);
    if (health?.ok) return { server, port };
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  server.kill('SIGKILL');
  throw new Error(`transformers serve was not ready after five minutes:\n${log}`);
}

/** Runs `foil ARGS --json`; a failure is an outcome too. */
async function foil(args, workspace = tmpdir()) {
  const all = [join(root, 'bin', 'foil.js'), '--workspace', workspace, ...args, '--json'];
  const { stdout, code = 0 } = await run(process.execPath, all, { maxBuffer: 1e8 }).catch((error) => error);
  const events = String(stdout)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const nodes = events.filter(({ event }) => event === 'turn').map(({ node }) => node);
  return { code, events, nodes, error: events.find(({ event }) => event === 'error') };
}

function config(port, model) {
  const short = 'sampling: { temperature: 1, max_tokens: 12 }';
  return `servers:
  hf: { base_url: "http://127.0.0.1:${port}/v1", timeout_s: 600 }
models:
  flipped: { kind: simulator, server: hf, model: "${model}", end: "[END]", ${short} }
  unflipped: { kind: simulator, server: hf, model: "${model}", flip: false, ${short} }
  refused: { kind: simulator, server: hf, model: "${model}", sampling: { top_k: 5 } }
  endless: { kind: simulator, server: hf, model: "${model}", sampling: { max_tokens: 4000 } }
  bot: { kind: chatbot, server: hf, model: "${model}", system: Answer in one sentence., ${short} }
roles: { simulator: flipped, chatbot: bot, discriminator: null }
`;
}

async function sessions(workspace, server) {
  const chat = (name, turns) =>
    foil(['chat', '--simulator', name, '--seed', '5', '--max-user-turns', String(turns)], workspace);

  const [flipped, unflipped] = [await chat('flipped', 2), await chat('unflipped', 2)];
  for (const [name, { code, events, nodes }] of Object.entries({ flipped, unflipped })) {
    check(`${name}: a session of two models ends at its cap, exit 0`, code === 0, JSON.stringify(events.at(-1)));
    const seen = nodes.map(({ role, by }) => `${role} ${by.name}`).join(', ');
    const expected = `user ${name}, assistant bot, user ${name}, assistant bot`;
    check(`${name}: four turns, by whom they should be`, seen === expected, seen);
    check(
      `${name}: none is empty`,
      nodes.every(({ content }) => content.trim() !== ''),
    );
    for (const { role, content } of nodes) console.log(`      ${role.padEnd(9)}  ${JSON.stringify(content)}`);
  }
  const texts = ({ nodes }) => nodes.map(({ content }) => content);
  check('the roles of the prompt matter', texts(flipped)[2] !== texts(unflipped)[2], texts(flipped)[2]);
  const again = await chat('flipped', 1);
  check('the same seed gives the same text', texts(again)[0] === texts(flipped)[0], texts(again)[0]);
  const refused = await chat('refused', 1);
  check(
    'a refused field is named',
    refused.code === 1 && /top_k/.test(refused.error?.message),
    JSON.stringify(refused),
  );

  const running = chat('endless', 1);
  // Early: a small model may end by itself after a few sentences. A server that dies before it says a word is refused too.
  setTimeout(() => server.kill('SIGKILL'), 3000);
  const { code, error } = await running;
  const known = ['stream-cut', 'unreachable'].includes(error?.code) && error.remedy.length > 0;
  check('a server killed in mid-reply is an error with a remedy', code === 1 && known, JSON.stringify({ code, error }));
  console.log(`      ${error?.code}`);
}

const bin = await environment();
const model = await base(bin);
const { stdout } = await run(join(bin, 'python'), [
  '-c',
  'import torch, transformers; print("transformers", transformers.__version__, "torch", torch.__version__)',
]);
console.log(stdout.trim());
const workspace = await mkdtemp(join(tmpdir(), 'foil-interop-'));
const { server, port } = await serve(bin, model);
try {
  await writeFile(join(workspace, 'foil.yaml'), config(port, model));
  await sessions(workspace, server);
} finally {
  server.kill('SIGKILL');
  await rm(workspace, { recursive: true, force: true });
}
console.log(`${checks.filter(Boolean).length} of ${checks.length} checks hold`);
process.exit(checks.every(Boolean) ? 0 : 1);
