import { z } from 'zod';
import type { Mark, Unit } from '../../core/evaluate/behaviour/annotations.ts';
import { turnsOf } from '../../core/evaluate/behaviour/annotations.ts';
import type { Taxonomy } from '../../core/evaluate/behaviour/taxonomy.ts';
import { fieldPath, nearest } from '../../core/fields.ts';

/** What an answer must be, as zod and as the JSON Schema that servers can hold a model to. */
export interface AnswerForm {
  readonly name: string;
  readonly schema: Readonly<Record<string, unknown>>;
  /** The marks of a valid answer, or what is wrong, in words for the model. */
  read(text: string, unit: Unit): { readonly marks: Mark[] } | { readonly wrong: string };
}

/** No answer is longer than this; what comes after it is a model that does not stop. */
const MOST_CHARACTERS = 50_000;

export function answerForm(taxonomy: Taxonomy): AnswerForm {
  const ids = taxonomy.categories.map(({ id }) => id);
  const category = z.enum(ids, {
    error: ({ input }) => {
      const near = nearest(String(input), ids);
      return `${JSON.stringify(input)?.slice(0, 60)} is no category${near === undefined ? '' : `; did you mean "${near}"?`}`;
    },
  });
  return taxonomy.task === 'actions' ? actionsForm(category) : issuesForm(category);
}

function actionsForm(category: z.ZodType<string>): AnswerForm {
  const schema = z.strictObject({ categories: z.array(category) });
  return {
    name: 'user_actions',
    schema: jsonSchema(schema),
    read(text, { turn }) {
      const parsed = parseAnswer(schema, text);
      if ('wrong' in parsed) return parsed;
      return { marks: [{ turn: turn ?? 0, categories: [...new Set(parsed.value.categories)] }] };
    },
  };
}

function issuesForm(category: z.ZodType<string>): AnswerForm {
  const schema = z.strictObject({
    issues: z.array(z.strictObject({ category, messages: z.array(z.int().min(1)).min(1) })),
  });
  return {
    name: 'chatbot_issues',
    schema: jsonSchema(schema),
    read(text, { session }) {
      const parsed = parseAnswer(schema, text);
      if ('wrong' in parsed) return parsed;
      const numbers = turnsOf(session, 'issues').map((turn) => turn + 1);
      const marks = new Map<number, Set<string>>();
      for (const { category: id, messages } of parsed.value.issues) {
        for (const number of messages) {
          if (!numbers.includes(number)) {
            return { wrong: `message ${number} is not by the chatbot; its messages are ${numbers.join(', ')}` };
          }
          const known = marks.get(number - 1) ?? new Set();
          marks.set(number - 1, known.add(id));
        }
      }
      return { marks: [...marks].sort(([a], [b]) => a - b).map(([turn, of]) => ({ turn, categories: [...of] })) };
    },
  };
}

function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema);
  return rest;
}

function parseAnswer<T extends z.ZodType>(schema: T, text: string): { value: z.output<T> } | { wrong: string } {
  const json = jsonIn(text.slice(0, MOST_CHARACTERS));
  if (json === null) return { wrong: 'there is no JSON object in it' };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return { wrong: `it is not valid JSON: ${(error as Error).message.slice(0, 200)}` };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  const [issue] = parsed.error.issues;
  const field = fieldPath(issue?.path ?? []);
  return { wrong: `${field === '' ? 'it' : field}: ${issue?.message ?? 'is not as it should be'}` };
}

/** The JSON object in an answer that may think aloud first, or put it into a code block. */
function jsonIn(text: string): string | null {
  const said = text.replace(/^[\s\S]*<\/think>/u, '');
  const [start, end] = [said.indexOf('{'), said.lastIndexOf('}')];
  return start === -1 || end < start ? null : said.slice(start, end + 1);
}
