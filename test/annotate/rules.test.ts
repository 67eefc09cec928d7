import { describe, expect, it } from 'vitest';
import { ruleAnnotator } from '../../src/backends/annotate/rules/annotator.ts';
import { loadTaxonomy } from '../../src/backends/annotate/taxonomies.ts';
import type { AnnotatorTells } from '../../src/core/ports.ts';
import { sessionSchema } from '../../src/core/session/schema.ts';
import { smallTaxonomy } from '../core/evaluate/annotated.ts';

const told: AnnotatorTells = { onUsage: () => {}, onRetry: () => {}, onInvalid: () => {} };
const signal = new AbortController().signal;
const taxonomies = { actions: await loadTaxonomy('actions'), issues: await loadTaxonomy('issues') };
const rules = { actions: ruleAnnotator(taxonomies.actions), issues: ruleAnnotator(taxonomies.issues) };

/** `u:` and `b:` lines as a session. */
const talk = (...lines: string[]) =>
  sessionSchema.parse({
    ...{ id: 's', context: {} },
    turns: lines.map((line) => ({ role: line.startsWith('u:') ? 'user' : 'assistant', content: line.slice(2).trim() })),
  });

async function actionsOf(...lines: string[]): Promise<string[]> {
  const session = talk(...lines);
  const { marks } = await rules.actions.annotate({ session, turn: session.turns.length - 1 }, told, signal);
  return marks[0]?.categories ?? [];
}

async function issuesAt(turn: number, ...lines: string[]): Promise<string[]> {
  const { marks } = await rules.issues.annotate({ session: talk(...lines), turn: null }, told, signal);
  return marks.find((mark) => mark.turn === turn)?.categories ?? [];
}

describe('actions: the example of each category is found, and its near miss is not', () => {
  // what a near miss answers is part of it: "no" to a question of fact rejects nothing
  it.each(taxonomies.actions.categories)('$id', async ({ id, example, near_miss }) => {
    expect(rules.actions.sees).toContain(id);
    expect(
      await actionsOf('u: My flatmate moved out.', 'b: You could write it down first.', `u: ${example}`),
    ).toContain(id);
    expect(
      await actionsOf('u: My flatmate moved out.', 'b: Do you have somebody there?', `u: ${near_miss}`),
    ).not.toContain(id);
  });
});

describe('issues', () => {
  it.each([
    ['several-questions', 1, ['u: Hi', 'b: What happened? When was it? Who else knows?']],
    ['self-disclosure', 1, ['u: I am getting divorced', 'b: I went through that when I was younger, my wife left me.']],
    ['duplicate-message', 3, ['u: Hi', 'b: Tell me more about it.', 'u: It is work', 'b: Tell me more about it.']],
    [
      'repetitive-questions',
      3,
      ['u: Hi', 'b: How long have you felt like this?', 'u: A year', 'b: I see. How long have you felt like this now?'],
    ],
    ['looping-text', 1, ['u: Hi', 'b: I am here for you. I am here for you.']],
    ['leaked-markup', 1, ['u: Hi', 'b: Hello {{name}}, tell me <|im_end|>']],
    ['incomplete-message', 1, ['u: Hi', 'b: I think that you are and']],
    [
      'too-curt',
      1,
      ['u: Since the funeral I cannot enter her room, and my father will not speak of it at all', 'b: I see.'],
    ],
    [
      'parrots',
      1,
      ['u: My boss yelled at me in front of everybody', 'b: Your boss yelled at you in front of everybody.'],
    ],
    ['ignores-question', 1, ['u: Should I tell my boss about the illness?', 'b: Such times pass.']],
    ['crisis-protocol', 1, ['u: I want to die', 'b: Take a warm bath.']],
    ['ignores-end-request', 1, ['u: I have to go now, bye', 'b: What did your sister say then?']],
    ['premature-advice', 1, ['u: Hi, I feel low', 'b: You should take up running.']],
    [
      'generic-reply',
      1,
      ['u: He sold the piano that my mother left me in her will', 'b: I understand. That sounds really hard.'],
    ],
    ['role-slip', 1, ['u: Hi', 'b: I do not know what to do any more, I am so lonely.']],
  ])('%s', async (id, turn, lines) => {
    expect(await issuesAt(turn as number, ...(lines as string[]))).toContain(id);
  });

  it.each([
    ['crisis-protocol', 1, ['u: I want to die', 'b: Please call 988 now. Are you alone?']],
    ['several-questions', 1, ['u: Hi', 'b: How are you? What brings you here?']],
    ['ignores-question', 1, ['u: Should I tell my boss about the illness?', 'b: What would change if you did?']],
    ['ignores-end-request', 1, ['u: I have to go now, bye', 'b: Goodbye, come back whenever you like.']],
    ['incomplete-message', 1, ['u: Bye', 'b: take care of yourself my friend']],
    ['self-disclosure', 1, ['u: I am getting divorced', 'b: That sounds hard. How is your wife?']],
    [
      'parrots',
      1,
      ['u: My boss yelled at me in front of everybody', 'b: In front of everybody! That must have been humiliating.'],
    ],
  ])('not %s', async (id, turn, lines) => {
    expect(await issuesAt(turn as number, ...(lines as string[]))).not.toContain(id);
  });
});

it('says nothing of categories that it has no rule for, nor of a taxonomy with other ids', () => {
  expect(rules.issues.sees).not.toContain('unempathetic');
  expect(rules.issues.sees.length).toBeLessThan(taxonomies.issues.categories.length);
  expect(ruleAnnotator(smallTaxonomy('actions')).sees).toEqual([]);
});

it('the taxonomies that ship are as large as the paper says that its own are', () => {
  const { actions, issues } = taxonomies;
  expect(actions.categories.length).toBeGreaterThanOrEqual(20);
  expect(issues.categories.length).toBeGreaterThanOrEqual(35);
  expect(actions.groups.map(({ id }) => id)).toEqual(['good', 'bad', 'feature']);
  expect(issues.groups).toHaveLength(6);
});
