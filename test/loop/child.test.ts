import { expect, test } from 'vitest';
import { runLoopApart } from '../../src/backends/loop/child.ts';
import type { LoopEvent } from '../../src/core/workflows/loop/types.ts';

/** A program in place of Foil that says these lines, and then does what the code says. */
const program = (lines: readonly unknown[], then = '') => [
  process.execPath,
  '-e',
  `process.stdout.write(${JSON.stringify(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))}); ${then}`,
  '--',
];
const all = async (foil: readonly string[], signal = new AbortController().signal, each = (_: LoopEvent) => {}) => {
  const events: LoopEvent[] = [];
  const ended = (async () => {
    for await (const event of runLoopApart(foil, '/w', 'demo', 'stage', signal)) {
      events.push(event);
      each(event);
    }
    return null;
  })();
  return { error: await ended.catch((error: unknown) => error), events };
};
const begin = { event: 'begin', iteration: 0, stage: 'simulate', again: false };

test('events of the other process are those of the loop; it is asked for this loop, so far', async () => {
  const asked =
    "process.stdout.write(JSON.stringify({event:'notice',iteration:0,stage:'mine',text:process.argv.slice(1).join(' ')}) + '\\n')";
  const stopped = { event: 'stopped', why: 'reached' };
  const { error, events } = await all(program([begin, { event: 'engine', port: 1 }, 'no event', stopped], asked));
  expect(error).toBeNull();
  expect(events).toEqual([
    { type: 'begin', iteration: 0, stage: 'simulate', again: false },
    { type: 'stopped', why: 'reached' },
    { type: 'notice', iteration: 0, stage: 'mine', text: '--workspace /w --json loop run demo --until stage' },
  ]);
});

test('what a stage failed with is told as an event, and thrown', async () => {
  const about = { code: 'too-few-pairs', message: 'demo-p0 has 3', remedy: ['mine more'] };
  const failed = { event: 'failed', iteration: 0, stage: 'dpo', ...about };
  const { error, events } = await all(program([begin, failed, { event: 'error', ...about }], 'process.exitCode = 1'));
  expect(error).toMatchObject(about);
  expect(events.at(-1)).toMatchObject({ type: 'failed', stage: 'dpo', error: about });
});

test('a process that is killed is told, with what to do', async () => {
  const { error } = await all(program([begin], "process.kill(process.pid, 'SIGKILL')"));
  expect(error).toMatchObject({ code: 'loop-process', message: expect.stringContaining('SIGKILL') });
});

test('stopping interrupts it, waits until it has ended, and throws the reason', async () => {
  const abort = new AbortController();
  const reason = new Error('enough');
  const waits = `process.on('SIGINT', () => setTimeout(() => process.exit(130), 100)); setInterval(() => {}, 1000);
    process.stdout.write(JSON.stringify({event:'notice',iteration:0,stage:'mine',text:String(process.pid)}) + '\\n')`;
  let pid = 0;
  const { error } = await all(program([begin], waits), abort.signal, (event) => {
    if (event.type !== 'notice') return;
    pid = Number(event.text);
    abort.abort(reason);
  });
  expect(error).toBe(reason);
  expect(pid).toBeGreaterThan(0);
  expect(() => process.kill(pid, 0)).toThrow();
});
