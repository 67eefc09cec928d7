import { join, relative, resolve } from 'node:path';
import type { Task, Taxonomy } from '../core/evaluate/behaviour/taxonomy.ts';
import type { AnnotationStore, Annotator } from '../core/ports.ts';
import type { Session } from '../core/session/schema.ts';
import type { SamplePorts } from '../core/workflows/evaluate/samples.ts';
import type { Cli } from './cli.ts';
import { corporaOf, readCorpus } from './corpus.ts';

/** Where answers of annotators, and samples with labels, are kept: beside sessions/. */
export const annotationsDir = (cli: Cli) => join(cli.workspace, 'annotations');
export const labelsDir = (cli: Cli) => join(cli.workspace, 'labels');

/** Samples of messages to label, with all that measuring against them touches. */
export async function samplePorts(cli: Cli): Promise<SamplePorts> {
  const { openSamples } = await import('../backends/annotate/samples.ts');
  const { formatError } = await import('../core/errors.ts');
  const onProblem = (problem: Error) => cli.out.notice(formatError(problem));
  const samples = openSamples(cli.workspace, () => cli.registry(), onProblem);
  return { samples, sessions: corporaOf(cli), clock: cli.clock };
}

/** A file that an option names, from the workspace. */
export function fromWorkspace(cli: Cli, file: string | undefined): string | null {
  return file === undefined ? null : relative(cli.workspace, resolve(cli.around.cwd, file));
}

/** A taxonomy and who annotates with it, as --by and --taxonomy name them. */
export async function chooseAnnotator(
  cli: Cli,
  task: Task,
  by: string,
  file: string | undefined,
): Promise<{ taxonomy: Taxonomy; annotator: Annotator }> {
  const { loadTaxonomy } = await import('../backends/annotate/taxonomies.ts');
  const { openAnnotator } = await import('../backends/annotate/open.ts');
  const taxonomy = await loadTaxonomy(task, file);
  return { taxonomy, annotator: await openAnnotator(by, taxonomy, () => cli.registry(), cli.signal) };
}

/** The kept answers of an annotator; of one whose answers cost nothing, none. */
export async function openStore(cli: Cli, annotator: Annotator, write: boolean): Promise<AnnotationStore> {
  const { NOTHING_KEPT, openAnnotations } = await import('../backends/annotate/store.ts');
  if (!annotator.kept) return NOTHING_KEPT;
  const { formatError } = await import('../core/errors.ts');
  const onProblem = (problem: Error) => cli.out.notice(formatError(problem));
  return await openAnnotations(annotationsDir(cli), annotator.name, { write, onProblem });
}

/** The sessions of several corpora, the first `limit` of each. */
export async function* readCorpora(
  cli: Cli,
  corpora: readonly string[],
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<Session> {
  for (const corpus of corpora) {
    let read = 0;
    for await (const session of readCorpus(cli, corpus)) {
      if (read >= limit) break;
      read += 1;
      yield session;
    }
  }
}
