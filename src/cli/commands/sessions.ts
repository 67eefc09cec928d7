import { type Command, Option } from 'commander';
import { formatError } from '../../core/errors.ts';
import type { SessionQuery } from '../../core/ports.ts';
import { rewards } from '../../core/reward/reward.ts';
import type { Cli, Run } from '../cli.ts';
import { examples, integer } from '../options.ts';
import { place } from '../place.ts';
import { scoreText } from '../scores.ts';

interface ListOptions {
  readonly corpus?: string;
  readonly text?: string;
  readonly origin?: NonNullable<SessionQuery['origin']>;
  readonly sort: NonNullable<SessionQuery['sort']>;
  readonly descending?: boolean;
  readonly discriminator?: string;
  readonly minTurns?: number;
  readonly maxTurns?: number;
  readonly hideRisk?: boolean;
  readonly limit: number;
  readonly offset: number;
}

/** `foil sessions`: the Sessions screen without the screen. */
export function registerSessions(program: Command, run: Run): void {
  const sessions = program.command('sessions').description('List, filter and show the sessions of the workspace.');

  sessions
    .command('list', { isDefault: true })
    .description('Sessions of all corpora; filters and order as on the Sessions screen.')
    .option('--corpus <name>', 'one corpus; live for those of the workbench')
    .option('--text <words>', 'words that must all occur')
    .addOption(new Option('--origin <origin>', 'who wrote the user').choices(['real', 'simulated', 'live']))
    .addOption(
      new Option('--sort <by>', 'order').choices(['updated', 'p_T', 'lowest_r', 'user_turns', 'id']).default('id'),
    )
    .option('--descending', 'largest first')
    .option('--discriminator <name>', 'whose p_T and lowest r')
    .option('--min-turns <n>', 'user turns at least', integer(0))
    .option('--max-turns <n>', 'user turns at most', integer(0))
    .option('--hide-risk', 'leave out sessions with risk language')
    .option('--limit <n>', 'rows', integer(1), 50)
    .option('--offset <n>', 'rows to skip', integer(0), 0)
    .addHelpText(
      'after',
      examples(
        ['foil sessions --sort lowest_r', 'where the discriminator is surest'],
        ['foil sessions --corpus live --sort updated --descending', 'what you did last'],
      ),
    )
    .action(run(list));

  sessions
    .command('show <session>')
    .description('A session (CORPUS/ID, or the id of a live one) with its turns and scores.')
    .addHelpText('after', examples(['foil sessions show sample/foil-sample-night-shift', 'a session of the sample']))
    .action(run(show));
}

async function list(cli: Cli, options: ListOptions): Promise<undefined> {
  const store = await cli.sessions();
  const { rows, total } = await store.query(options);
  for (const problem of await store.problems()) {
    const { code, message, where, remedy } = problem;
    cli.out.event({ event: 'problem', code, message, where, remedy });
    cli.out.notice(formatError(problem));
  }
  for (const row of rows) {
    cli.out.event({ event: 'session', ...row });
    const p = row.pT === null ? '-' : row.pT.toFixed(2);
    const r = row.lowestR === null ? '-' : row.lowestR.toFixed(2);
    const numbers = `${String(row.userTurns).padStart(4)}${p.padStart(6)}${r.padStart(7)}`;
    const risk = row.risk ? '! risk  ' : '';
    const opening = row.opening.replaceAll('\n', ' ').slice(0, 60);
    cli.out.line(`${row.corpus}/${row.id}  ${row.origin}${numbers}  ${risk}${opening}`);
  }
  cli.out.event({ event: 'done', rows: rows.length, total });
  cli.out.line(`${rows.length} of ${total} sessions (user turns, p_T, lowest r; ! risk: risk language)`);
  return undefined;
}

async function show(cli: Cli, target: string): Promise<undefined> {
  const store = await cli.sessions();
  const [corpus, id] = place(target);
  const session = await store.read(corpus, id);
  cli.out.event({ event: 'session', session, ...(corpus === 'live' ? { tree: await store.loadLive(id) } : {}) });
  const origin =
    session.origin === 'real' ? 'real' : `simulated by ${session.origin.simulator} with ${session.origin.chatbot}`;
  cli.out.line(`${corpus}/${session.id}: ${origin}`);
  if (session.context.current_summary) cli.out.line(`context: ${session.context.current_summary}`);
  const judged = Object.entries(session.scores ?? {}).map(([name, { z, logit_p0 }]) => ({
    name,
    turns: rewards(z, logit_p0),
  }));
  let t = 0;
  for (const turn of session.turns) {
    cli.out.line(`\n${turn.role === 'user' ? 'user' : 'bot '}  ${turn.content.replaceAll('\n', '\n      ')}`);
    if (turn.role !== 'user') continue;
    for (const { name, turns } of judged) {
      const score = turns[t];
      if (score) cli.out.line(`      ${scoreText(score)}  ${name}`);
    }
    t += 1;
  }
  return undefined;
}
