import { join, resolve } from 'node:path';
import type { FoilError } from '../../core/errors.ts';
import type { ModelRegistry } from '../../core/ports.ts';
import type { Samples } from '../../core/workflows/evaluate/samples.ts';
import { createLabels, listLabels, openLabelStore } from './labels.ts';
import { measuredFile, openAnnotator, saveMeasurement } from './open.ts';
import { NOTHING_KEPT, openAnnotations, sha256 } from './store.ts';
import { loadTaxonomy } from './taxonomies.ts';

/** The samples of a workspace: `labels/NAME.jsonl`; answers of annotators lie in `annotations/`. */
export function openSamples(
  workspace: string,
  registry: () => Promise<ModelRegistry>,
  onProblem: (problem: FoilError) => void,
): Samples {
  const dir = join(workspace, 'labels');
  return {
    list: () => listLabels(dir),
    create: (name, sample) => createLabels(dir, name, sample),
    open: (name) => openLabelStore(dir, name, onProblem),
    taxonomy: (task, file) => loadTaxonomy(task, file == null ? undefined : resolve(workspace, file)),
    async annotator(by, taxonomy, signal) {
      const annotator = await openAnnotator(by, taxonomy, registry, signal);
      const store = annotator.kept
        ? await openAnnotations(join(workspace, 'annotations'), annotator.name, { write: false, onProblem })
        : NOTHING_KEPT;
      return { annotator, store };
    },
    keep: (measurement) => saveMeasurement(measuredFile(dir), measurement),
    hash: sha256,
  };
}
