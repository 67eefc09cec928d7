import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { FoilConfig } from '../config/schema.ts';
import { fileSha256 } from '../embedded/sha256.ts';
import { stampOf } from '../store/live.ts';
import { corpusFile } from '../store/sync.ts';
import type { Registry } from './registry.ts';

/** What corpora and models are now, as hashes; null for what is not there. */
export interface ContentHashes {
  /** sha256 of the file of a corpus; read again only when it has changed. */
  corpus(name: string): Promise<string | null>;
  /** Of an adapter, what its card says of its weights and of how it speaks; of a server's model, what foil.yaml says. */
  model(name: string): Promise<string | null>;
}

/** @param sessions folder of the corpora. */
export function contentHashes(sessions: string, models: Registry, config: FoilConfig): ContentHashes {
  const known = new Map<string, { stamp: string; sha256: string }>();
  return {
    async corpus(name) {
      const file = join(sessions, corpusFile(name));
      const now = await stampOf(file);
      if (!now) return null;
      const before = known.get(name);
      if (before?.stamp === now.stamp) return before.sha256;
      const sha256 = await fileSha256(file);
      known.set(name, { stamp: now.stamp, sha256 });
      return sha256;
    },
    async model(name) {
      const found = await models.card(name);
      if (found) {
        const { base, adapter, template, sampling, system, discriminator } = found.card;
        return digest([base.gguf_sha256, adapter.gguf_sha256, template.sha256, sampling, system, discriminator]);
      }
      const entries = (await models.list()).filter((entry) => entry.name === name);
      if (entries.length === 0) return null;
      return digest([entries.map(({ kind, server }) => [kind, server]), config.models[name] ?? null]);
    },
  };
}

/** sha256 of a value as JSON. */
export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
