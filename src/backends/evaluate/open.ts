import { join } from 'node:path';
import packageJson from '../../../package.json' with { type: 'json' };
import type { FoilError } from '../../core/errors.ts';
import { lineageSchema } from '../../core/model/lineage.ts';
import type { Ports } from '../../core/ports.ts';
import type { EvaluatePorts, OpenedAnnotator } from '../../core/workflows/evaluate/types.ts';
import { aboutAnnotator, openAnnotator } from '../annotate/open.ts';
import { NOTHING_KEPT, openAnnotations, sha256 } from '../annotate/store.ts';
import { loadTaxonomy } from '../annotate/taxonomies.ts';
import type { FoilConfig } from '../config/schema.ts';
import { encodersOf, openEncoder } from '../encode/open.ts';
import { contentHashes } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';
import { openEvaluationStore } from './store.ts';
import { openTuringStores } from './turing.ts';

export interface EvaluateServices {
  /** Absolute. */
  readonly workspace: string;
  readonly config: FoilConfig;
  readonly ports: Pick<Ports, 'sessions' | 'clock'>;
  readonly models: Registry;
  readonly onProblem: (problem: FoilError) => void;
}

/** The evaluations of a workspace, with all that they touch. */
export function openEvaluations({ workspace, config, ports, models, onProblem }: EvaluateServices): EvaluatePorts {
  const hashes = contentHashes(join(workspace, 'sessions'), models, config);
  return {
    ...{ sessions: ports.sessions, clock: ports.clock, models, foil: packageJson.version, hash: sha256 },
    evaluations: openEvaluationStore(join(workspace, 'evaluations'), onProblem),
    contentHash: (kind, name) => hashes[kind](name),
    async learntFrom(model) {
      const parsed = lineageSchema.safeParse((await models.card(model))?.card.lineage);
      const { simulated = [] } = parsed.data?.reads ?? {};
      return simulated;
    },
    async sitting(name) {
      const store = await openTuringStores(workspace, onProblem).open(name);
      await store.close();
      return { name, head: store.head, records: store.records };
    },
    async annotator(task, name, signal): Promise<OpenedAnnotator> {
      const annotator = await openAnnotator(name, await loadTaxonomy(task), async () => models, signal);
      const about = await aboutAnnotator(annotator, join(workspace, 'labels'));
      const store = annotator.kept
        ? await openAnnotations(join(workspace, 'annotations'), annotator.name, { write: true, onProblem })
        : NOTHING_KEPT;
      return { annotator, store, about };
    },
    encoders: encodersOf(config),
    encoder: (name, signal) =>
      openEncoder(name, { config, models, dir: join(workspace, 'embeddings'), onProblem }, signal),
  };
}
