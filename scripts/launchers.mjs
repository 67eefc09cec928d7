/**
 * The conformance suite of the launchers against the real things: a sshd on loopback, a Slurm of one node, a Ray head. As
 * root on Debian; installs what is missing, says so, and ends all daemons that it started.
 * `npm run test:launchers [-- local ssh slurm ray] [-- --ray VENV]`
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import envPaths from 'env-paths';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { ray: { type: 'string' } } });
const ALL = ['local', 'ssh', 'slurm', 'ray'];
const wanted = positionals.length > 0 ? positionals : ALL;
const unknown = wanted.find((name) => !ALL.includes(name));
if (unknown !== undefined) {
  console.error(`no launcher "${unknown}": choose of ${ALL.join(', ')}`);
  process.exit(2);
}
if (userInfo().uid !== 0) {
  console.error('the daemons of these suites need root');
  process.exit(2);
}

// short: the sockets of munge and Ray have 107 bytes for their whole path
const dir = mkdtempSync(join(tmpdir(), 'foil-l-'));
/** What ends each daemon, the last one first. */
const stops = [() => rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 })];
const say = (text) => console.error(`launchers: ${text}`);
const sh = (file, args, more = {}) => execFileSync(file, args, { stdio: ['ignore', 'ignore', 'inherit'], ...more });
const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;

function apt(programs, packages) {
  const missing = programs.filter((program) => !has(program));
  if (missing.length === 0) return;
  say(`installing ${packages.join(', ')} with apt-get (${missing.join(', ')} not found)`);
  sh('apt-get', ['update', '-qq']);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  sh('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function until(holds, what, log) {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`${what} did not start; see ${log}`);
}

/** A sshd with host key, user key and known_hosts of its own. */
async function startSsh() {
  apt(['sshd', 'ssh', 'rsync'], ['openssh-server', 'openssh-client', 'rsync']);
  const at = (name) => join(dir, name);
  for (const key of ['host', 'user']) sh('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(key)]);
  const port = await freePort();
  const words = execFileSync('cat', [at('host.pub')], { encoding: 'utf8' }).split(' ');
  writeFileSync(at('known_hosts'), `[127.0.0.1]:${port} ${words[0]} ${words[1]}\n`);
  sh('cp', [at('user.pub'), at('authorized_keys')]);
  // privilege separation wants this folder, which an init script makes elsewhere
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  writeFileSync(
    at('sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${at('host')}`,
      `PidFile ${at('sshd.pid')}`,
      `AuthorizedKeysFile ${at('authorized_keys')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PermitRootLogin yes',
      'MaxStartups 50',
      'LoginGraceTime 120',
      '',
    ].join('\n'),
  );
  const sshd = execFileSync('sh', ['-c', 'PATH=$PATH:/usr/sbin:/sbin command -v sshd'], { encoding: 'utf8' }).trim();
  const child = spawn(sshd, ['-D', '-f', at('sshd_config'), '-E', at('sshd.log')], { stdio: 'ignore' });
  stops.push(() => child.kill());
  await until(() => existsSync(at('sshd.pid')), 'sshd', at('sshd.log'));
  mkdirSync(at('far'));
  const ssh = {
    host: '127.0.0.1',
    port,
    user: userInfo().username,
    identity: at('user'),
    known_hosts: at('known_hosts'),
  };
  return { ...ssh, folder: at('far'), pid: child.pid };
}

async function startSlurm() {
  apt(['slurmctld', 'slurmd', 'sbatch', 'munged'], ['slurm-wlm', 'munge']);
  const script = join(root, 'scripts', 'slurm-one-node.sh');
  const at = join(dir, 'slurm');
  mkdirSync(at);
  const env = { ...process.env, SLURM_PORT: String((await freePort()) & ~1) };
  stops.push(() => sh('sh', [script, 'stop', at]));
  sh('sh', [script, 'start', at], { env });
  return { script, dir: at, conf: join(at, 'slurm.conf') };
}

/** A head on a machine whose cores are all taken starts slowly, and must not take itself for dead. */
const PATIENT_RAY = {
  RAY_DASHBOARD_STARTUP_TIMEOUT_S: '300',
  RAY_agent_register_timeout_ms: '300000',
  RAY_worker_register_timeout_seconds: '300',
  RAY_health_check_initial_delay_ms: '60000',
  RAY_health_check_timeout_ms: '60000',
  RAY_health_check_failure_threshold: '20',
  // it would judge other programs' use of this machine
  RAY_memory_monitor_refresh_ms: '0',
};

/** Ray in an environment of its own, with GPUs that it believes in. */
async function startRay() {
  const venv = options.ray ?? join(envPaths('foil', { suffix: '' }).cache, 'launchers', 'ray');
  const bin = join(venv, 'bin');
  if (!existsSync(join(bin, 'ray'))) {
    say(`installing ray[default] with pip into ${venv}`);
    mkdirSync(dirname(venv), { recursive: true });
    sh('python3', ['-m', 'venv', venv]);
    sh(join(bin, 'python'), ['-m', 'pip', 'install', '--quiet', 'ray[default]']);
  }
  const [port, dashboard] = [await freePort(), await freePort()];
  const log = join(dir, 'ray.log');
  const fd = openSync(log, 'w');
  const args = ['start', '--head', '--block', `--port=${port}`, '--node-ip-address=127.0.0.1', '--disable-usage-stats'];
  const sizes = ['--num-cpus=2', '--num-gpus=2', '--resources={"foil_chip": 2}', '--object-store-memory=100000000'];
  const board = ['--include-dashboard=true', '--dashboard-host=127.0.0.1', `--dashboard-port=${dashboard}`];
  const child = spawn(join(bin, 'ray'), [...args, ...sizes, ...board, `--temp-dir=${join(dir, 'ray')}`], {
    stdio: ['ignore', fd, fd],
    detached: true,
    env: { ...process.env, ...PATIENT_RAY, OMP_NUM_THREADS: '1' },
  });
  stops.push(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    // a head that blocks takes its daemons along
    child.kill('SIGTERM');
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 30_000))]);
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {}
  });
  const address = `http://127.0.0.1:${dashboard}`;
  const answers = () =>
    fetch(`${address}/api/jobs/`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(answers, 'Ray', log);
  return { address };
}

async function stopAll() {
  for (const stop of stops.reverse()) {
    try {
      await stop();
    } catch (error) {
      say(`could not end a daemon: ${error.message}`);
    }
  }
}

let code = 1;
try {
  const found = {};
  if (wanted.includes('ssh')) found.ssh = await startSsh();
  if (wanted.includes('slurm')) found.slurm = await startSlurm();
  if (wanted.includes('ray')) found.ray = await startRay();
  say(`running the suites of ${wanted.join(', ')}`);
  const files = wanted.map((name) => `test/launch/${name === 'local' ? 'local' : `${name}.launch`}`);
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--config', 'vitest.launchers.config.ts', ...files], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, FOIL_TEST_LAUNCHERS: JSON.stringify(found) },
  });
  // vitest hears of Ctrl+C too, and ends; then we do
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill());
  code = await new Promise((resolve) => child.once('exit', (status) => resolve(status ?? 130)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
} finally {
  await stopAll();
}
process.exit(code);
