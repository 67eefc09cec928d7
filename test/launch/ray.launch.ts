import { describe, expect, it } from 'vitest';
import { launcherKinds } from '../../src/backends/config/schema.ts';
import { request } from '../../src/backends/launch/http.ts';
import { type RayConfig, rayLauncher } from '../../src/backends/launch/ray.ts';
import type { Launcher } from '../../src/core/stage/launcher.ts';
import { conformance } from './conformance.ts';
import { daemon } from './daemons.ts';
import { makeJob, NOTHING, never, textOf, until, untilEnded, untilRunning } from './jobs.ts';

const { address } = daemon('ray');

function open(change: object = {}): Launcher {
  return rayLauncher('ray', launcherKinds.parse({ kind: 'ray', address, ...change }) as RayConfig);
}

conformance({
  name: 'ray',
  launchers: { ray: { kind: 'ray', address } },
  killedWrapper: 'failed',
  unreachable: () => open({ address: 'http://127.0.0.1:1' }),
});

describe('ray', () => {
  it('gives the GPUs that a job asks for, and says to it which', async () => {
    const job = await makeJob('echo "GPUs $CUDA_VISIBLE_DEVICES"', { resources: { ...NOTHING, gpus: 2, cpus: 1 } });
    const handle = await open().submit(job, never);
    expect(await untilEnded(open(), handle)).toMatchObject({ state: 'done' });
    expect(await textOf(open(), handle, 'log.txt')).toMatch(/^GPUs (?:0,1|1,0)$/m);
  });

  it('a job waits for GPUs that another one has, and can be cancelled while it waits', async () => {
    const two = { resources: { ...NOTHING, gpus: 2 } };
    const first = await open().submit(await makeJob('while [ ! -e go ]; do sleep 0.2; done', two), never);
    await untilRunning(open(), first);
    const second = await open().submit(await makeJob('echo ran >ran', two), never);
    expect(await open().report(second, never)).toMatchObject({ state: 'queued' });
    await open().cancel(second, 1000, never);
    expect(await open().report(second, never)).toMatchObject({ state: 'cancelled' });
    await open().cancel(first, 1000, never);
    expect(await open().report(first, never)).toMatchObject({ state: 'cancelled' });
    expect((await open().read(second, 'ran', 0, 1, never)).size).toBe(0);
  });

  it('custom resources of the launcher are asked for too', async () => {
    const chips = (n: number) => open({ resources: { foil_chip: n } });
    const handle = await chips(2).submit(await makeJob('sleep 1'), never);
    expect(await untilEnded(open(), handle)).toMatchObject({ state: 'done' });
    const waits = await chips(3).submit(await makeJob('true'), never);
    await until(
      () => open().report(waits, never),
      ({ reason }) => /foil_chip|resource|waiting/i.test(reason ?? ''),
      'a reason',
    );
    expect(await open().report(waits, never)).toMatchObject({ state: 'queued' });
    await open().cancel(waits, 1000, never);
  });

  it('a job that Ray itself stops is cancelled or failed, never lost', async () => {
    const handle = await open().submit(await makeJob('while :; do sleep 0.2; done'), never);
    await untilRunning(open(), handle);
    expect(await request('POST', `${address}/api/jobs/${handle.job}/stop`, {}, null, never)).toMatchObject({
      status: 200,
    });
    expect((await untilEnded(open(), handle)).state).toMatch(/^(?:cancelled|failed)$/);
  });
});
