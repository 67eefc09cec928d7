import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { launcherKinds } from '../../src/backends/config/schema.ts';
import { sshLauncher } from '../../src/backends/launch/ssh.ts';
import { type SshConfig, sshMachine } from '../../src/backends/launch/ssh-machine.ts';
import type { Launcher } from '../../src/core/stage/launcher.ts';
import { testFolder } from '../fixtures/sessions.ts';
import { conformance } from './conformance.ts';
import { daemon } from './daemons.ts';
import { makeJob, never, processesWith, textOf, until, untilEnded, untilRunning } from './jobs.ts';

const { pid: sshd, ...place } = daemon('ssh');
const entry = { kind: 'ssh' as const, ...place, python: 'python3' };

function open(change: object = {}): Launcher {
  return sshLauncher('box', launcherKinds.parse({ ...entry, ...change }) as SshConfig);
}

conformance({
  name: 'box',
  launchers: { box: entry },
  killedWrapper: 'lost',
  unreachable: () => open({ port: 1 }),
});

/** Processes that the sshd started for connections, and theirs. */
function sessions(): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((text) => /^\d+$/.test(text))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      if (/^\d+ \(sshd/.test(stat)) parents.set(Number(name), Number(stat.replace(/^.*\) /s, '').split(' ')[1]));
    } catch {}
  }
  const ours = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === sshd || ours(parent));
  };
  return [...parents.keys()].filter(ours);
}

function cutTheLine(): number {
  const all = sessions();
  for (const pid of all) process.kill(pid, 'SIGKILL');
  return all.length;
}

describe('ssh', () => {
  it.each([{ share: true }, { share: false }])('a line that is cut takes no job along (%o)', async (change) => {
    const job = await makeJob('i=0; while [ ! -e go ]; do i=$((i+1)); echo $i; sleep 0.2; done; exit 4');
    const handle = await open(change).submit(job, never);
    await untilRunning(open(change), handle);
    // a question is on the line when it is cut: it may fail, the next one may not
    const asking = open(change).report(handle, never);
    await until(cutTheLine, (cut) => cut > 0, 'a line to cut');
    expect((await asking).state).toMatch(/^(?:running|unknown)$/);
    expect(await untilRunning(open(change), handle)).toMatchObject({ state: 'running' });
    const before = (await textOf(open(change), handle, 'log.txt')).length;
    await until(
      () => textOf(open(change), handle, 'log.txt'),
      (log) => log.length > before,
      'the log to go on',
    );
    await writeFile(join(handle.folder, 'go'), '');
    expect(await untilEnded(open(change), handle)).toMatchObject({ state: 'failed', code: 4 });
  });

  it('a host with another key is not trusted', async () => {
    const known_hosts = join(await testFolder(), 'known_hosts');
    const [host, kind, key = ''] = (await readFile(place.known_hosts, 'utf8')).trim().split(' ');
    await writeFile(known_hosts, `${host} ${kind} ${key.slice(0, -8)}AAAAAAAA\n`);
    const job = await makeJob('true');
    for (const change of [{ known_hosts }, { known_hosts: join(known_hosts, 'none') }]) {
      // a line that is shared would be the one that another test has opened
      const launcher = open({ ...change, share: false });
      await expect(launcher.submit(job, never)).rejects.toMatchObject({
        code: 'unreachable',
        message: expect.stringMatching(/host key/i),
      });
    }
  });

  it('a key that the machine does not know is refused without a question', async () => {
    const identity = join(await testFolder(), 'key');
    await writeFile(identity, 'no key\n');
    await chmod(identity, 0o600);
    const launcher = open({ identity, share: false });
    const job = await makeJob('true');
    await expect(launcher.submit(job, never)).rejects.toMatchObject({ code: 'unreachable' });
    expect(await launcher.report({ ...(await open().submit(job, never)) }, never)).toMatchObject({ state: 'unknown' });
  });

  it('brings files by tar where there is no rsync, both ways, and keeps what the job wrote', async () => {
    const bin = await testFolder();
    const find = (name: string) => (process.env['PATH'] ?? '').split(':').find((dir) => safeList(dir).includes(name));
    for (const name of ['sh', 'ssh', 'tar', 'gzip']) await symlink(join(find(name) ?? '/bin', name), join(bin, name));
    vi.stubEnv('PATH', bin);
    const job = await makeJob(
      'cat inputs/text "inputs/a b/it\'s"; mkdir -p output; echo one >>output/file; echo 1 >>events.jsonl',
    );
    await mkdir(join(job.folder, 'inputs/a b'));
    await writeFile(join(job.folder, "inputs/a b/it's"), 'odd name\n');
    await mkdir(join(job.folder, 'output'));
    await writeFile(join(job.folder, 'output/file'), 'never sent\n');
    const launcher = open();
    const handle = await launcher.submit(job, never);
    expect(await untilEnded(launcher, handle)).toMatchObject({ state: 'done' });
    expect(await textOf(launcher, handle, 'log.txt')).toBe('brought along\nodd name\n');
    await launcher.collect(handle, job.folder, never);
    expect(await readFile(join(job.folder, 'output/file'), 'utf8')).toBe('one\n');
    const again = await launcher.submit({ ...job, attempt: 2 }, never);
    expect(await untilEnded(launcher, again)).toMatchObject({ state: 'done' });
    await launcher.collect(again, job.folder, never);
    expect(await readFile(join(job.folder, 'output/file'), 'utf8')).toBe('one\none\n');
    await expect(launcher.collect({ ...again, folder: '/proc/nowhere' }, job.folder, never)).rejects.toThrow();
  });

  it('a folder there that cannot be made is an error with its name', async () => {
    await expect(open({ folder: '/proc/nowhere' }).submit(await makeJob('true'), never)).rejects.toMatchObject({
      code: 'not-permitted',
      where: { file: expect.stringMatching(/^\/proc\/nowhere\//) },
    });
  });

  it("reads that machine's GPUs", async () => {
    const config = launcherKinds.parse(entry) as SshConfig;
    expect(await sshMachine(config, []).tryRun(['printf', '%s', "a 'b' $c"], never)).toBe("a 'b' $c");
    expect(await sshMachine(config, []).tryRun(['foil-no-such-command'], never)).toBeNull();
  });

  it('leaves no process of its own there', async () => {
    const job = await makeJob('true');
    const handle = await open().submit(job, never);
    await untilEnded(open(), handle);
    const left = () =>
      readdirSync('/proc').filter((name) => {
        try {
          return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(handle.folder);
        } catch {
          return false;
        }
      });
    await until(left, (pids) => pids.length === 0, 'the wrapper and its watcher to end');
    expect(processesWith(job.mark)).toEqual([]);
  });
});

function safeList(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
