import type { Session } from '../../session/schema.ts';
import { ANY, turnsOf } from './annotations.ts';
import type { Task } from './taxonomy.ts';

/** Labels that a corpus brings along and that mean nearly the same as a category: they measure an annotator on thousands. */
export interface SourceLabels {
  readonly task: Task;
  readonly source: string;
  /** What is compared, for people. */
  readonly says: string;
  /** What the labels can say; ANY for whether a message has any issue. */
  readonly categories: readonly string[];
  /** Those of a message that its labels give; null for a message without labels. */
  readonly read: (session: Session, turn: number) => string[] | null;
}

const list = (session: Session, turn: number, key: string): unknown[] | null => {
  const value = session.turns[turn]?.annotations?.[key];
  return Array.isArray(value) ? value : null;
};

/** On a scale from 1 to 5: scores up to this are a complaint. */
const POOR = 2;

export const SOURCE_LABELS: readonly SourceLabels[] = [
  {
    task: 'actions',
    source: 'multiwoz',
    says: 'dialogue acts of MultiWOZ (thank; bye or greet)',
    categories: ['gratitude', 'social-talk'],
    read: (session, turn) => {
      const acts = list(session, turn, 'actions')?.map((act) => String(act).toLowerCase());
      if (!acts) return null;
      return [
        ...(acts.some((act) => act.endsWith('-thank')) ? ['gratitude'] : []),
        ...(acts.some((act) => /-(?:bye|greet)$/u.test(act)) ? ['social-talk'] : []),
      ];
    },
  },
  {
    task: 'issues',
    source: 'esconv',
    says: "ESConv supporters' own strategy labels (Self-disclosure)",
    categories: ['self-disclosure'],
    read: (session, turn) => {
      const strategies = list(session, turn, 'strategies');
      return strategies && (strategies.includes('Self-disclosure') ? ['self-disclosure'] : []);
    },
  },
  {
    task: 'issues',
    source: 'esconv-failed',
    says: `FailedESConv seekers' scores of the messages just before (${POOR} or less of 5)`,
    categories: [ANY],
    // a score stands at the user's next turn
    read: (session, turn) => {
      const scores = list(session, turn + 1, 'feedback_scores')?.map(Number);
      return scores && scores.length > 0 ? (Math.min(...scores) <= POOR ? [ANY] : []) : null;
    },
  },
];

/** The labelled messages of a session: turn, and the categories that its labels give. */
export function sourceLabelsOf(session: Session, labels: SourceLabels): { turn: number; categories: string[] }[] {
  if (session.source !== labels.source) return [];
  return turnsOf(session, labels.task).flatMap((turn) => {
    const categories = labels.read(session, turn);
    return categories === null ? [] : [{ turn, categories }];
  });
}
