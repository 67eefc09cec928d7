import type { PairSet } from '../../core/ports.ts';
import { LINT_CODES } from '../../core/preference/lint.ts';
import {
  DECIDED,
  type Decided,
  PAIR_KINDS,
  REVIEW_ORDERS,
  type ReviewOptions,
  type ReviewOrder,
} from '../../core/workflows/review/types.ts';
import type { FormOption } from './form-fields.ts';

/** A list of the options of Review; `filter` leads to those that narrow the queue. */
export type ReviewChoice = 'filter' | 'decided' | 'sets' | 'kinds' | 'warnings' | 'order' | 'pass';

const DECIDED_HELP: Record<Decided, string> = {
  pending: 'nothing said yet in this pass',
  approved: 'what you approved in this pass',
  rejected: 'what you rejected in this pass',
  skipped: 'what you skipped in this pass',
  decided: 'approved or rejected in this pass',
  'against-d': "where a reviewer's label contradicts the discriminator",
  conflict: 'where two reviewers contradict each other',
  all: 'every pair',
};

const ORDER_HELP: Record<ReviewOrder, string> = {
  made: 'as the sets hold them',
  margin: 'widest r_chosen - r_rejected first',
  disagreement: 'labels that contradict D or each other first, then where D is least sure',
  random: 'shuffled anew',
};

const ALL = 'all';
const NONE = 'none';
const ANOTHER = 'another reviewer';

export function choiceTitle(choice: ReviewChoice): string {
  switch (choice) {
    case 'filter':
      return 'Which pairs';
    case 'decided':
      return 'Pairs that are';
    case 'sets':
      return 'Sets';
    case 'kinds':
      return 'Kinds of turn';
    case 'warnings':
      return 'Warnings of the linter';
    case 'order':
      return 'Order';
    case 'pass':
      return 'Pass and reviewer';
  }
}

/** Several can be marked. */
export function takesMany(choice: ReviewChoice): boolean {
  return choice === 'sets' || choice === 'kinds' || choice === 'warnings';
}

export function choiceRows(choice: ReviewChoice, options: ReviewOptions, sets: readonly PairSet[]): FormOption[] {
  const { filter } = options;
  switch (choice) {
    case 'filter':
      return [
        { value: 'decided', help: `now: ${filter.decided}` },
        { value: 'sets', help: `now: ${filter.sets?.join(' ') ?? ALL}` },
        { value: 'kinds', help: `now: ${filter.kinds?.join(' ') ?? ALL} (highest, lowest, random, manual)` },
        { value: 'warnings', help: `now: ${filter.warnings ? filter.warnings.join(' ') || NONE : 'not looked at'}` },
        { value: 'clear', help: 'all sets, kinds and warnings; what is not decided' },
      ];
    case 'decided':
      return DECIDED.map((value) => ({ value, help: DECIDED_HELP[value] }));
    case 'sets':
      return [
        { value: ALL, help: 'every set' },
        ...sets.map(({ name, pairs, pending }) => ({ value: name, help: `${pairs} pairs, ${pending} pending` })),
      ];
    case 'kinds':
      return [{ value: ALL, help: 'every kind' }, ...PAIR_KINDS.map((value) => ({ value, help: KIND_HELP[value] }))];
    case 'warnings':
      return [
        { value: ALL, help: 'with and without warnings' },
        { value: NONE, help: 'pairs without any warning' },
        ...LINT_CODES.map((value) => ({ value, help: 'pairs with this warning' })),
      ];
    case 'order':
      return REVIEW_ORDERS.map((value) => ({ value, help: ORDER_HELP[value] }));
    case 'pass': {
      const passes = Array.from({ length: options.pass + 1 }, (_, index) => index + 1);
      const names = new Set([options.reviewer, ...sets.flatMap(({ reviewers }) => reviewers)]);
      return [
        ...passes.map((pass) => ({
          value: `pass ${pass}`,
          help: pass === 1 ? 'the first look' : `judge again what you labelled in a pass before ${pass}`,
        })),
        ...[...names]
          .filter((name) => !name.startsWith('rule:'))
          .map((name) => ({ value: `reviewer ${name}`, help: name === options.reviewer ? 'you now' : '' })),
        { value: ANOTHER, help: 'type a name' },
      ];
    }
  }
}

const KIND_HELP = {
  highest: 'at a turn of highest r_t',
  lowest: 'at a turn of lowest r_t',
  random: 'at a turn drawn at random: the control',
  manual: 'made by hand in Chat',
} as const;

/** What a choice changes; a further list to open; `name` asks for a name; null: nothing. */
export type Chosen =
  | { readonly change: Partial<ReviewOptions> }
  | { readonly open: ReviewChoice }
  | { readonly ask: 'reviewer' }
  | null;

/** @param value several are joined by ', '. */
export function takeChoice(choice: ReviewChoice, value: string, options: ReviewOptions, newSeed: () => number): Chosen {
  const { filter } = options;
  const many = value.split(', ');
  const narrow = (next: Partial<ReviewOptions['filter']>): Chosen => ({ change: { filter: { ...filter, ...next } } });
  switch (choice) {
    case 'filter':
      if (value === 'clear') return { change: { filter: { decided: 'pending' } } };
      return value === 'decided' || value === 'sets' || value === 'kinds' || value === 'warnings'
        ? { open: value }
        : null;
    case 'decided': {
      const decided = DECIDED.find((one) => one === value);
      return decided ? narrow({ decided }) : null;
    }
    case 'sets':
      return narrow({ sets: many.includes(ALL) ? undefined : many });
    case 'kinds': {
      const kinds = PAIR_KINDS.filter((kind) => many.includes(kind));
      return narrow({ kinds: many.includes(ALL) || kinds.length === 0 ? undefined : kinds });
    }
    case 'warnings': {
      const warnings = LINT_CODES.filter((code) => many.includes(code));
      return narrow({ warnings: many.includes(ALL) ? undefined : warnings });
    }
    case 'order': {
      const order = REVIEW_ORDERS.find((one) => one === value);
      return order ? { change: order === 'random' ? { order, seed: newSeed() } : { order } } : null;
    }
    case 'pass': {
      if (value === ANOTHER) return { ask: 'reviewer' };
      if (value.startsWith('reviewer ')) return { change: { reviewer: value.slice('reviewer '.length), pass: 1 } };
      const pass = Number(value.slice('pass '.length));
      return Number.isInteger(pass) && pass > 0 ? { change: { pass } } : null;
    }
  }
}
