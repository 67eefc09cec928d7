import { join } from 'node:path';
import type { OpenSessionStore } from '../backends/store/session-store.ts';
import type { PairStore } from '../core/ports.ts';

/** What commands work on. Each opens on first use, since most commands need few of them and each costs time. */
export interface Services {
  /** Absolute; holds sessions/, pairs/ and foil.yaml. */
  readonly workspace: string;
  sessions(): Promise<OpenSessionStore>;
  pairs(): Promise<PairStore>;
  /** Closes what was opened; called for the command. */
  close(): Promise<void>;
}

export function openServices(workspace: string): Services {
  const closers: (() => Promise<void>)[] = [];
  return {
    workspace,
    sessions: once(async () => {
      const { openSessionStore } = await import('../backends/store/session-store.ts');
      const store = await openSessionStore(join(workspace, 'sessions'));
      closers.push(() => store.close());
      return store;
    }),
    pairs: once(async () => {
      const { openPairStore } = await import('../backends/store/pair-store.ts');
      return await openPairStore(join(workspace, 'pairs'));
    }),
    async close() {
      // what was opened last may use what was opened before it
      for (const close of closers.splice(0).reverse()) await close();
    },
  };
}

function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | null = null;
  return () => {
    opened ??= open();
    return opened;
  };
}
