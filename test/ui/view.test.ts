import { expect, test } from 'vitest';
import { type LiveSession, liveSessionSchema } from '../../src/core/session/schema.ts';
import { NO_FACTS } from '../../src/ui/keys/facts.ts';
import { resolveKey } from '../../src/ui/keys/resolve.ts';
import { hasUnjudged, judged, treeRows } from '../../src/ui/state/view.ts';

/** A session of a corpus, its first two turns imported at `opened`, two more said since. */
function goneOn(): LiveSession {
  const turn = (id: number, role: string, by: object, more: object = {}) => ({
    ...{ id, parent: id === 0 ? null : id - 1, role, content: `turn ${id}`, by },
    ...{ at: id < 2 ? 'opened' : 'later', scores: {}, ...more },
  });
  const human = { kind: 'human' };
  return liveSessionSchema.parse({
    ...{ schema: 1, id: 's', created: 'opened', updated: 'later', context: {}, seed: 1, head: 3 },
    roles: { simulator: 'sim', chatbot: 'bot', discriminator: 'd' },
    from: { corpus: 'c', id: 'i' },
    nodes: [
      turn(0, 'user', human, { scores: { d: { z: 1 } } }),
      turn(1, 'assistant', human),
      turn(2, 'user', { kind: 'model', name: 'sim' }),
      turn(3, 'assistant', human),
    ],
  });
}

test('`you` is who sits at the keyboard, not the chatbot of a corpus', () => {
  expect(treeRows(goneOn()).map(({ name }) => name)).toEqual(['user', 'bot', 'sim', 'you']);
});

test('a user turn without a score is one that R asks for again; one that was cut off is none', () => {
  const session = goneOn();
  expect([judged(session).missing, hasUnjudged(session)]).toEqual([1, true]);
  const cut = { ...session, nodes: session.nodes.map((node) => (node.id === 2 ? { ...node, partial: true } : node)) };
  expect(hasUnjudged(cut)).toBe(false);
  const press = (facts: object) => resolveKey('chat.transcript', { ...NO_FACTS, ...facts }, 'R').kind;
  expect([press({}), press({ unjudged: true }), press({ partial: true })]).toEqual(['refused', 'command', 'command']);
});
