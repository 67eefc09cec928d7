import type { Behind } from '../table.ts';
import type { AnnotatedSession, AnnotatedSource, AnnotatorAbout } from './annotations.ts';

/** Issues of one chatbot configuration in one source: what the correlation of Table 3 and Figure 6 is made of. */
export interface ChatbotIssues {
  readonly chatbot: string;
  /** One entry a session, so that whoever resamples can: chatbot messages, and those with an issue. */
  readonly sessions: readonly {
    readonly id: string;
    readonly context: string;
    readonly messages: number;
    readonly marked: number;
  }[];
  /** Chatbot messages with at least one issue / chatbot messages; null without messages. */
  readonly rate: number | null;
  readonly behind: Behind;
}

/**
 * Issues by chatbot, in order of name; sessions whose chatbot is not named are left out.
 * @param about whose categories count: what it cannot see is no issue here.
 */
export function issuesByChatbot(
  { corpus, sessions }: AnnotatedSource,
  { sees }: Pick<AnnotatorAbout, 'sees'>,
): ChatbotIssues[] {
  const known = new Set(sees);
  const groups = new Map<string, AnnotatedSession[]>();
  for (const session of sessions) {
    if (session.chatbot === null) continue;
    const group = groups.get(session.chatbot);
    if (group) group.push(session);
    else groups.set(session.chatbot, [session]);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([chatbot, of]) => {
      const counted = of.map(({ id, context, messages }) => ({
        ...{ id, context, messages: messages.length },
        marked: messages.filter(({ categories }) => categories.some((category) => known.has(category))).length,
      }));
      const sum = (key: 'messages' | 'marked') => counted.reduce((total, session) => total + session[key], 0);
      const messages = sum('messages');
      return {
        ...{ chatbot, sessions: counted, rate: messages === 0 ? null : sum('marked') / messages },
        behind: { corpus, sessions: of.map(({ id }) => id) },
      };
    });
}
