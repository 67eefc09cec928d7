import { FoilError } from '../core/errors.ts';
import type { Context, LiveSession, Role } from '../core/session/schema.ts';
import { fromCorpus } from '../core/session/tree.ts';
import { Channel } from '../core/workflows/channel.ts';
import { someContext } from '../core/workflows/contexts.ts';
import { converse } from '../core/workflows/converse/converse.ts';
import type { ConverseCommand, ConverseEvent, ConverseOptions, Seats } from '../core/workflows/converse/types.ts';
import type { Cli } from './cli.ts';
import { place } from './place.ts';

/** Options that say which session a command works on, and with which models. */
export interface SessionOptions {
  readonly simulator?: string;
  readonly chatbot?: string;
  /** `none` switches the scores off. */
  readonly discriminator?: string;
  readonly context?: string;
  readonly session?: string;
  readonly seed?: number;
}

/**
 * The session that the options ask for: a kept one (`ID` of a live session, or `CORPUS/ID`), or a new one with the context
 * of `CORPUS/ID`, else of any session of the workspace without risk language, else none.
 */
export async function sessionOf(cli: Cli, options: SessionOptions): Promise<{ session: LiveSession; first: Role }> {
  const roles = await rolesOf(cli, options);
  const at = cli.clock.now().toISOString();
  const init = { id: cli.newId('live'), at, seed: options.seed ?? cli.newSeed(), roles };
  const store = await cli.sessions();
  if (options.session !== undefined) {
    const [corpus, id] = place(options.session);
    if (corpus === 'live') {
      const session = await store.loadLive(id);
      return { session: { ...session, roles: { ...session.roles, ...given(options, roles) } }, first: 'user' };
    }
    return { session: fromCorpus(await store.read(corpus, id), corpus, init), first: 'user' };
  }
  const { context, first } = await contextOf(cli, options.context, init.seed);
  const session = {
    schema: 1 as const,
    id: init.id,
    created: at,
    updated: at,
    context,
    nodes: [],
    head: null,
    roles,
    seed: init.seed,
  };
  return { session, first };
}

/** The models of a new session: those that the options name, else those that the workspace starts with. */
export async function rolesOf(cli: Cli, options: SessionOptions): Promise<LiveSession['roles']> {
  const { simulator, chatbot, discriminator } = await cli.roles();
  return {
    simulator: options.simulator ?? simulator,
    chatbot: options.chatbot ?? chatbot,
    discriminator: options.discriminator === 'none' ? null : (options.discriminator ?? discriminator),
  };
}

/** Plays commands in order, each to its end, and hands every event to `onEvent`. Returns the session as it then is. */
export async function playCommands(
  cli: Cli,
  session: LiveSession,
  commands: Iterable<ConverseCommand> | AsyncIterable<ConverseCommand>,
  options: { seats: Seats; first: Role; maxUserTurns?: number | undefined; alternatives?: number | undefined },
  onEvent: (event: ConverseEvent) => void,
): Promise<LiveSession> {
  const config = await cli.config();
  const full: ConverseOptions = {
    seats: options.seats,
    first: options.first,
    contextBudget: config.context_budget,
    alternatives: options.alternatives ?? config.alternatives,
    maxUserTurns: options.maxUserTurns ?? config.max_user_turns,
  };
  const channel = new Channel<ConverseCommand>();
  const feed = (async () => {
    for await (const command of commands) channel.push(command);
    channel.close();
  })();
  let last = session;
  let failure: FoilError | null = null;
  for await (const event of converse(await cli.ports(), session, full, channel, cli.signal)) {
    if (event.type === 'session') last = event.session;
    // What fails after it mostly fails because of it: the first one says what to mend.
    else if (event.type === 'error') failure ??= event.error;
    onEvent(event);
  }
  cli.signal.throwIfAborted();
  await feed;
  if (failure) throw failure;
  return last;
}

async function contextOf(
  cli: Cli,
  where: string | undefined,
  seed: number,
): Promise<{ context: Context; first: Role }> {
  const store = await cli.sessions();
  if (where !== undefined) {
    const [corpus, id] = place(where);
    if (corpus === 'live') {
      throw new FoilError('usage', `"${where}" names no corpus`, {
        remedy: 'give CORPUS/ID, as `foil sessions` lists them',
      });
    }
    const { context, turns } = await store.read(corpus, id);
    return { context, first: turns[0]?.role ?? 'user' };
  }
  return await someContext(store, seed);
}

/** Roles that were asked for by option, over those of a kept session. */
function given(options: SessionOptions, roles: LiveSession['roles']): Partial<LiveSession['roles']> {
  return {
    ...(options.simulator === undefined ? {} : { simulator: roles.simulator }),
    ...(options.chatbot === undefined ? {} : { chatbot: roles.chatbot }),
    ...(options.discriminator === undefined ? {} : { discriminator: roles.discriminator }),
  };
}
