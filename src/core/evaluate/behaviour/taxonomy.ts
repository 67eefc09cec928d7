import { z } from 'zod';
import { FoilError } from '../../errors.ts';
import { fieldPath } from '../../fields.ts';
import type { Role } from '../../session/schema.ts';

/** What is annotated: what users do (Appendix D), or what is wrong with the chatbot's messages (Appendix E). */
export const taskSchema = z.enum(['actions', 'issues']);
export type Task = z.output<typeof taskSchema>;

/** Whose messages get the categories of a task. */
export const ROLE_OF: Readonly<Record<Task, Role>> = { actions: 'user', issues: 'assistant' };

const id = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,49}$/u, 'must be lower-case letters, digits and hyphens, a letter first');
const text = z.string().trim().min(1, 'must not be empty');

export const categorySchema = z.strictObject({
  id,
  group: id,
  name: text,
  definition: text,
  /** A message, or an exchange, that has it. */
  example: text,
  /** One that looks like it, and has it not. */
  near_miss: text,
});

/** A taxonomy file. A change of any word is another taxonomy to an annotator; `version` is for people. */
export const taxonomySchema = z
  .strictObject({
    schema: z.literal(1, 'is not a version that this Foil reads: it reads 1'),
    id,
    version: z.number().int().min(1),
    task: taskSchema,
    groups: z.array(z.strictObject({ id, name: text, about: text })).min(1),
    categories: z.array(categorySchema).min(1).max(200),
  })
  .superRefine(({ groups, categories }, check) => {
    const known = new Set(groups.map((group) => group.id));
    for (const [field, list] of [['groups', groups] as const, ['categories', categories] as const]) {
      const seen = new Set<string>();
      for (const [index, item] of list.entries()) {
        if (seen.has(item.id)) {
          check.addIssue({ code: 'custom', path: [field, index, 'id'], message: `"${item.id}" is there twice` });
        }
        seen.add(item.id);
      }
    }
    for (const [index, { group }] of categories.entries()) {
      if (known.has(group)) continue;
      check.addIssue({
        code: 'custom',
        path: ['categories', index, 'group'],
        message: `there is no group "${group}": ${[...known].join(', ')}`,
      });
    }
  });
export type Taxonomy = z.output<typeof taxonomySchema>;

/** Checks what a file holds. @param task what it must be for. @throws FoilError `bad-taxonomy` with the field. */
export function parseTaxonomy(value: unknown, file: string, task?: Task): Taxonomy {
  const parsed = taxonomySchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = fieldPath(issue?.path ?? []);
    throw new FoilError('bad-taxonomy', issue?.message ?? 'is no taxonomy', {
      where: { file, ...(field ? { field } : {}) },
      remedy: 'correct the field; models/taxonomy/actions.yaml shows the form',
    });
  }
  if (task !== undefined && parsed.data.task !== task) {
    throw new FoilError('bad-taxonomy', `is a taxonomy of ${parsed.data.task}, and one of ${task} is needed`, {
      where: { file, field: 'task' },
      remedy: `name a file with task: ${task}, or annotate ${parsed.data.task}`,
    });
  }
  return parsed.data;
}

/** How a taxonomy is named beside figures and records. */
export function taxonomyName({ id: name, version }: Taxonomy): string {
  return `${name} ${version}`;
}
