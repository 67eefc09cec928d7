import { describe, expect, it } from 'vitest';
import { SharedEngine } from '../../src/backends/registry/shared-engine.ts';
import { FakeEngine, registryOf } from './fixtures.ts';

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
