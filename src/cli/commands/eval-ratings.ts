import type { Command } from 'commander';
import type { AnnotatedSession } from '../../core/evaluate/behaviour/annotations.ts';
import type { RatedSession } from '../../core/evaluate/behaviour/ratings.ts';
import type { Session } from '../../core/session/schema.ts';
import { chooseAnnotator, labelsDir, openStore } from '../annotators.ts';
import type { Cli, Run } from '../cli.ts';
import { readCorpus } from '../corpus.ts';
import { examples, integer } from '../options.ts';

interface RatingsOptions {
  readonly outcome: string[];
  readonly by: string;
  readonly taxonomy?: string;
  readonly seed: number;
  readonly draws: number;
}

/** `foil eval ratings`: do issue rates order chatbots as the people do who talked to them? */
export function registerRatings(command: Command, run: Run): void {
  command
    .command('ratings')
    .argument(
      '<corpora...>',
      'real sessions with meta.assistant_config (which chatbot) and meta.outcome (what users said)',
    )
    .description('Issue rates of chatbots beside what their users said of them, with the correlation over chatbots.')
    .option('--outcome <names>', 'fields of meta.outcome, with commas between', names, ['rating'])
    .option('--by <name>', 'who finds the issues: "rules", or a judge or chatbot of foil.yaml', 'rules')
    .option('--taxonomy <file>', 'a taxonomy of your own')
    .option('--seed <n>', 'of the intervals', integer(0), 1)
    .option('--draws <n>', 'bootstrap samples of each interval', integer(100, 1_000_000), 2000)
    .addHelpText('after', examples(['foil eval ratings ieval-train --outcome rating,repetitive', 'by rules']))
    .action(run(ratings));
}

function names(text: string): string[] {
  return text.split(',').map((name) => name.trim());
}

async function ratings(cli: Cli, corpora: string[], options: RatingsOptions): Promise<undefined> {
  const { FoilError } = await import('../../core/errors.ts');
  const { chatbotOf } = await import('../../core/session/origin.ts');
  const { aboutAnnotator } = await import('../../backends/annotate/open.ts');
  const { issuesByChatbot } = await import('../../core/evaluate/behaviour/chatbot-issues.ts');
  const { ratingExhibits } = await import('../../core/evaluate/behaviour/ratings.ts');
  const { anyNote } = await import('../../core/evaluate/behaviour/issues.ts');
  const { annotator } = await chooseAnnotator(cli, 'issues', options.by, options.taxonomy);
  const about = await aboutAnnotator(annotator, labelsDir(cli));
  const rated: RatedSession[] = [];
  const seen = new Set<string>();
  for (const corpus of corpora) {
    const sessions = new Map<string, Session>();
    for await (const session of readCorpus(cli, corpus)) {
      const some = options.outcome.some((name) => name in outcomesOf(session));
      if (some && session.origin === 'real' && chatbotOf(session.meta) !== null) sessions.set(session.id, session);
    }
    for (const name of options.outcome)
      if ([...sessions.values()].some((one) => name in outcomesOf(one))) seen.add(name);
    const found = await annotated(cli, annotator, [...sessions.values()]);
    for (const { chatbot, sessions: of } of issuesByChatbot(
      { name: 'real', kind: 'real', corpus, sessions: found },
      about,
    )) {
      for (const { id, messages, marked } of of) {
        const session = sessions.get(id) as Session;
        const { participant } = session.meta;
        const person = typeof participant === 'string' ? participant : id;
        rated.push({ id, corpus, chatbot, person, messages, marked, outcomes: outcomesOf(session) });
      }
    }
  }
  const unknown = options.outcome.find((name) => !seen.has(name));
  if (unknown !== undefined) {
    throw new FoilError(
      'no-sessions',
      `no real session of ${corpora.join(', ')} has a chatbot and an outcome "${unknown}"`,
      {
        remedy: 'name a number in meta.outcome of sessions whose meta.assistant_config says which chatbot it was',
      },
    );
  }
  const unseen = about.taxonomy.categories.length - about.sees.length;
  const notes = [
    `Issues found by ${about.name} with ${about.taxonomy.id} ${about.taxonomy.version}${unseen > 0 ? `, which cannot see ${unseen} of ${about.taxonomy.categories.length} categories` : ''}.`,
    ...anyNote(about),
  ];
  const draws = { draws: options.draws, seed: options.seed };
  const { printExhibit } = await import('../eval-output.ts');
  for (const exhibit of ratingExhibits(rated, options.outcome, notes, draws)) {
    cli.out.event({ event: 'exhibit', metric: 'ratings', exhibit });
    printExhibit(cli, exhibit, new Set());
  }
  return undefined;
}

/** Numbers that a person gave after the session, by name. */
function outcomesOf({ meta }: Session): Record<string, number> {
  const { outcome } = meta;
  if (typeof outcome !== 'object' || outcome === null) return {};
  return Object.fromEntries(Object.entries(outcome).filter(([, value]) => Number.isFinite(value)));
}

type Annotator = Awaited<ReturnType<typeof chooseAnnotator>>['annotator'];

async function annotated(cli: Cli, annotator: Annotator, sessions: readonly Session[]): Promise<AnnotatedSession[]> {
  const { annotate } = await import('../../core/workflows/evaluate/annotate.ts');
  const { sha256 } = await import('../../backends/annotate/store.ts');
  const store = await openStore(cli, annotator, true);
  const found: AnnotatedSession[] = [];
  try {
    const ports = { clock: cli.clock, store, hash: sha256 };
    for await (const event of annotate({ annotator, sessions, sessionCount: sessions.length }, ports, cli.signal)) {
      if (event.type === 'session') found.push(event.session);
      if (event.type === 'done' && event.summary.failed > 0)
        cli.out.notice(`${event.summary.failed} sessions could not be annotated, and count nowhere`);
    }
  } finally {
    await store.close();
  }
  // what is done first depends on the endpoint
  const place = new Map(sessions.map(({ id }, at) => [id, at]));
  return found.sort((a, b) => (place.get(a.id) as number) - (place.get(b.id) as number));
}
