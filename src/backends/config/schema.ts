import { z } from 'zod';
import { DEFAULT_CONTEXT_BUDGET } from '../../core/prompt/context.ts';
import { samplingSchema } from '../../core/session/schema.ts';
import { chatbotSchema } from '../../core/workflows/simulate/chatbots.ts';
import { MIN_USER_TURNS } from '../../core/workflows/simulate/diagnostics.ts';

/** The name of Foil's own engine among the servers. */
export const EMBEDDED = 'embedded';
/** The name of the launcher on this machine, which needs no entry. */
export const LOCAL = 'local';

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/u, 'a name has letters, digits, dots, hyphens, underscores and slashes');
const path = z.string().min(1, 'a path must not be empty');

const keyEnv = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]*$/u,
    'must be the name of an environment variable that holds the key, never the key itself',
  );

/** Money for a million tokens, in whatever currency `budget.money` is meant. */
const price = z.strictObject({ input: z.number().min(0), output: z.number().min(0) });

/** Messages never repeat the value: somebody may have put the key itself here, or into the URL. */
export const serverSchema = z.strictObject({
  base_url: z
    .string()
    .refine(isPlainUrl, 'must be an http(s) URL without user name or password, such as http://127.0.0.1:8000/v1'),
  key_env: keyEnv.optional(),
  timeout_s: z.number().positive().max(3600).default(60),
  /** `vllm` servers take top_k, min_p, stop_token_ids, n and /tokenize; to others only OpenAI's own fields are sent. */
  dialect: z.enum(['openai', 'vllm']).default('openai'),
  /** Requests that it gets at once at most (64 if not given); fewer when it refuses some. */
  at_once: z.number().int().min(1).max(4096).optional(),
  /** Of all its models that have no price of their own. */
  price: price.optional(),
});

function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/u.test(url.protocol) && url.username === '' && url.password === '';
}

const common = {
  /** A server of `servers`, with the name that it gives the model. */
  server: name.optional(),
  model: z.string().min(1).optional(),
  /** A LoRA adapter (or its folder) for the embedded engine, instead of `server`. */
  path: path.optional(),
  /**
   * Folder with the model card of an adapter that a server serves: a discriminator's p_0, input and template; a
   * simulator's end token; system text and sampling where this file gives none.
   */
  card: path.optional(),
  licence: z.string().optional(),
};
const chat = {
  ...common,
  system: z.string().nullable().default(null),
  sampling: samplingSchema.default({}),
  /** Tokens that prompt and reply share, where the server does not say. */
  window: z.number().int().positive().optional(),
  price: price.optional(),
};

export const modelKinds = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('simulator'),
    ...chat,
    /** Whether roles are flipped before it is asked; false for a model that writes `user` turns. */
    flip: z.boolean().default(true),
    /** Text with which the model ends a session; it is cut off, and stops it. */
    end: z.string().min(1).optional(),
  }),
  z.strictObject({ kind: z.literal('chatbot'), ...chat }),
  z.strictObject({ kind: z.literal('discriminator'), ...common }),
  /** Annotates user actions and issues. */
  z.strictObject({ kind: z.literal('judge'), ...chat }),
]);

export type ModelConfig = z.output<typeof modelKinds>;

/** A model runs on a server, under the name it has there, or is an adapter for the embedded engine. */
const modelSchema = modelKinds.superRefine((model, check) => {
  const fail = (field: string, message: string) => check.addIssue({ code: 'custom', path: [field], message });
  if (model.path !== undefined) {
    for (const field of ['server', 'model'] as const) {
      if (model[field] !== undefined) fail(field, 'give either "server" and "model", or "path"');
    }
    if (model.card !== undefined) fail('card', 'is for models of a server: the adapter of "path" has its own card');
    return;
  }
  if (model.server === undefined)
    fail('server', 'is missing: give "server" and "model", or "path" for the embedded engine');
  else if (model.model === undefined) fail('model', 'is missing: the name that the server gives the model');
  else if (model.kind === 'discriminator' && model.card === undefined) {
    fail('card', 'is missing: the folder with the card of the discriminator');
  }
});

const pathThere = z.string().regex(/^\/[^\0\n]*$/u, 'must be an absolute path of the machine that runs the job');
/** What Python is called there: a path, or a command of its PATH. */
const pythonThere = z.string().regex(/^[^\s\0-][^\0\n]*$/u, 'must be the path or the command of a Python there');
const there = { python: pythonThere.optional(), base: pathThere.optional() };

/** Where stages run, other than on this machine. `base`: base weights there, a GGUF or a folder in Hugging Face's form. */
export const launcherKinds = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('ssh'),
    /** A name or address, or a `Host` of the user's ssh settings. Nothing that ssh could take for an option. */
    host: z.string().regex(/^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$/u, 'must be a host, without user or port'),
    user: z
      .string()
      .regex(/^[A-Za-z0-9_][A-Za-z0-9_.@$-]*$/u, 'must be a user name')
      .optional(),
    port: z.number().int().min(1).max(65535).optional(),
    /** Private key. With it, no other one is tried. */
    identity: path.optional(),
    /** File with the host's key; without it, the user's own files count. */
    known_hosts: path.regex(/^[^"\n]*$/u, 'must be a path without quotes').optional(),
    /** Folder there that gets a folder for each run. */
    folder: pathThere,
    python: pythonThere,
    base: pathThere.optional(),
    /** One connection for many questions; false where the server allows one session a connection. */
    share: z.boolean().default(true),
  }),
  z.strictObject({
    kind: z.literal('slurm'),
    /** Options of sbatch, each with its value: partition, account, qos, gres, array, nodes ... */
    args: z
      .array(
        z
          .string()
          .regex(/^-{1,2}[A-Za-z][^\0\n]*$/u, 'must be one option of sbatch with its value, such as --partition=gpu'),
      )
      .default([]),
    ...there,
  }),
  z.strictObject({
    kind: z.literal('ray'),
    /** Of the dashboard, which serves Ray Jobs. */
    address: z
      .string()
      .refine(isPlainUrl, 'must be an http(s) URL without user name or password, such as http://127.0.0.1:8265'),
    key_env: keyEnv.optional(),
    /** Custom resources that the job needs besides GPUs and CPUs. */
    resources: z.record(z.string().min(1), z.number().positive()).optional(),
    ...there,
  }),
]);

/** Chatbot configurations by name; the same in foil.yaml and in models/chatbots.yaml. */
export const chatbotsSchema = z.record(name, chatbotSchema).default({});

/** `foil.yaml`. Unknown keys are errors: a misspelt setting that is silently ignored costs a day. */
export const configSchema = z.strictObject({
  servers: z
    .record(name, serverSchema)
    .refine((servers) => !(EMBEDDED in servers), `"${EMBEDDED}" is the name of Foil's own engine: take another`)
    .default({}),
  models: z.record(name, modelSchema).default({}),
  launchers: z
    .record(name, launcherKinds)
    .refine((launchers) => !(LOCAL in launchers), `"${LOCAL}" is this machine, and always there: take another name`)
    .default({}),
  /** Chatbot configurations, beside those that ship with Foil; one with the same name takes its place. */
  chatbots: chatbotsSchema,
  /** Names of models, of this file or shipped with Foil, that a new session starts with. */
  roles: z.strictObject({ simulator: name, chatbot: name, discriminator: name.nullable() }).partial().default({}),
  engine: z
    .strictObject({
      gguf: path,
      threads: z.number().int().min(1).max(512),
      /** False: `simulate` gives the very texts of versions that read every reply again as a prompt, in half more time. */
      keep_replies: z.boolean().default(true),
    })
    .partial({ gguf: true, threads: true })
    .prefault({}),
  /** Tokens of the whole context c (Appendix A). */
  context_budget: z.number().int().min(100).max(1_000_000).default(DEFAULT_CONTEXT_BUDGET),
  /** Candidates sampled at one turn; the paper takes 8. */
  alternatives: z.number().int().min(1).max(64).default(8),
  /** A session of two models is stopped here if the simulator does not end it. */
  max_user_turns: z.number().int().min(1).max(1000).default(16),
  /** One that the simulator ends before so many user turns is counted as ended too early. */
  min_user_turns: z.number().int().min(1).max(1000).default(MIN_USER_TURNS),
  /** What one run of `foil simulate` may take. */
  budget: z
    .strictObject({ tokens: z.number().positive(), money: z.number().positive(), minutes: z.number().positive() })
    .partial()
    .default({}),
});

export type ServerConfig = z.output<typeof serverSchema>;
export type FoilConfig = z.output<typeof configSchema> & {
  /** The file that was read; null if there is none and all values are defaults. */
  readonly file: string | null;
};
