import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig } from '../../src/backends/config/load.ts';
import type { FoilConfig } from '../../src/backends/config/schema.ts';
import type { EngineSource, RunningEngine } from '../../src/backends/registry/engine-source.ts';
import { Registry, type RegistryOptions } from '../../src/backends/registry/registry.ts';
import { endpointOf } from '../openai/server.ts';

const TEMPLATE = "{%- for m in messages -%}{{- m['role'] + ': ' + m['content'] + '<|im_end|>\\n' -}}{%- endfor -%}";

/** A valid card; `change` replaces whole sections. */
export function cardOf(name: string, kind: string, change: object = {}): Record<string, unknown> {
  return {
    schema: 1,
    name,
    kind,
    base: { name: 'tiny', gguf_sha256: 'a'.repeat(64) },
    adapter: { rank: 4, alpha: 8, gguf_sha256: 'b'.repeat(64) },
    template: { file: 'template.jinja', sha256: createHash('sha256').update(TEMPLATE).digest('hex') },
    stop: { turn: '<|im_end|>', session: '<|endoftext|>' },
    licence: 'CC0-1.0',
    ...{ data: 'written for this test', recipe: {}, validation: {}, search: [] },
    ...(kind === 'discriminator'
      ? {
          discriminator: {
            ...{ input: 'user-turns', context: false, head: 'lm', logit_p0: 0.5 },
            labels: { real: ' real', simulated: ' fake' },
          },
        }
      : {}),
    ...change,
  };
}

/** An adapter folder as the export writes it; the card may be text that is no card. Returns the folder. */
export async function writeAdapter(parent: string, folder: string, card: string | object): Promise<string> {
  const dir = join(parent, folder);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'card.json'), typeof card === 'string' ? card : JSON.stringify(card));
  await writeFile(join(dir, 'template.jinja'), TEMPLATE);
  await writeFile(join(dir, 'adapter.gguf'), 'GGUF');
  return dir;
}

/** An engine that starts at once, remembers what was loaded, and can be made to die. */
export class FakeEngine implements EngineSource {
  readonly loaded: string[][] = [];
  starts = 0;
  closes = 0;
  die: () => void = () => undefined;
  /** What `connect` waits for. */
  ready: (signal: AbortSignal) => Promise<void> = async () => undefined;
  /** Where the next one that is started answers. */
  base: string;

  constructor(base: string) {
    this.base = base;
  }

  async place(): Promise<string> {
    return 'embedded';
  }

  async connect(signal: AbortSignal): Promise<RunningEngine> {
    this.starts += 1;
    await this.ready(signal);
    const closed = new Promise<void>((resolve) => {
      this.die = resolve;
    });
    return {
      endpoint: endpointOf(this.base, { server: 'the embedded engine', dialect: 'vllm', own: true }),
      base: 'tiny',
      version: '9.9',
      scorer: 'embedded 9.9 f16',
      window: 2048,
      closed,
      load: async (name, dir) => void this.loaded.push([name, dir]),
      close: async () => {
        this.closes += 1;
      },
    };
  }
}

/** A registry over folders and a foil.yaml, with an engine at `base`. */
export function registryOf(
  options: { yaml?: string; cwd?: string; modelDirs?: string[]; base?: string; engine?: EngineSource } = {},
  env: RegistryOptions['env'] = {},
): Registry {
  const config: FoilConfig = parseConfig(options.yaml ?? '', join(options.cwd ?? '/w', 'foil.yaml'));
  const engine = options.engine ?? new FakeEngine(options.base ?? 'http://127.0.0.1:9/v1');
  return new Registry({ config, modelDirs: options.modelDirs ?? [], engine, env });
}
