import type { Ports } from '../../ports.ts';
import type { LiveSession } from '../../session/schema.ts';
import { Channel } from '../channel.ts';
import { handle, type QueuedCommand } from './handle.ts';
import { ConversationState } from './state.ts';
import type { ConverseCommand, ConverseEvent, ConverseOptions } from './types.ts';

/**
 * A live session: commands in, typed events out. One command is carried out at a time, in order; `stop` and `pause` act
 * at once on what is under way. Every finished turn, score and pair is saved before its event is sent, so that kill -9
 * loses none. Ends when `commands` ends (after what is queued), or when `signal` aborts or the consumer stops reading
 * (at once: what is queued is dropped).
 *
 * Errors of models and stores become `error` events; the session stays usable.
 */
export async function* converse(
  ports: Ports,
  session: LiveSession,
  options: ConverseOptions,
  commands: AsyncIterable<ConverseCommand>,
  signal: AbortSignal,
): AsyncGenerator<ConverseEvent, void, undefined> {
  const events = new Channel<ConverseEvent>();
  const queue = new Channel<QueuedCommand>();
  const state = new ConversationState(ports, session, options, (event) => events.push(event));
  let left = signal.aborted;

  const reading = (async () => {
    for await (const command of commands) {
      if (left) break;
      // These overtake the queue: they are about what is under way now.
      if (command.type === 'stop') state.interrupt(true);
      else if (command.type === 'pause') state.interrupt(false);
      else if (command.type === 'seat') state.setSeat(command.role, command.seat);
      else queue.push(command);
    }
  })().finally(() => queue.close());

  const leave = () => {
    left = true;
    state.close();
    queue.close();
  };
  signal.addEventListener('abort', leave, { once: true });

  const working = (async () => {
    state.announce();
    for await (const command of queue) {
      if (left) break;
      try {
        await handle(state, command);
      } catch (error) {
        state.report(error);
      }
    }
  })().finally(() => events.close());

  try {
    yield* events;
  } finally {
    signal.removeEventListener('abort', leave);
    leave();
    await working;
    void reading;
  }
}
