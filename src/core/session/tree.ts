import type { Author, LiveSession, Role, Session, Turn, TurnNode } from './schema.ts';

/** The turns from the root to `id`, oldest first; the open branch if no id is given. */
export function pathTo(session: LiveSession, id: number | null = session.head): TurnNode[] {
  const path: TurnNode[] = [];
  for (let at = id; at !== null; ) {
    const node = session.nodes[at];
    if (!node) throw new RangeError(`session ${session.id} has no turn node ${at}`);
    path.push(node);
    at = node.parent;
  }
  return path.reverse();
}

/** Turn nodes that answer the same turn as `id`, itself among them, oldest first. */
export function siblings(session: LiveSession, id: number): TurnNode[] {
  const node = session.nodes[id];
  return node ? session.nodes.filter((other) => other.parent === node.parent) : [];
}

/** The end of the branch through `id` that was written last. */
export function tip(session: LiveSession, id: number): number {
  let at = id;
  for (;;) {
    const child = session.nodes.findLast((node) => node.parent === at);
    if (!child) return at;
    at = child.id;
  }
}

/** Adds a turn under `parent` and opens it. Invariant: `nodes[i].id === i`, so that ids survive a reload. */
export function addTurn(
  session: LiveSession,
  parent: number | null,
  turn: { role: Role; content: string; by: Author; at: string; end?: boolean; partial?: boolean },
): { session: LiveSession; node: TurnNode } {
  const node: TurnNode = { id: session.nodes.length, parent, scores: {}, ...turn };
  return {
    node,
    session: { ...session, nodes: [...session.nodes, node], head: node.id, updated: turn.at },
  };
}

export function setNode(session: LiveSession, id: number, change: Partial<TurnNode>): LiveSession {
  return { ...session, nodes: session.nodes.map((node) => (node.id === id ? { ...node, ...change } : node)) };
}

/** The role that speaks next. An empty session is opened by `first`; after the end nobody speaks. */
export function nextRole(path: readonly TurnNode[], first: Role): Role | null {
  const last = path.at(-1);
  if (!last) return first;
  if (last.end) return null;
  if (last.partial) return last.role;
  return last.role === 'user' ? 'assistant' : 'user';
}

/** The number t of the last user turn of a path, from 1; 0 if there is none yet. An end without words is no turn. */
export function countUserTurns(path: readonly { role: Role; content: string }[]): number {
  return path.filter((turn) => turn.role === 'user' && turn.content.trim() !== '').length;
}

/**
 * A branch as turns for a corpus or a pair. An end marker without words is no turn, and what was cut off was never said:
 * both are left out.
 */
export function toTurns(path: readonly TurnNode[]): Turn[] {
  return path
    .filter((node) => node.content.trim() !== '' && !node.partial)
    .map((node) => ({ role: node.role, content: node.content, annotations: null, by: node.by }));
}

/** A corpus session as a live one, to go on from. `idOf` gives the new session's id. */
export function fromCorpus(
  session: Session,
  corpus: string,
  init: { id: string; at: string; seed: number; roles: LiveSession['roles'] },
): LiveSession {
  const by: Author = { kind: 'human' };
  const nodes = session.turns.map(
    (turn, index): TurnNode => ({
      id: index,
      parent: index === 0 ? null : index - 1,
      role: turn.role,
      content: turn.content,
      by: turn.by ?? (session.origin === 'real' ? by : { kind: 'model', name: authorOf(session, turn.role) }),
      at: init.at,
      scores: {},
    }),
  );
  return {
    schema: 1,
    id: init.id,
    created: init.at,
    updated: init.at,
    context: session.context,
    nodes,
    head: nodes.length - 1,
    roles: init.roles,
    from: { corpus, id: session.id },
    seed: init.seed,
  };
}

function authorOf(session: Session, role: Role): string {
  if (session.origin === 'real') return 'person';
  return role === 'user' ? session.origin.simulator : session.origin.chatbot;
}
