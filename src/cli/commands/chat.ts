import { createInterface } from 'node:readline';
import { type Command, Option } from 'commander';
import { sigmoid } from '../../core/reward/reward.ts';
import type { ConverseCommand, ConverseEvent, Seats } from '../../core/workflows/converse/types.ts';
import type { Cli, Run } from '../cli.ts';
import { examples, integer } from '../options.ts';
import { scoreText } from '../scores.ts';
import type { SessionOptions } from '../session.ts';

interface ChatOptions extends SessionOptions {
  readonly seat: keyof typeof SEATS;
  readonly maxUserTurns?: number;
  readonly text?: boolean;
}

const SEATS = {
  chatbot: { user: 'model', assistant: 'human' },
  user: { user: 'human', assistant: 'model' },
  watch: { user: 'model', assistant: 'model' },
} as const satisfies Record<string, Seats>;

/** `foil` and `foil chat`: the screens on a terminal, else one session as text. */
export function registerChat(program: Command, run: Run): void {
  program
    .command('chat', { isDefault: true })
    .description('Open the screens. Without a terminal: one session as text, with p_t and r_t at each user turn.')
    .addOption(
      new Option('--seat <seat>', 'your seat; as text, you say the lines of stdin')
        .choices(Object.keys(SEATS))
        .default(undefined, 'chatbot on a terminal, watch without'),
    )
    .option('--simulator <name>', 'instead of the one in foil.yaml')
    .option('--chatbot <name>', 'instead of the one in foil.yaml')
    .option('--discriminator <name>', 'instead of the one in foil.yaml; none for no scores')
    .option('--context <corpus/id>', 'context of that session; any of the workspace by default')
    .addOption(
      new Option('--session <id>', 'go on with a kept session, or one of a corpus (CORPUS/ID)').conflicts('context'),
    )
    .option('--seed <n>', 'the same seed gives the same session', integer(0))
    .option('--max-user-turns <n>', 'stop after this many user turns', integer(1, 10_000))
    .option('--text', 'no screens, also on a terminal')
    .addHelpText(
      'after',
      examples(
        ['foil', 'the screens'],
        ['foil chat --text --seed 7', 'watch one session as text'],
        ['printf "Hi\\nGo on\\n" | foil chat --text --seat chatbot', 'be the chatbot, by two lines'],
        ['foil chat --json | jq .event', 'the same for a program'],
      ),
    )
    .action(run(chat));
}

async function chat(cli: Cli, options: ChatOptions): Promise<undefined> {
  const { stdin, stdout } = cli.around;
  const screens = stdin.isTTY === true && stdout.isTTY === true && !cli.json && options.text !== true;
  if (screens) {
    const { openScreens } = await import('../screens.ts');
    await openScreens(cli, options, SEATS[options.seat ?? 'chatbot']);
    return undefined;
  }
  await playAsText(cli, options);
  return undefined;
}

async function playAsText(cli: Cli, options: ChatOptions): Promise<void> {
  const seats = SEATS[options.seat ?? 'watch'];
  const { playCommands, sessionOf } = await import('../session.ts');
  const { session, first } = await sessionOf(cli, options);
  const { out } = cli;
  out.event({
    event: 'start',
    session: session.id,
    roles: session.roles,
    context: session.context,
    seed: session.seed,
  });
  out.line(`session ${session.id}, seed ${session.seed}: simulated text, not a person's`);
  out.line(
    `simulator ${session.roles.simulator}, chatbot ${session.roles.chatbot}, discriminator ${session.roles.discriminator ?? 'none'}`,
  );
  const summary = session.context.current_summary;
  if (summary) out.line(`context: ${summary}`);
  const said = printer(cli);
  const last = await playCommands(
    cli,
    session,
    commandsOf(cli, seats),
    { seats, first, maxUserTurns: options.maxUserTurns },
    said.take,
  );
  said.finish();
  out.event({ event: 'done', session: last.id, turns: last.nodes.length });
}

/** Watching needs one command; a person's turns are the lines of stdin. */
async function* commandsOf(cli: Cli, seats: Seats): AsyncGenerator<ConverseCommand> {
  if (seats.user === 'model' && seats.assistant === 'model') {
    yield { type: 'run' };
    return;
  }
  for await (const line of createInterface({ input: cli.around.stdin })) {
    if (line.trim() !== '') yield { type: 'say', text: line };
  }
}

/** Prints turns as they are finished; a user turn waits for its score, which stands at its end. */
function printer(cli: Cli): { take: (event: ConverseEvent) => void; finish: () => void } {
  const { out } = cli;
  let waiting: { node: number; text: string } | null = null;
  const flush = (score = '') => {
    if (waiting) out.line(`${waiting.text}${score}`);
    waiting = null;
  };
  const take = (event: ConverseEvent) => {
    if (event.type === 'turn') {
      flush();
      const { id, role, content, end } = event.node;
      out.event({ event: 'turn', node: event.node });
      const text =
        content === '' ? '' : `\n${role === 'user' ? 'user' : 'bot '}  ${content.replaceAll('\n', '\n      ')}`;
      waiting = { node: id, text: end && content === '' ? '' : text };
      if (role === 'assistant') flush();
    } else if (event.type === 'scored') {
      const p = sigmoid(event.score.z);
      out.event({
        event: 'scored',
        node: event.node,
        discriminator: event.discriminator,
        z: event.score.z,
        p,
        r: event.r,
      });
      if (waiting?.node === event.node) flush(`\n      ${scoreText({ p, r: event.r })}`);
    } else if (event.type === 'ended') {
      flush();
      out.event({ event: 'ended', by: event.by });
      out.line(`\n(${event.by === 'cap' ? 'stopped at the cap on user turns' : `the ${event.by} ended the session`})`);
    } else if (event.type === 'notice') {
      out.notice(event.text);
    }
  };
  return { take, finish: () => flush() };
}
