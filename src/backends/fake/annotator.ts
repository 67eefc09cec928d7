import type { Annotation, Mark, Unit } from '../../core/evaluate/behaviour/annotations.ts';
import type { Taxonomy } from '../../core/evaluate/behaviour/taxonomy.ts';
import type { AnnotationStore, Annotator, AnnotatorTells } from '../../core/ports.ts';

/** Marks of a unit, or an error that is thrown in their place. */
export type AnnotationScript = (unit: Unit, tells: AnnotatorTells) => readonly Mark[] | Error;

/** An annotator that follows a script, and remembers what it was asked. */
export class FakeAnnotator implements Annotator {
  readonly name = 'scripted';
  readonly version = '1';
  readonly kept: boolean;
  readonly price: Annotator['price'];
  readonly answerTokens = 10;
  readonly asked: Unit[] = [];
  readonly atOnce: number;
  readonly taxonomy: Taxonomy;
  private readonly script: AnnotationScript;

  constructor(
    taxonomy: Taxonomy,
    script: AnnotationScript,
    options: {
      readonly atOnce?: number;
      readonly price?: NonNullable<Annotator['price']>;
      readonly kept?: boolean;
    } = {},
  ) {
    this.taxonomy = taxonomy;
    this.script = script;
    this.atOnce = options.atOnce ?? 1;
    this.price = options.price ?? null;
    this.kept = options.kept ?? true;
  }

  get task(): Taxonomy['task'] {
    return this.taxonomy.task;
  }

  get sees(): string[] {
    return this.taxonomy.categories.map(({ id }) => id);
  }

  content({ session, turn }: Unit): string {
    return JSON.stringify([this.taxonomy.id, session.turns.map(({ content }) => content), turn]);
  }

  countTokens(): null {
    return null;
  }

  async annotate(unit: Unit, tells: AnnotatorTells, signal: AbortSignal): Promise<{ marks: Mark[]; attempts: number }> {
    this.asked.push(unit);
    await Promise.resolve();
    signal.throwIfAborted();
    const said = this.script(unit, tells);
    if (said instanceof Error) throw said;
    return { marks: [...said], attempts: 1 };
  }
}

/** Annotations in memory. */
export class FakeAnnotations implements AnnotationStore {
  readonly kept = new Map<string, Annotation>();

  get(key: string): Annotation | undefined {
    return this.kept.get(key);
  }

  append(annotation: Annotation): Promise<void> {
    this.kept.set(annotation.key, annotation);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
