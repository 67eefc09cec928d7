import { HttpError } from './http-error.ts';
import type { ModelPort } from './runtime.ts';

/** OpenAI's ways to give one input or several: texts, or token ids. */
type Inputs = string | readonly string[] | readonly number[] | readonly (readonly number[])[];

/**
 * The tokens of each input, and the field that it stands in, such as `input.2`.
 * @throws HttpError 400 for an id that the model does not have.
 */
export function inputsOf(
  given: Inputs,
  field: string,
  model: ModelPort,
): { readonly param: string; readonly tokens: readonly number[] }[] {
  const many = typeof given !== 'string' && typeof given[0] !== 'number';
  const inputs = (many ? given : [given]) as readonly (string | readonly number[])[];
  return inputs.map((input, index) => {
    const param = many ? `${field}.${index}` : field;
    if (typeof input === 'string') return { param, tokens: model.tokenize(input) };
    const unknown = input.find((token) => token >= model.vocabulary);
    if (unknown === undefined) return { param, tokens: input };
    throw new HttpError(400, `${param}: the model has no token ${unknown}; its ids end at ${model.vocabulary - 1}`, {
      param,
      code: 'invalid_value',
    });
  });
}
