import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Low } from 'lowdb';
import { TextFile } from 'lowdb/node';
import { FoilError } from '../../core/errors.ts';
import { type LiveSession, liveSessionSchema, type Session, type TurnNode } from '../../core/session/schema.ts';
import { pathTo, toTurns } from '../../core/session/tree.ts';
import { checkName, withLock } from './disk.ts';
import { LIVE } from './index-rows.ts';
import { validate } from './records.ts';

/** What tells one state of a file from the next: each save is a rename, and so a new inode. */
export async function stampOf(file: string): Promise<{ stamp: string; size: number } | null> {
  try {
    const { size, mtimeNs, ino } = await stat(file, { bigint: true });
    return { stamp: `${size}:${mtimeNs}:${ino}`, size: Number(size) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Reads a live session. Throws FoilError `live-unreadable` or `newer-schema` with the file and the field. */
export async function readLive(file: string, id: string): Promise<LiveSession> {
  const bytes = await readFile(file);
  const unreadable = (message: string, field?: string) =>
    new FoilError('live-unreadable', message, {
      where: { file, ...(field ? { field } : {}) },
      remedy: ['nothing was changed: mend the file, or move it out of the folder', 'other sessions are not affected'],
    });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw unreadable('the session cannot be read: the file is cut off or damaged');
  }
  let session: LiveSession;
  try {
    session = validate(liveSessionSchema, value, { file });
  } catch (error) {
    if (!(error instanceof FoilError) || error.code !== 'bad-record') throw error;
    throw unreadable(`the session cannot be read: ${error.message}`, error.where?.field);
  }
  // The tree is walked from leaf to root: only if parents come before their children does each walk end.
  const stray = session.nodes.findIndex(
    ({ id: at, parent }, index) => at !== index || (parent !== null && parent >= at),
  );
  if (stray !== -1) throw unreadable('the turns do not form a tree', `nodes[${stray}].parent`);
  if (session.head !== null && session.head >= session.nodes.length) {
    throw unreadable('the open turn is not there', 'head');
  }
  if (session.id !== id) throw unreadable(`the file of session "${session.id}" has another name`, 'id');
  return session;
}

/**
 * Live sessions, one document each, replaced as a whole by a rename. A save never replaces a file that this process
 * neither read nor wrote last: neither a damaged one nor one that another foil went on with.
 */
export class LiveFiles {
  readonly #folder: string;
  readonly #seen = new Map<string, string>();

  constructor(dir: string) {
    this.#folder = join(dir, LIVE);
  }

  file(id: string): string {
    checkName(id, 'session');
    return join(this.#folder, `${id}.json`);
  }

  async load(id: string): Promise<LiveSession> {
    const file = this.file(id);
    const found = await stampOf(file);
    if (!found) {
      throw new FoilError('unknown-session', `there is no live session "${id}"`, {
        where: { file },
        remedy: 'choose one of the list: foil sessions --corpus live',
      });
    }
    const session = await readLive(file, id);
    this.#seen.set(id, found.stamp);
    return session;
  }

  async save(session: LiveSession): Promise<void> {
    const file = this.file(session.id);
    // What could not be read again (a score that is no number, say) must not replace what can.
    validate(liveSessionSchema, session, { file });
    await withLock(file, async () => {
      const there = await stampOf(file);
      if (there && there.stamp !== this.#seen.get(session.id)) {
        await readLive(file, session.id);
        throw new FoilError('live-changed', 'another foil went on with this session since it was opened here', {
          where: { file },
          remedy: 'open it again to see its newest turns; it was not overwritten',
        });
      }
      const document = new Low<string>(new TextFile(file), '');
      document.data = `${JSON.stringify(session)}\n`;
      await document.write();
      const written = await stampOf(file);
      if (written) this.#seen.set(session.id, written.stamp);
    });
  }
}

/**
 * The open branch of a live session as a corpus record. A person in the user's seat is no real user: the origin is then
 * `person`, so that such a session is never mistaken for a real one.
 */
export function liveToSession(live: LiveSession, file: string): Session {
  const path = pathTo(live);
  const turns = toTurns(path);
  if (turns.length === 0) {
    throw new FoilError('empty-session', `session "${live.id}" has no turns yet`, {
      where: { file },
      remedy: 'open it and start',
    });
  }
  const author = (role: 'user' | 'assistant') => {
    const by = path.findLast((node) => node.role === role)?.by;
    return by === undefined || by.kind === 'human' ? 'person' : by.name;
  };
  const scores = scoresOf(path);
  return {
    schema: 1,
    id: live.id,
    source: 'foil-live',
    domain: 'unknown',
    context: live.context,
    turns,
    origin: { simulator: author('user'), chatbot: author('assistant'), seed: live.seed },
    ...(scores === undefined ? {} : { scores }),
    meta: { created: live.created, updated: live.updated },
  };
}

/** Scores of the discriminators that judged every user turn of a branch; undefined if none did. */
function scoresOf(path: readonly TurnNode[]): Session['scores'] {
  const users = path.filter((node) => node.role === 'user' && node.content.trim() !== '' && !node.partial);
  const first = users[0]?.scores ?? {};
  const whole = Object.entries(first).filter(([name]) => users.every((node) => node.scores[name]));
  if (whole.length === 0) return undefined;
  return Object.fromEntries(
    whole.map(([name, { logit_p0, template = 'unknown', engine = 'unknown' }]) => [
      name,
      { z: users.flatMap((node) => node.scores[name]?.z ?? []), logit_p0, template, engine },
    ]),
  );
}
