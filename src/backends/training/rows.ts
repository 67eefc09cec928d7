import { mkdir, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import type { PairStore, SessionStore } from '../../core/ports.ts';
import type { ReviewedPair } from '../../core/preference/decisions.ts';
import { isOrdered, orderedBy } from '../../core/preference/order.ts';
import { chatbotRow, discriminatorRows, preferenceRow, simulatorRow } from '../../core/prompt/rows.ts';
import type { Session } from '../../core/session/schema.ts';
import type { RowSource, RunRequest } from '../../core/stage/run.ts';
import type { HyperValue } from '../../core/stage/table-schema.ts';
import type { Inputs } from './inputs.ts';

/** What rows are made from. */
export interface RowStores {
  sessions(): Promise<SessionStore>;
  pairs(): Promise<PairStore>;
}

/** What D reads of the chatbot: a hyper-parameter of its stage, since its rows are made by it. */
type Reads = 'user-turns' | 'all';

/** `real` is no split: sessions of real users that DPO learns from beside the pairs. */
const SPLITS = ['train', 'valid', 'test', 'real'] as const;
type Split = (typeof SPLITS)[number];

/** Stages that cannot do without validation rows. */
const NEEDS_VALID: ReadonlySet<RunRequest['stage']> = new Set(['sft', 'discriminator']);

/**
 * Writes the rows of a run into its inputs, with the code that makes the prompts of chat and scoring, and returns what the
 * spec calls them. @throws FoilError for sources that are missing, empty, or of the wrong kind for the stage.
 */
export async function writeRows(
  request: RunRequest,
  hyper: Readonly<Record<string, HyperValue>>,
  stores: RowStores,
  inputs: Inputs,
  notice: (text: string) => void,
): Promise<Record<string, string>> {
  const { stage, rows } = request;
  const reads = hyper['input'] === 'all' ? 'all' : 'user-turns';
  if (hyper['real_weight'] && !rows.real) throw missing('sessions of real users (real_weight is above 0) as', '--real');
  if (!rows.train) throw missing('training', '--train');
  if (!rows.valid && NEEDS_VALID.has(stage)) throw missing('validation', '--valid');
  await mkdir(inputs.folder, { recursive: true });
  const written: Record<string, string> = {};
  for (const split of SPLITS) {
    const source = rows[split];
    if (!source) continue;
    if (source.from === 'file') {
      const input = await inputs.copy(split, source.file, `${split}.jsonl`, basename(source.file));
      if (input.rows === 0) throw empty(split, basename(source.file));
      written[split] = input.file;
    } else Object.assign(written, await makeRows(request, split, source, reads, stores, inputs, notice));
  }
  return written;
}

async function makeRows(
  request: RunRequest,
  split: Split,
  source: Exclude<RowSource, { from: 'file' }>,
  reads: Reads,
  stores: RowStores,
  inputs: Inputs,
  notice: (text: string) => void,
): Promise<Record<string, string>> {
  const { stage, rows } = request;
  const name = `${split}.jsonl`;
  if (stage === 'dpo' && split !== 'real') {
    if (source.from === 'corpus') {
      throw new FoilError('usage', 'DPO learns from preference pairs, and a corpus has none', {
        remedy: 'take the pairs of the workspace (--pairs), or name a file of rows',
      });
    }
    const { set } = source.from === 'pairs' ? source : {};
    const approved = (await (await stores.pairs()).list(set)).filter((pair) => pair.decision === 'approved');
    const ordered = approved.filter((pair) => orderedBy(pair) !== null);
    const pairs = onceEach(ordered);
    tellOrder(approved, ordered, pairs, notice);
    const made = pairs.map((pair) => preferenceRow(pair, orderedBy(pair) ?? 'discriminator'));
    await write(inputs, name, made, split, 'the approved pairs');
    const of = set === undefined ? 'the workspace' : `set ${set}`;
    return { [split]: (await inputs.note(split, name, `approved pairs of ${of}`)).file };
  }
  if (source.from === 'pairs') {
    const why =
      stage === 'dpo' ? 'pairs are no sessions of real users' : `pairs are for DPO; ${stage} learns from sessions`;
    throw new FoilError('usage', why, { remedy: 'name a corpus' });
  }
  const store = await stores.sessions();
  const real = await all(store.stream(source.corpus));
  const licences = licencesOf(real);
  const where = `corpus ${source.corpus}`;
  if (stage === 'sft' || split === 'real') {
    await write(inputs, name, real.map(sftRow(request)), split, where);
    return { [split]: (await inputs.note(split, name, where, licences)).file };
  }
  if (rows.simulated.length === 0) throw missing('simulated sessions as', '--simulated');
  const simulated: Session[] = [];
  for (const corpus of rows.simulated) simulated.push(...(await all(store.stream(corpus))));
  const from = `${where} and simulated ${rows.simulated.join(', ')}`;
  const files: Record<string, string> = {};
  // The chatbot's words are a shortcut that is measured beside D wherever D itself does not read them.
  const views: [key: string, input: Reads][] = [[split, reads]];
  if (reads === 'user-turns') views.push([`${split}_all`, 'all']);
  for (const [key, input] of views) {
    const made = discriminatorRows(real, simulated, { input, context: rows.context, match: rows.match });
    await write(inputs, `${key}.jsonl`, made, split, from);
    files[key] = (await inputs.note(key, `${key}.jsonl`, from, licences)).file;
  }
  return files;
}

/** What became of the approved pairs of a set: taken twice, of no use, or ordered by a person against D. */
function tellOrder(
  approved: readonly ReviewedPair[],
  ordered: readonly ReviewedPair[],
  pairs: readonly ReviewedPair[],
  notice: (text: string) => void,
): void {
  const out = approved.length - ordered.length;
  const against = pairs.filter((pair) => !isOrdered(pair)).length;
  if (pairs.length < ordered.length)
    notice(`${ordered.length - pairs.length} approved pairs stand in several sets, and are taken once`);
  if (out > 0) {
    notice(
      `${out} of ${approved.length} approved pairs are left out: no person judged them, and D gave them no rewards, or preferred the other side`,
    );
  }
  if (against > 0)
    notice(
      `in ${against} of ${pairs.length} pairs a person's verdict goes before D, which does not prefer the chosen side`,
    );
}

/**
 * Sets may be mined from the same turns: of pairs with the same two sides after the same turns the first is taken, but one
 * that a person ordered before one that D did, since the two may contradict each other.
 */
function onceEach(pairs: readonly ReviewedPair[]): ReviewedPair[] {
  const taken = new Map<string, ReviewedPair>();
  for (const pair of pairs) {
    const sides = [pair.chosen, pair.rejected].map(({ content, end }) => JSON.stringify([content, end])).sort();
    const key = JSON.stringify([pair.session, pair.t, ...sides]);
    const before = taken.get(key);
    if (!before || (orderedBy(before) !== 'person' && orderedBy(pair) === 'person')) taken.set(key, pair);
  }
  return [...taken.values()];
}

function sftRow({ kind, rows }: RunRequest): (session: Session) => object {
  if (kind === 'simulator') return (session) => simulatorRow(session);
  const { system } = rows;
  if (kind === 'chatbot' && system !== null) return (session) => chatbotRow(session, system);
  throw new FoilError(
    'usage',
    `sft trains a simulator or a chatbot${kind === 'chatbot' ? ' with a system text' : ''}`,
    {
      remedy: kind === 'chatbot' ? 'give its system text with --system' : 'choose --kind simulator or --kind chatbot',
    },
  );
}

async function write(inputs: Inputs, name: string, rows: readonly object[], split: Split, from: string): Promise<void> {
  if (rows.length === 0) throw empty(split, from);
  const handle = await open(inputs.place(name).file, 'w');
  try {
    for (const row of rows) await handle.write(`${JSON.stringify(row)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function licencesOf(sessions: readonly Session[]): string[] {
  const found = sessions.map(({ meta }) => meta.license).filter((licence) => typeof licence === 'string');
  return [...new Set(found)];
}

function missing(what: string, option: string): FoilError {
  return new FoilError('usage', `a run needs ${what} rows`, { remedy: `name them with ${option}` });
}

function empty(split: Split, from: string): FoilError {
  return new FoilError('no-rows', `${from} gives no rows for ${split}`, {
    remedy: from.includes('simulated')
      ? 'simulated sessions go with the real ones whose contexts they took: name the corpus that `foil simulate --contexts` read'
      : 'see what there is: `foil sessions`, `foil pairs`',
  });
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
