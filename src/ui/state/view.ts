import { criticalTurns, rewards, sigmoid, type TurnScore } from '../../core/reward/reward.ts';
import type { LiveSession, TurnNode } from '../../core/session/schema.ts';
import { pathTo, siblings } from '../../core/session/tree.ts';
import type { Activity } from '../../core/workflows/converse/types.ts';
import type { TranscriptItem } from '../components/transcript.ts';
import type { AppState } from './state.ts';

/** A user turn of the open branch with its score by the discriminator in use. */
export interface JudgedTurn extends TurnScore {
  readonly node: number;
}

export interface Judged {
  readonly turns: readonly JudgedTurn[];
  /** User turns that have no score by the discriminator in use; none while none is in use. */
  readonly missing: number;
  /** Turn nodes of lowest and highest r_t; null while there is only one. */
  readonly lowest: number | null;
  readonly highest: number | null;
}

/** A session never changes in place, so what was computed of one holds as long as it lives. */
const judgedOf = new WeakMap<LiveSession, Judged>();

/** p_t, r_t of the open branch; turns that are not judged yet are left out. */
export function judged(session: LiveSession): Judged {
  const known = judgedOf.get(session);
  if (known) return known;
  const fresh = judge(session);
  judgedOf.set(session, fresh);
  return fresh;
}

function judge(session: LiveSession): Judged {
  const name = session.roles.discriminator;
  if (name === null) return { turns: [], missing: 0, lowest: null, highest: null };
  const users = pathTo(session).filter((node) => node.role === 'user' && node.content.trim() !== '' && !node.partial);
  const t = new Map(users.map((node, index) => [node.id, index + 1]));
  const known = users.filter((node) => node.scores[name]);
  const scores = rewards(
    known.map((node) => node.scores[name]?.z ?? 0),
    known[0]?.scores[name]?.logit_p0,
  );
  const turns = scores.map((score, index) => {
    const node = known[index]?.id ?? -1;
    return { ...score, node, t: t.get(node) ?? score.t };
  });
  const critical = criticalTurns(turns);
  const nodeOf = (score: TurnScore | undefined) =>
    turns.length > 1 ? ((score as JudgedTurn | undefined)?.node ?? null) : null;
  const missing = users.length - known.length;
  return { turns, missing, lowest: nodeOf(critical?.lowest), highest: nodeOf(critical?.highest) };
}

export function hasUnjudged(session: LiveSession): boolean {
  return judged(session).missing > 0;
}

/** 2 decimals without the leading zero, as in the design: .58, 1.00. */
export function formatP(p: number): string {
  return p.toFixed(2).replace(/^0/u, '');
}

export function formatR(r: number): string {
  return `${r < 0 ? '-' : '+'}${Math.abs(r).toFixed(2)}`;
}

/** How far the alternatives are; sampling ends before judging begins. */
export function alternativesProgress(activity: Extract<Activity, { kind: 'alternatives' }>): string {
  const { sampled, of, judged, toJudge } = activity;
  return sampled < of ? `${sampled} of ${of} sampled` : `${of} sampled, ${judged} of ${toJudge} judged`;
}

const cache = new WeakMap<LiveSession, { key: string; items: TranscriptItem[] }>();

/** The open branch as rows of the transcript; the turn that is being streamed comes last. Cached by session. */
export function transcriptItems(state: AppState): TranscriptItem[] {
  const { session, live, showScores, seats } = state.chat;
  if (!session) return [];
  const key = `${showScores}`;
  let cached = cache.get(session);
  if (cached?.key !== key) {
    cached = { key, items: settledItems(session, showScores) };
    cache.set(session, cached);
  }
  if (!live) return cached.items;
  const human = seats[live.role] === 'human';
  return [
    ...cached.items,
    {
      id: 'live',
      role: live.role,
      tone: human ? 'person' : live.role,
      name: live.role === 'user' ? 'sim' : 'bot',
      text: live.text,
      live: true,
    },
  ];
}

function settledItems(session: LiveSession, showScores: boolean): TranscriptItem[] {
  const { turns, lowest, highest } = judged(session);
  const byNode = new Map(turns.map((turn) => [turn.node, turn]));
  const forks = forkCounts(session);
  return pathTo(session).map((node): TranscriptItem => {
    const score = byNode.get(node.id);
    const mark = node.id === lowest ? ' ▼' : node.id === highest ? ' ▲' : '';
    const footer =
      showScores && score
        ? {
            text: `p ${formatP(score.p)}  r ${formatR(score.r)}${mark}`,
            tone: score.r < 0 ? ('fake' as const) : ('real' as const),
          }
        : undefined;
    const fork = (forks.get(node.parent) ?? 1) > 1 ? placeAmong(session, node) : '';
    const flags = [fork, node.partial ? 'cut off' : '', node.end ? 'ends the session' : ''].filter(Boolean).join(' · ');
    return {
      id: String(node.id),
      role: node.role,
      tone: node.by.kind === 'human' ? 'person' : node.role,
      name: nameOf(session, node),
      text: node.content === '' ? '(says nothing more)' : node.content,
      ...(footer ? { footerRight: footer } : {}),
      ...(flags ? { flags } : {}),
    };
  });
}

/** Who speaks, in four cells or fewer: the seats, and `you` for a person at the keyboard, but not one of a corpus. */
function nameOf(session: LiveSession, node: TurnNode): string {
  if (node.role === 'user') return node.by.kind === 'human' ? 'user' : 'sim';
  // The turns of a corpus session were all there when it was opened (fromCorpus).
  const imported = session.from !== undefined && node.at === session.created;
  return node.by.kind === 'human' && !imported ? 'you' : 'bot';
}

function forkCounts(session: LiveSession): Map<number | null, number> {
  const counts = new Map<number | null, number>();
  for (const node of session.nodes) counts.set(node.parent, (counts.get(node.parent) ?? 0) + 1);
  return counts;
}

function placeAmong(session: LiveSession, node: TurnNode): string {
  const all = siblings(session, node.id);
  return `branch ${all.findIndex((other) => other.id === node.id) + 1}/${all.length}`;
}

export interface TreeRow {
  readonly node: number;
  /** Forks above: how far the row is indented. */
  readonly depth: number;
  readonly open: boolean;
  readonly role: TurnNode['role'];
  readonly name: string;
  readonly text: string;
  readonly p: number | null;
}

/** The tree as rows, depth first; only forks indent, so that a long session stays a column. */
export function treeRows(session: LiveSession): TreeRow[] {
  const children = new Map<number | null, TurnNode[]>();
  for (const node of session.nodes) {
    const list = children.get(node.parent);
    if (list) list.push(node);
    else children.set(node.parent, [node]);
  }
  const open = new Set(pathTo(session).map((node) => node.id));
  const name = session.roles.discriminator;
  const rows: TreeRow[] = [];
  const stack = (children.get(null) ?? [])
    .map((node) => ({ node, depth: (children.get(null)?.length ?? 0) > 1 ? 1 : 0 }))
    .reverse();
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { node, depth } = top;
    const z = name === null ? undefined : node.scores[name]?.z;
    const p = z === undefined ? null : sigmoid(z);
    const text = node.content === '' ? '(ends the session)' : node.content;
    rows.push({ node: node.id, depth, open: open.has(node.id), role: node.role, name: nameOf(session, node), text, p });
    const below = children.get(node.id) ?? [];
    for (const child of [...below].reverse()) stack.push({ node: child, depth: depth + (below.length > 1 ? 1 : 0) });
  }
  return rows;
}
