import type { Command } from 'commander';
import type { OpenSessionStore } from '../../backends/store/session-store.ts';
import { FoilError } from '../../core/errors.ts';
import { nearest } from '../../core/fields.ts';
import type { Discriminator } from '../../core/ports.ts';
import { criticalTurns, rewards } from '../../core/reward/reward.ts';
import type { Session } from '../../core/session/schema.ts';
import { scoreSessions } from '../../core/workflows/score.ts';
import type { Cli, Run } from '../cli.ts';
import { readCorpus } from '../corpus.ts';
import { examples, integer } from '../options.ts';
import { place } from '../place.ts';

interface ScoreOptions {
  readonly discriminator?: string;
  readonly limit?: number;
  readonly again?: boolean;
}

/** `foil score`: p_t and r_t of every user turn of a session or a corpus. */
export function registerScore(program: Command, run: Run): void {
  program
    .command('score <corpus-or-session>')
    .description('Judge the user turns of a corpus, or of one session (CORPUS/ID or the id of a live one).')
    .option('--discriminator <name>', 'instead of the one in foil.yaml')
    .option('--limit <n>', 'first n sessions only', integer(1))
    .option('--again', 'also those that this discriminator has judged already')
    .addHelpText(
      'after',
      examples(
        ['foil score esconv-valid', 'every session of a corpus; goes on where it was cut off'],
        ['foil score live-20260101 --json', 'one live session'],
      ),
    )
    .action(run(score));
}

async function score(cli: Cli, target: string, options: ScoreOptions): Promise<undefined> {
  const store = await cli.sessions();
  const name = options.discriminator ?? (await cli.roles()).discriminator ?? 'discriminator-it0';
  const [corpus, id] = await whatToScore(store, target);
  const of = (await store.corpora()).find((known) => known.name === corpus)?.sessions ?? 0;
  const discriminator = await (await cli.registry()).discriminator(name, cli.signal);
  let done = 0;
  let skipped = 0;
  const todo = async function* () {
    let taken = 0;
    for await (const session of id === null ? readCorpus(cli, corpus) : [await store.read(corpus, id)]) {
      if (taken >= (options.limit ?? Number.POSITIVE_INFINITY)) return;
      if (id === null && !options.again && session.scores?.[name]) skipped += 1;
      else {
        taken += 1;
        yield session;
      }
    }
  };
  for await (const { session, score: scored } of scoreSessions(discriminator, todo(), cli.signal)) {
    if (corpus !== 'live') await store.appendScores(corpus, [scored]);
    report(cli, discriminator, session, scored.z, id !== null);
    done += 1;
    if (id === null) cli.out.progress({ step: `scoring ${corpus}`, text: `${done + skipped} of ${of} sessions` });
  }
  cli.out.progress(null);
  cli.out.event({ event: 'done', sessions: done, skipped });
  if (id === null)
    cli.out.line(`${done} sessions judged by ${name}${skipped > 0 ? `, ${skipped} were judged already` : ''}`);
  return undefined;
}

/** A corpus by its name, or one session, which is looked up before any model is loaded for it. */
async function whatToScore(store: OpenSessionStore, target: string): Promise<[corpus: string, id: string | null]> {
  const corpora = (await store.corpora()).map(({ name }) => name);
  if (corpora.includes(target)) return [target, null];
  const [corpus, id] = place(target);
  if (corpus !== 'live' || (await store.ids('live')).has(id)) return [corpus, id];
  const near = nearest(target, corpora);
  throw new FoilError('unknown-session', `neither a corpus nor a live session is called "${target}"`, {
    remedy: [
      ...(near === undefined ? [] : [`did you mean "${near}"?`]),
      `corpora: ${corpora.join(', ') || 'none yet'}`,
      'live sessions: foil sessions --corpus live',
    ],
  });
}

function report(cli: Cli, discriminator: Discriminator, session: Session, z: readonly number[], whole: boolean): void {
  const turns = rewards(z, discriminator.logitP0);
  const critical = criticalTurns(turns);
  cli.out.event({
    event: 'score',
    session: session.id,
    discriminator: discriminator.name,
    logit_p0: discriminator.logitP0,
    turns,
  });
  if (!whole) return;
  cli.out.line(`${session.id}, ${discriminator.name}, z_0 = ${discriminator.logitP0}`);
  cli.out.line('   t    p_t     r_t');
  for (const turn of turns) {
    const mark = turn === critical?.lowest ? '  lowest' : turn === critical?.highest ? '  highest' : '';
    cli.out.line(
      `${String(turn.t).padStart(4)}${turn.p.toFixed(3).padStart(7)}${turn.r.toFixed(2).padStart(8)}${mark}`,
    );
  }
}
