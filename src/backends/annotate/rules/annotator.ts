import { turnsOf } from '../../../core/evaluate/behaviour/annotations.ts';
import type { Task, Taxonomy } from '../../../core/evaluate/behaviour/taxonomy.ts';
import type { Annotator } from '../../../core/ports.ts';
import type { Session } from '../../../core/session/schema.ts';
import { ACTION_RULES, type Rule } from './actions.ts';
import { ISSUE_RULES } from './issues.ts';
import { type View, viewsOf } from './view.ts';

export const RULES = 'rules';
/** Of the rules as a whole: raised when any of them changes, so that agreement measured before is not shown as theirs. */
const RULES_VERSION = 1;

const ALL: Readonly<Record<Task, Readonly<Record<string, Rule>>>> = { actions: ACTION_RULES, issues: ISSUE_RULES };

/** What each rule looks for, by category, for people. */
export function cuesOf(task: Task): Record<string, string> {
  return Object.fromEntries(Object.entries(ALL[task]).map(([id, { cue }]) => [id, cue]));
}

/**
 * The local annotator: one rule a category, of words and of the shape of the conversation, with no model. It sees the
 * categories that it has a rule for and says nothing of the others. How well it does is measured, not assumed
 * (models/taxonomy/agreement.json).
 * @param taxonomy whose categories are looked for; rules go by the ids of the taxonomies that ship.
 */
export function ruleAnnotator(taxonomy: Taxonomy): Annotator {
  const rules = taxonomy.categories.flatMap(({ id }): [string, Rule][] => {
    const rule = ALL[taxonomy.task][id];
    return rule ? [[id, rule]] : [];
  });
  // units of one session come one after the other
  let seen: { readonly session: Session; readonly views: readonly View[] } | null = null;
  const found = (session: Session, turn: number) => {
    if (seen?.session !== session) seen = { session, views: viewsOf(session) };
    const view = seen.views[turn];
    return { turn, categories: view ? rules.filter(([, { test }]) => test(view)).map(([id]) => id) : [] };
  };
  return {
    ...{
      name: RULES,
      version: String(RULES_VERSION),
      task: taxonomy.task,
      taxonomy,
      kept: false,
      atOnce: 1,
      price: null,
      answerTokens: 0,
    },
    sees: rules.map(([id]) => id),
    content: () => '',
    countTokens: () => null,
    annotate({ session, turn }) {
      const turns = turn === null ? turnsOf(session, taxonomy.task) : [turn];
      const marks = turns.map((at) => found(session, at));
      return Promise.resolve({
        marks: turn === null ? marks.filter((mark) => mark.categories.length > 0) : marks,
        attempts: 1,
      });
    },
  };
}
