import { z } from 'zod';
import type { MinedRecord } from '../preference/mined.ts';
import type { Origin } from '../session/schema.ts';
import type { ModelCard } from './card.ts';

/** What a card says of where its model came from (written when a run is adopted). */
export const lineageSchema = z.looseObject({
  run: z.string(),
  stage: z.string().nullish(),
  /** Run that its run was cloned from. */
  from: z.string().nullish(),
  /** The model that it goes on from. */
  parent: z.string().nullish(),
  inputs: z.record(z.string(), z.looseObject({ sha256: z.string(), source: z.string() })).default({}),
  /** Sources of its rows by name; absent in cards of older versions. */
  reads: z
    .object({ corpora: z.array(z.string()), simulated: z.array(z.string()), pairs: z.array(z.string()) })
    .optional(),
});
export type Lineage = z.output<typeof lineageSchema>;

/** A thing and what it was made of. */
export interface LineageNode {
  readonly kind: 'model' | 'pairs' | 'corpus';
  readonly name: string;
  /** In what part the one above has used it, or how it was made, in words. */
  readonly about: string;
  /** sha256 of it, as it was read; null where nobody noted it. */
  readonly sha256: string | null;
  /** What exactly was read: name in the run's record, and sha256. */
  readonly inputs: readonly { readonly name: string; readonly source: string; readonly sha256: string }[];
  readonly from: readonly LineageNode[];
}

/** Where the parts of a lineage are looked up; null for what is not there any more. */
export interface LineageSources {
  card(name: string): Promise<ModelCard | null>;
  /** The journal of a mined set. */
  mined(set: string): Promise<readonly MinedRecord[]>;
  /** Of the first session of a corpus, and the corpora whose contexts it took. */
  origin(corpus: string): Promise<Origin | null>;
  /** sha256 of the file of a corpus. */
  sha256(corpus: string): Promise<string | null>;
}

/**
 * From a model back to data: the models before it, the pairs, what they were mined from, and real sessions at the end.
 */
export async function lineageOf(name: string, sources: LineageSources): Promise<LineageNode> {
  return await modelNode(name, '', sources, new Set());
}

/** @param above things on the way here: what is met twice is named, and not followed again. */
async function modelNode(
  name: string,
  role: string,
  sources: LineageSources,
  above: ReadonlySet<string>,
): Promise<LineageNode> {
  const card = await sources.card(name);
  const sha256 = card?.adapter.gguf_sha256 ?? null;
  const parsed = lineageSchema.safeParse(card?.lineage);
  const lineage = parsed.success ? parsed.data : null;
  const told = card === null ? 'not here' : lineage ? `run ${lineage.run}` : dataOf(card);
  const node = { kind: 'model' as const, name, about: [role, told].filter(Boolean).join(', '), sha256 };
  if (!lineage || above.has(`model ${name}`)) return { ...node, inputs: [], from: [] };
  const seen = new Set([...above, `model ${name}`]);
  const { corpora, simulated, pairs } = lineage.reads ?? { corpora: [], simulated: [], pairs: [] };
  const from: LineageNode[] = [];
  if (lineage.parent) from.push(await modelNode(lineage.parent, 'goes on from', sources, seen));
  for (const set of pairs) from.push(await pairsNode(set, sources, seen));
  for (const corpus of simulated) from.push(await corpusNode(corpus, 'simulated', sources, seen));
  for (const corpus of corpora) from.push(await corpusNode(corpus, 'real', sources, seen));
  const inputs = Object.entries(lineage.inputs).map(([key, { source, sha256: hash }]) => ({
    name: key,
    source,
    sha256: hash,
  }));
  return { ...node, inputs, from };
}

async function pairsNode(name: string, sources: LineageSources, above: ReadonlySet<string>): Promise<LineageNode> {
  const records = await sources.mined(name);
  const spec = records.find((record) => record.type === 'spec');
  const node = { kind: 'pairs' as const, name, sha256: null, inputs: [] };
  if (!spec || above.has(`pairs ${name}`)) return { ...node, about: spec ? 'pairs' : 'pairs, not mined', from: [] };
  const seen = new Set([...above, `pairs ${name}`]);
  const turns = records.length - 1;
  return {
    ...node,
    about: `pairs, mined at ${turns} turns, ${spec.n} alternatives each, seed ${spec.seed}`,
    from: [
      await modelNode(spec.simulator, 'wrote the alternatives', sources, seen),
      await modelNode(spec.discriminator, 'ranked them', sources, seen),
      await corpusNode(spec.corpus, 'sessions', sources, seen),
    ],
  };
}

async function corpusNode(
  name: string,
  role: string,
  sources: LineageSources,
  above: ReadonlySet<string>,
): Promise<LineageNode> {
  const [origin, sha256] = [await sources.origin(name), await sources.sha256(name)];
  const node = { kind: 'corpus' as const, name, sha256, inputs: [] };
  if (origin === null || origin === 'real')
    return { ...node, about: sha256 === null ? `${role}, not here` : role, from: [] };
  const { simulator, chatbot } = origin;
  const about = `${role}, ${simulator} with ${chatbot}`;
  if (above.has(`model ${simulator}`)) return { ...node, about, from: [] };
  return {
    ...node,
    about,
    from: [await modelNode(simulator, 'simulated them', sources, new Set([...above, `corpus ${name}`]))],
  };
}

const dataSchema = z.looseObject({ name: z.string() });

function dataOf({ data }: ModelCard): string {
  const parsed = dataSchema.safeParse(data);
  return parsed.success ? `trained on ${parsed.data.name}` : 'its card does not say from what';
}

/**
 * The tree in lines, two spaces a level. What stands in it twice is followed once: the second time its name says where
 * to look.
 */
export function lineageLines(root: LineageNode): string[] {
  const shown = new Set<string>();
  const lines = (node: LineageNode, depth: number): string[] => {
    const { kind, name, about, sha256, inputs, from } = node;
    const key = `${kind} ${name}`;
    const again = shown.has(key) && from.length > 0;
    shown.add(key);
    const pad = '  '.repeat(depth);
    const head = `${pad}${key}${about ? ` (${about})` : ''}${sha256 === null ? '' : `  sha256 ${sha256.slice(0, 12)}`}`;
    if (again) return [`${head}, see above`];
    const read = inputs.map(
      (input) => `${pad}    read ${input.name}: ${input.source}  sha256 ${input.sha256.slice(0, 12)}`,
    );
    return [head, ...read, ...from.flatMap((one) => lines(one, depth + 1))];
  };
  return lines(root, 0);
}
