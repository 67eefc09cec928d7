import { tornError } from '../backends/store/records.ts';
import { formatError } from '../core/errors.ts';
import type { SessionStore } from '../core/ports.ts';
import type { Session } from '../core/session/schema.ts';
import type { Cli } from './cli.ts';

/** The sessions of a corpus in file order; of a line whose write was interrupted a notice tells where it stands. */
export async function* readCorpus(cli: Cli, corpus: string): AsyncGenerator<Session> {
  yield* (await cli.sessions()).stream(corpus, ({ file, line }) => cli.out.notice(formatError(tornError(file, line))));
}

/** The corpora as workflows read them, with such notices. */
export function corporaOf(cli: Cli): Pick<SessionStore, 'stream'> {
  return { stream: (corpus) => readCorpus(cli, corpus) };
}
