import { join } from 'node:path';
import type { FoilError } from '../../core/errors.ts';
import type { Ports } from '../../core/ports.ts';
import type { RunPorts } from '../../core/stage/ports.ts';
import type { LoopPorts } from '../../core/workflows/loop/types.ts';
import type { FoilConfig } from '../config/schema.ts';
import { openChatbots, readChatbots } from '../registry/chatbots.ts';
import { contentHashes, digest } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';
import { openLoopStore } from '../store/loop-store.ts';
import type { OpenSessionStore } from '../store/session-store.ts';
import { openTurnJournal } from '../store/turn-journal.ts';
import { runLoopApart } from './child.ts';

export interface LoopServices {
  /** Absolute. */
  readonly workspace: string;
  readonly config: FoilConfig;
  readonly ports: Ports;
  readonly runs: RunPorts;
  readonly models: Registry;
  readonly sessions: OpenSessionStore;
  readonly onProblem?: (problem: FoilError) => void;
  /** Program and first arguments that run this Foil. */
  readonly foil: readonly string[];
}

/** The loops of a workspace, with all that they touch. */
export function openLoops(services: LoopServices): LoopPorts {
  const { workspace, config, ports, runs, models, sessions, onProblem, foil } = services;
  const folder = join(workspace, 'sessions');
  const hashes = contentHashes(folder, models, config);
  const chatbotHash = async (name: string): Promise<string | null> => {
    const configured = await readChatbots(config);
    if (name === 'all') return digest(await Promise.all([...configured.keys()].map(chatbotHash)));
    const own = configured.get(name);
    return own ? digest([own, await hashes.model(own.model)]) : await hashes.model(name);
  };

  return {
    ...ports,
    runs,
    loops: openLoopStore(join(workspace, 'loops'), onProblem),
    contentHash: async ({ kind, name }) =>
      kind === 'corpus'
        ? await hashes.corpus(name)
        : kind === 'model'
          ? await hashes.model(name)
          : await chatbotHash(name),
    apart: (name, extent, signal) => runLoopApart(foil, workspace, name, extent, signal),
    validation: async (name) => (await models.card(name))?.card.validation ?? null,
    chatbots: (names, signal) => openChatbots(names, config, models, signal),
    turnJournal: (corpus) => openTurnJournal(folder, corpus),
    sessionIds: (corpus) => sessions.ids(corpus),
  };
}
