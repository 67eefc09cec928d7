import { existsSync } from 'node:fs';
import { mkdtemp, rmdir, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { formatBytes } from '../../../core/text/quantity.ts';
import { userDirs } from '../dirs.ts';
import { type Finding, fail, ok, type Patient, warn } from './check.ts';

/** The smallest terminal that the screens fit in. */
const SMALLEST = { columns: 60, rows: 16 };

export function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const detail = `${process.versions.node}, ${process.platform}-${process.arch}`;
  if (major > 22 || (major === 22 && minor >= 13)) return ok('node', 'Node', detail);
  return fail(
    'node',
    'Node',
    `${detail} is too old: 22.13 or newer is needed`,
    'run `npm ci` in the folder of Foil, and start it with `npm start` or `foil`',
  );
}

export function checkTerminal({ env, terminal }: Patient): Finding {
  const { isTTY, columns, rows, colours } = terminal;
  const [id, title] = ['terminal', 'Terminal'] as const;
  if (!isTTY)
    return warn(id, title, 'none: `foil` plays one session as text here', 'start it in a terminal for the screens');
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  const inTmux = Boolean(env['TMUX']);
  const parts = [
    `${columns}x${rows}`,
    env['NO_COLOR'] ? 'no colour (NO_COLOR)' : colours > 1 ? `${2 ** colours} colours` : 'no colour',
    env['TERM'] ?? 'TERM unset',
    ...(inTmux ? ['tmux'] : []),
  ];
  const problems: [string, string][] = [];
  if (columns < SMALLEST.columns || rows < SMALLEST.rows) {
    problems.push([
      `smaller than ${SMALLEST.columns}x${SMALLEST.rows}`,
      `enlarge the window to ${SMALLEST.columns}x${SMALLEST.rows} or more`,
    ]);
  }
  if (env['TERM'] === 'dumb')
    problems.push(['a dumb terminal', 'set TERM to what the terminal is, xterm-256color say']);
  if (process.platform !== 'win32' && !/utf-?8/i.test(locale)) {
    problems.push([
      locale ? `locale ${locale} is not UTF-8` : 'no locale is set',
      'set a UTF-8 locale: export LC_ALL=C.UTF-8',
    ]);
  }
  if (inTmux && !/^(tmux|screen)/.test(env['TERM'] ?? '')) {
    problems.push(['TERM does not fit tmux', "in tmux: set -g default-terminal 'tmux-256color'"]);
  }
  const detail = [...parts, ...problems.map(([problem]) => problem)].join(', ');
  return problems.length === 0
    ? ok(id, title, detail)
    : warn(id, title, detail, ...problems.map(([, remedy]) => remedy));
}

/** Free space and write permission, where the workspace and the cache stand or will stand. */
export async function checkFolders(patient: Patient): Promise<Finding[]> {
  return [
    await checkFolder(
      'workspace',
      'Workspace',
      patient.workspace,
      50e6,
      'name a folder you can write to with --workspace DIR',
    ),
    await checkFolder('cache', 'Cache', userDirs().cache, 500e6, 'set XDG_CACHE_HOME to a folder you can write to'),
  ];
}

async function checkFolder(
  id: string,
  title: string,
  dir: string,
  needed: number,
  elsewhere: string,
): Promise<Finding> {
  const standing = nearestFolder(dir);
  try {
    // asking for permission is not enough: a read-only mount or a full disk shows only when something is written
    await rmdir(await mkdtemp(join(standing, '.foil-doctor-')));
  } catch (error) {
    return fail(id, title, `${dir}: cannot write (${reason(error)})`, elsewhere);
  }
  const { bavail, bsize } = await statfs(standing);
  const free = bavail * bsize;
  const detail = `${dir}, ${formatBytes(free)} free`;
  return free >= needed
    ? ok(id, title, detail)
    : warn(id, title, `${detail}: little`, `free at least ${formatBytes(needed)}`);
}

function nearestFolder(dir: string): string {
  let folder = dir;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** The embedded engine listens on 127.0.0.1. */
export async function checkLoopback(): Promise<Finding> {
  const server = createServer();
  try {
    await new Promise<void>((done, refused) => {
      server.once('error', refused);
      server.listen(0, '127.0.0.1', done);
    });
    return ok('loopback', 'Loopback port', 'free ports on 127.0.0.1');
  } catch (error) {
    return fail(
      'loopback',
      'Loopback port',
      `cannot listen on 127.0.0.1: ${reason(error)}`,
      'allow programs to listen on the loopback interface; the embedded engine needs a port there',
    );
  } finally {
    server.close();
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
