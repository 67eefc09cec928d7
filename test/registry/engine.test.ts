import { describe, expect, it } from 'vitest';
import { SharedEngine } from '../../src/backends/registry/shared-engine.ts';
import { FoilError } from '../../src/core/errors.ts';
import { testFolder } from '../fixtures/sessions.ts';
import { collect, says } from '../openai/asking.ts';
import { json, openServer } from '../openai/server.ts';
import { cardOf, FakeEngine, registryOf, writeAdapter } from './fixtures.ts';

const SIGNAL = new AbortController().signal;

/** An engine whose start lasts until it is told to end, or is aborted. */
function slow(): { source: FakeEngine; finish: () => void; aborted: () => boolean } {
  const source = new FakeEngine('http://127.0.0.1:9/v1');
  let finish: () => void = () => undefined;
  let aborted = false;
  source.ready = (signal) =>
    new Promise((resolve, reject) => {
      finish = resolve;
      signal.addEventListener('abort', () => {
        aborted = true;
        reject(signal.reason);
      });
    });
  return { source, finish: () => finish(), aborted: () => aborted };
}

describe('the embedded engine', () => {
  it('is started once for all who ask', async () => {
    const source = new FakeEngine('http://127.0.0.1:9/v1');
    const registry = registryOf({ engine: source });
    const [one, other] = await Promise.all([
      registry.chatModel('zero-shot', 'simulator', SIGNAL),
      registry.chatModel('zero-shot', 'chatbot', SIGNAL),
    ]);
    expect([one.name, other.name, source.starts]).toEqual(['zero-shot', 'zero-shot', 1]);
  });

  it('is started again after it died', async () => {
    const source = new FakeEngine('http://127.0.0.1:9/v1');
    const registry = registryOf({ engine: source });
    await registry.chatModel('zero-shot', 'chatbot', SIGNAL);
    source.die();
    await new Promise(setImmediate);
    await registry.chatModel('zero-shot', 'chatbot', SIGNAL);
    expect(source.starts).toBe(2);
  });

  it('that died while it was asked is started again, with its adapters, and asked again', async () => {
    const parent = await testFolder();
    const dir = await writeAdapter(parent, 'a', cardOf('sim', 'simulator'));
    const tokens = (response: Parameters<typeof json>[0]) => json(response, { count: 1, tokens: [3] });
    const first = await openServer(({ path }, response) => {
      if (path === '/tokenize') return tokens(response);
      // as by kill -9 in mid-reply: the engine is known to be gone only after the connection is
      first.kill();
      setTimeout(source.die, 5);
    });
    const second = await openServer(says('still here'));
    const source = new FakeEngine(first.base);
    const registry = registryOf({ modelDirs: [parent], engine: source });
    const model = await registry.chatModel('sim', 'simulator', SIGNAL);
    source.base = second.base;
    expect(await collect(model)).toMatchObject({ choices: [{ text: 'still here' }], error: null });
    expect(source.starts).toBe(2);
    expect(source.loaded).toEqual([
      ['sim', dir],
      ['sim', dir],
    ]);
    // what was not asked before the end goes to the new one as well
    expect(await collect(model)).toMatchObject({ choices: [{ text: 'still here' }], error: null });
    expect([source.starts, second.asked.length]).toEqual([2, 2]);
  });

  it('that cannot be started again says why', async () => {
    const { base, kill } = await openServer(() => kill());
    const source = new FakeEngine(base);
    const model = await registryOf({ engine: source }).chatModel('zero-shot', 'chatbot', SIGNAL);
    source.ready = async () => {
      throw new FoilError('engine-start', 'no memory is left');
    };
    source.die();
    expect(await collect(model)).toMatchObject({ choices: [], error: { code: 'engine-start' } });
  });

  it('is started again after a start that failed', async () => {
    const source = new FakeEngine('http://127.0.0.1:9/v1');
    source.ready = async () => {
      throw new Error('no weights');
    };
    const engine = new SharedEngine(source);
    await expect(engine.get(SIGNAL)).rejects.toThrow('no weights');
    source.ready = async () => undefined;
    expect(await engine.get(SIGNAL)).toMatchObject({ base: 'tiny' });
    expect(source.starts).toBe(2);
  });

  it('goes on starting for the others when one stops waiting', async () => {
    const { source, finish, aborted } = slow();
    const engine = new SharedEngine(source);
    const controller = new AbortController();
    const first = engine.get(controller.signal);
    const second = engine.get(SIGNAL);
    controller.abort();
    await expect(first).rejects.toBe(controller.signal.reason);
    expect(aborted()).toBe(false);
    finish();
    expect(await second).toMatchObject({ base: 'tiny' });
    expect(source.starts).toBe(1);
  });

  it('stops starting when nobody waits, and starts anew for the next', async () => {
    const { source, finish, aborted } = slow();
    const engine = new SharedEngine(source);
    const controller = new AbortController();
    const only = engine.get(controller.signal);
    controller.abort();
    await expect(only).rejects.toMatchObject({ name: 'AbortError' });
    expect(aborted()).toBe(true);
    const next = engine.get(SIGNAL);
    finish();
    expect(await next).toMatchObject({ base: 'tiny' });
    expect(source.starts).toBe(2);
  });

  it('that comes after all gave up is given back', async () => {
    const source = new FakeEngine('http://127.0.0.1:9/v1');
    let finish: () => void = () => undefined;
    source.ready = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const engine = new SharedEngine(source);
    const controller = new AbortController();
    const only = engine.get(controller.signal);
    controller.abort();
    await expect(only).rejects.toMatchObject({ name: 'AbortError' });
    finish();
    await new Promise(setImmediate);
    expect(source.closes).toBe(1);
  });

  it('is given back by close, once; a later call starts another, which the end of the first does not touch', async () => {
    const source = new FakeEngine('http://127.0.0.1:9/v1');
    const registry = registryOf({ engine: source });
    await registry.close();
    expect(source.closes).toBe(0);
    await registry.start(SIGNAL);
    const dieFirst = source.die;
    await registry.close();
    await registry.close();
    expect(source.closes).toBe(1);
    await registry.start(SIGNAL);
    dieFirst();
    await new Promise(setImmediate);
    await registry.start(SIGNAL);
    expect(source.starts).toBe(2);
  });

  it('stops starting at close', async () => {
    const { source, aborted } = slow();
    const engine = new SharedEngine(source);
    const waiting = engine.get(SIGNAL);
    const outcome = expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await engine.close();
    await outcome;
    expect(aborted()).toBe(true);
    expect(source.closes).toBe(0);
  });

  it('is not started for a signal that fired before', async () => {
    const source = new FakeEngine('http://127.0.0.1:9/v1');
    await expect(new SharedEngine(source).get(AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    expect(source.starts).toBe(0);
  });
});
