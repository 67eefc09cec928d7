import { FoilError } from '../../core/errors.ts';
import type { Unit } from '../../core/evaluate/behaviour/annotations.ts';
import type { Taxonomy } from '../../core/evaluate/behaviour/taxonomy.ts';
import type { Annotator, AnnotatorTells, ChatModel } from '../../core/ports.ts';
import type { ChatMessage } from '../../core/prompt/messages.ts';
import { answerForm } from './answer.ts';
import { promptOf } from './prompt.ts';

/** Answers about one unit: the first, and two that are told what was wrong with the one before. */
const ATTEMPTS = 3;
/** What of a wrong answer is shown to the model again. */
const QUOTED = 1500;
/** The examples of the taxonomies that ship take 3,000 tokens: too many beside a session in a window of this size. */
const SMALL_WINDOW = 8192;
/** A list of ids, and ids with message numbers. */
const ANSWER_TOKENS = { actions: 25, issues: 60 } as const;

/**
 * An annotator behind any chat endpoint. The server holds the model to the answer's JSON Schema where it can; in every case
 * the answer is checked here, and one that is not valid is asked for again with what is wrong with it.
 */
export function endpointAnnotator(model: ChatModel, taxonomy: Taxonomy): Annotator {
  const form = answerForm(taxonomy);
  const lean = model.window !== null && model.window < SMALL_WINDOW;
  const { sampling } = model;

  const annotate = async (unit: Unit, tells: AnnotatorTells, signal: AbortSignal) => {
    const messages: ChatMessage[] = promptOf(taxonomy, unit, lean);
    let wrong = '';
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      // With the same seed and no temperature, a model that was wrong would be wrong again.
      const answer = await ask(model, messages, attempt, form, tells, signal);
      const read = answer.cut ? { wrong: 'it was cut off: it must be shorter' } : form.read(answer.text, unit);
      if ('marks' in read) return { marks: read.marks, attempts: attempt };
      wrong = read.wrong;
      tells.onInvalid(attempt, wrong);
      messages.push(
        { role: 'assistant', content: answer.text.slice(0, QUOTED) || '(nothing)' },
        { role: 'user', content: `That answer is not valid: ${wrong}. Answer again, with the JSON object only.` },
      );
    }
    throw new FoilError('bad-annotation', `${model.name} gave no valid answer in ${ATTEMPTS} attempts: ${wrong}`, {
      remedy: 'a larger model, or a server that takes response_format json_schema, answers as it should',
    });
  };

  return {
    ...{
      name: model.name,
      version: model.served ?? model.name,
      task: taxonomy.task,
      taxonomy,
      annotate,
      kept: true,
      price: model.price ?? null,
    },
    sees: taxonomy.categories.map(({ id }) => id),
    atOnce: model.place?.atOnce ?? 1,
    answerTokens: ANSWER_TOKENS[taxonomy.task],
    content: (unit) => JSON.stringify([model.served ?? model.name, sampling, promptOf(taxonomy, unit, lean)]),
    countTokens: (contents, signal) => model.countTokens(contents, signal),
  };
}

async function ask(
  model: ChatModel,
  messages: readonly ChatMessage[],
  seed: number,
  answer: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> },
  { onUsage, onRetry }: AnnotatorTells,
  signal: AbortSignal,
): Promise<{ text: string; cut: boolean }> {
  const { sampling } = model;
  // not every server knows how to count
  const counts = model.price || model.place?.counts ? { onUsage } : {};
  const request = { messages: [...messages], n: 1, seed, sampling, whole: true, answer, onRetry, ...counts };
  for await (const event of model.generate(request, signal)) {
    if (event.type === 'choice') return { text: event.text, cut: event.cut };
  }
  return { text: '', cut: false };
}
