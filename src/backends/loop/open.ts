import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { FoilError } from '../../core/errors.ts';
import type { Ports, RunPorts } from '../../core/ports.ts';
import type { LoopPorts } from '../../core/workflows/loop/types.ts';
import type { FoilConfig } from '../config/schema.ts';
import { fileSha256 } from '../embedded/sha256.ts';
import { openChatbots, readChatbots } from '../registry/chatbots.ts';
import type { Registry } from '../registry/registry.ts';
import { stampOf } from '../store/live.ts';
import { openLoopStore } from '../store/loop-store.ts';
import type { OpenSessionStore } from '../store/session-store.ts';
import { corpusFile } from '../store/sync.ts';
import { openTurnJournal } from '../store/turn-journal.ts';

export interface LoopServices {
  /** Absolute. */
  readonly workspace: string;
  readonly config: FoilConfig;
  readonly ports: Ports;
  readonly runs: RunPorts;
  readonly models: Registry;
  readonly sessions: OpenSessionStore;
  readonly onProblem?: (problem: FoilError) => void;
}

/** The loops of a workspace, with all that they touch. */
export function openLoops({ workspace, config, ports, runs, models, sessions, onProblem }: LoopServices): LoopPorts {
  const folder = join(workspace, 'sessions');
  const known = new Map<string, { stamp: string; sha256: string }>();

  /** sha256 of the file of a corpus; read again only when it has changed. */
  const corpusHash = async (name: string): Promise<string | null> => {
    const file = join(folder, corpusFile(name));
    const now = await stampOf(file);
    if (!now) return null;
    const before = known.get(name);
    if (before?.stamp === now.stamp) return before.sha256;
    const sha256 = await fileSha256(file);
    known.set(name, { stamp: now.stamp, sha256 });
    return sha256;
  };
  /** Of an adapter, what its card says of its weights and of how it speaks; of a server's model, what foil.yaml says. */
  const modelHash = async (name: string): Promise<string | null> => {
    const found = await models.card(name);
    if (found) {
      const { base, adapter, template, sampling, system, discriminator } = found.card;
      return digest([base.gguf_sha256, adapter.gguf_sha256, template.sha256, sampling, system, discriminator]);
    }
    const entries = (await models.list()).filter((entry) => entry.name === name);
    if (entries.length === 0) return null;
    return digest([entries.map(({ kind, server }) => [kind, server]), config.models[name] ?? null]);
  };
  const chatbotHash = async (name: string): Promise<string | null> => {
    const configured = await readChatbots(config);
    if (name === 'all') return digest(await Promise.all([...configured.keys()].map(chatbotHash)));
    const own = configured.get(name);
    return own ? digest([own, await modelHash(own.model)]) : await modelHash(name);
  };

  return {
    ...ports,
    runs,
    loops: openLoopStore(join(workspace, 'loops'), onProblem),
    contentHash: async ({ kind, name }) =>
      kind === 'corpus' ? await corpusHash(name) : kind === 'model' ? await modelHash(name) : await chatbotHash(name),
    validation: async (name) => (await models.card(name))?.card.validation ?? null,
    chatbots: (names, signal) => openChatbots(names, config, models, signal),
    turnJournal: (corpus) => openTurnJournal(folder, corpus),
    sessionIds: (corpus) => sessions.ids(corpus),
  };
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
