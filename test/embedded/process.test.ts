import { spawn } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ConnectOptions } from '../../src/backends/embedded/index.ts';
import { testFolder } from '../fixtures/sessions.ts';
import { failure } from './failure.ts';
import { alive, here, MINUTES, realEngine, template } from './real-engine.ts';

const real = realEngine();

describe('life of the process', () => {
  test('a second foil shares it; its files are closed to others', async () => {
    const second = await real.connect();
    expect(second.info).toMatchObject({ pid: real.engine.info.pid, started: false });
    expect((await real.stats()).leases).toBe(2);
    await second.close();
    await expect.poll(async () => (await real.stats()).leases).toBe(1);
    const files = (await readdir(real.dir)).filter((name) => name.endsWith('.json'));
    expect(files).toHaveLength(1);
    expect((await stat(join(real.dir, files[0] ?? ''))).mode & 0o777).toBe(0o600);
  });

  test(
    'it ends when its last client is killed, and takes its state file with it',
    async () => {
      const own = await testFolder();
      const options: ConnectOptions = { ...real.weights, template, dir: own, graceMs: 300 };
      const child = spawn(process.execPath, ['--import', 'tsx', here('hold-lease.ts'), JSON.stringify(options)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const pid = Number(
        await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data)))),
      );
      expect(alive(pid)).toBe(true);
      child.kill('SIGKILL');
      await expect.poll(() => alive(pid), { timeout: 10_000 }).toBe(false);
      expect((await readdir(own)).filter((name) => name.endsWith('.json'))).toEqual([]);
    },
    5 * MINUTES,
  );

  test(
    'one that was killed is replaced; SIGTERM ends it cleanly',
    async () => {
      const own = await testFolder();
      const first = await real.connect({ dir: own });
      process.kill(first.info.pid, 'SIGKILL');
      await first.closed;
      const second = await real.connect({ dir: own });
      expect(second.info.pid).not.toBe(first.info.pid);
      process.kill(second.info.pid, 'SIGTERM');
      await second.closed;
      await expect.poll(() => alive(second.info.pid), { timeout: 10_000 }).toBe(false);
      expect((await readdir(own)).filter((name) => name.endsWith('.json'))).toEqual([]);
    },
    5 * MINUTES,
  );

  test(
    'what cannot start says why',
    async () => {
      const own = await testFolder();
      const taken = createServer();
      const port = await new Promise<number>((resolve) => {
        taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port));
      });
      const busy = await failure(real.connect({ dir: own, port }));
      expect([busy.code, busy.message]).toEqual(['port-in-use', `port ${port} is in use`]);
      taken.close();
      const torn = join(own, 'torn.gguf');
      await writeFile(torn, (await readFile(real.weights.q4)).subarray(0, 3_000_000));
      const bad = await failure(real.connect({ dir: own, q4: torn }));
      expect([bad.code, bad.remedy.length > 0]).toEqual(['bad-model', true]);
      expect((await failure(real.connect({ dir: own, template: join(own, 'none.jinja') }))).code).toBe('bad-template');
      const other = await failure(real.connect({ port: real.engine.info.port === 9 ? 10 : 9 }));
      expect(other.message).toContain(String(real.engine.info.port));
    },
    5 * MINUTES,
  );
});
