import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { FoilError } from '../../core/errors.ts';
import { type Annotation, annotationSchema } from '../../core/evaluate/behaviour/annotations.ts';
import type { AnnotationStore } from '../../core/ports.ts';
import { checkName, holdLock } from '../store/disk.ts';
import { Journal } from '../store/pair-journal.ts';

/** SHA-256 of a text, in hexadecimal. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Answers of one annotator in `DIR/NAME.jsonl`, append-only, one line each. Of two with the same key the later one counts.
 * @param write whether answers will be added: it holds the file's lock until `close`.
 * @param onProblem is told of a line whose write was interrupted; its unit is asked about again.
 * @throws FoilError `locked` while another process annotates with it.
 */
export async function openAnnotations(
  dir: string,
  annotator: string,
  { write, onProblem }: { readonly write: boolean; readonly onProblem: (problem: FoilError) => void },
): Promise<AnnotationStore> {
  // names of foil.yaml may have slashes
  const name = annotator.replaceAll('/', '.');
  checkName(name, 'annotator');
  const file = join(dir, `${name}.jsonl`);
  const held = write ? await holdLock(file) : null;
  const known = new Map<string, Annotation>();
  const journal = new Journal(file, annotationSchema, (annotation) => known.set(annotation.key, annotation), onProblem);
  try {
    await journal.sync();
  } catch (error) {
    await held?.release();
    throw error;
  }
  // appends of a journal must not overlap
  let last: Promise<void> = Promise.resolve();
  return {
    get: (key) => known.get(key),
    append(annotation) {
      const done = last.then(() => journal.append(annotation));
      last = done.catch(() => undefined);
      return done;
    },
    async close() {
      await last;
      await journal.close();
      await held?.release();
    },
  };
}

/** A store that keeps nothing, for annotators whose answers cost nothing. */
export const NOTHING_KEPT: AnnotationStore = {
  get: () => undefined,
  append: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
