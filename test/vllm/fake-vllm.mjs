#!/usr/bin/env node
// A stand-in for the program `vllm`, for tests on machines without a GPU. It refuses what vLLM refuses and answers in the
// shapes that vLLM answers in; the facts were read in vllm-project/vllm v0.33.0:
//   flags                  vllm/entrypoints/common/cli_args.py, vllm/engine/arg_utils.py
//   key, guarded routes    vllm/entrypoints/serve/middleware/authenticate.py, register.py
//   models, adapters       vllm/entrypoints/openai/models/serving.py, vllm/entrypoints/serve/lora/api_router.py
//   chat chunks            vllm/entrypoints/openai/chat_completion/{protocol,serving}.py; child seeds v1/engine/parallel_sampling.py
//   completions, logprobs  vllm/entrypoints/openai/completion/serving.py; their limit vllm/sampling_params.py
//   /tokenize, /health     vllm/entrypoints/serve/tokenize/protocol.py, vllm/entrypoints/serve/instrumentator/health.py
//   errors                 vllm/entrypoints/serve/engine/protocol.py
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';

/** Flags of `vllm serve` that are used here: 1 takes a value, 0 none, * any number. */
const FLAGS = {
  ...{ '--served-model-name': 1, '--host': 1, '--port': 1, '--dtype': 1, '--tensor-parallel-size': 1 },
  ...{ '--generation-config': 1, '--chat-template': 1, '--chat-template-content-format': 1, '--max-model-len': 1 },
  ...{
    '--enable-lora': 0,
    '--max-lora-rank': 1,
    '--max-loras': 1,
    '--lora-modules': '*',
    '--enable-prefix-caching': 0,
  },
  ...{ '--max-logprobs': 1, '--gpu-memory-utilization': 1, '--api-key': '*', '--enforce-eager': 0 },
};
const RANKS = ['1', '8', '16', '32', '64', '128', '256', '320', '512'];
const { env } = process;
const args = parse(process.argv.slice(2));

// what ps shows, and what the environment holds, for the test to look at
if (env.FAKE_VLLM_SEEN)
  writeFileSync(env.FAKE_VLLM_SEEN, JSON.stringify({ argv: process.argv.slice(2), env, cwd: process.cwd() }));
console.log('INFO [api_server.py] vLLM API server version 0.33.0');
if (env.FAKE_VLLM_DIES) {
  console.error(`Traceback (most recent call last):\n  File "engine.py"\n${env.FAKE_VLLM_DIES}`);
  process.exit(1);
}
check(
  existsSync(join(args.model, 'config.json')),
  `Invalid repository ID or local directory specified: '${args.model}'.`,
);
check(existsSync(args['--chat-template']), 'the supplied chat template does not exist');

const base = args['--served-model-name'];
const window = Number(args['--max-model-len'] ?? 8192);
const adapters = new Map();
for (const item of args['--lora-modules'] ?? []) {
  // "name=path" has an equals sign and no comma; anything else is JSON
  const { name, path } = item.includes('=') && !item.includes(',') ? named(item) : JSON.parse(item);
  const failure = add(name, path, false);
  check(failure === null, failure?.error.message);
}

const app = new Hono();
app.use(async (c, next) => {
  const guarded = ['/v1', '/v2', '/inference', '/cohere'].some((prefix) => c.req.path.startsWith(prefix));
  if (guarded && env.VLLM_API_KEY && c.req.header('authorization') !== `Bearer ${env.VLLM_API_KEY}`) {
    return c.json({ error: 'Unauthorized' }, 401);
  }
  return await next();
});
app.get('/health', (c) => c.body(null, 200));
app.get('/version', (c) => c.json({ version: '0.33.0' }));
app.get('/v1/models', (c) =>
  c.json({
    object: 'list',
    data: [card(base, args.model, null, window), ...[...adapters].map(([name, path]) => card(name, path, base, null))],
  }),
);
app.post('/v1/load_lora_adapter', async (c) => {
  if (!/^(1|true)$/i.test(env.VLLM_ALLOW_RUNTIME_LORA_UPDATING ?? '')) return c.json({ detail: 'Not Found' }, 404);
  const { lora_name: name, lora_path: path, load_inplace: inplace = false } = await c.req.json();
  const failure = add(name, path, inplace);
  if (failure) return c.json(failure, failure.error.code);
  return c.text(`Success: LoRA adapter '${name}' added successfully.`);
});
app.post('/tokenize', async (c) => {
  const { prompt, model } = await c.req.json();
  const missing = unknownModel(model);
  if (missing) return c.json(missing, 404);
  const tokens = tokensOf(prompt);
  return c.json({ count: tokens.length, max_model_len: window, tokens, token_strs: null });
});
app.post('/v1/completions', async (c) => {
  const { model, prompt, logprobs = null, max_tokens } = await c.req.json();
  const missing = unknownModel(model);
  if (missing) return c.json(missing, 404);
  const most = Number(args['--max-logprobs'] ?? 20);
  if (most !== -1 && (logprobs === -1 || logprobs > most)) {
    const asked = logprobs === -1 ? 49152 : logprobs;
    return c.json(
      error(
        400,
        'BadRequestError',
        `Requested sample logprobs of ${asked}, which is greater than max allowed: ${most}`,
        'logprobs',
      ),
      400,
    );
  }
  check(max_tokens === 1, 'this stand-in writes one token');
  // the labels are the rarer, the longer the prompt: at first among the likeliest, then only in the whole vocabulary
  const rare = prompt.length > 400;
  const all = { '\n': -0.5, ' the': -1.5, ' a': -2, ' I': -3, ' no': -4, ' yes': -4.5, ' so': -5 };
  const labels = { ' real': -6.25, ' fake': -7.5 };
  const ranked = rare ? { ...all, ...labels } : { ' real': -0.25, ' fake': -1.5, ...all };
  // the first logprobs + 1 of them; all for -1
  const top = Object.fromEntries(Object.entries(ranked).slice(0, logprobs === -1 ? undefined : logprobs + 1));
  const [token, logprob] = Object.entries(ranked)[0];
  const shape = { text_offset: [0], token_logprobs: [logprob], tokens: [token], top_logprobs: [top] };
  const choice = {
    index: 0,
    text: token,
    logprobs: logprobs === null ? null : shape,
    finish_reason: 'length',
    stop_reason: null,
  };
  return c.json({
    ...{
      id: 'cmpl-1',
      object: 'text_completion',
      created: 1,
      model,
      service_tier: null,
      system_fingerprint: 'vllm-0.33.0-0',
    },
    ...{
      choices: [{ ...choice, token_ids: null, prompt_logprobs: null, prompt_token_ids: null }],
      kv_transfer_params: null,
    },
    usage: { prompt_tokens: 9, total_tokens: 10, completion_tokens: 1, prompt_tokens_details: null },
  });
});
app.post('/v1/chat/completions', async (c) => {
  const body = await c.req.json();
  const { model, messages, n = 1, seed, max_tokens, stop_token_ids = [] } = body;
  const missing = unknownModel(model);
  if (missing) return c.json(missing, 404);
  check(body.stream === true, 'Foil streams');
  if (env.FAKE_VLLM_ASKED) writeFileSync(env.FAKE_VLLM_ASKED, `${JSON.stringify(body)}\n`, { flag: 'a' });
  // an odd seed ends the session where the model may, which vLLM reports by the token's id, 0 here
  const ends = (index) => stop_token_ids.includes(0) && (seed + index) % 2 === 1;
  const words = (index) => [`${model}`, ' says', ` ${seed + index}`, ` to ${messages.length}`];
  const chunk = (index, delta, finish = null, more = {}) => ({
    ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model },
    choices: [{ index, delta, logprobs: null, finish_reason: finish, ...more }],
  });
  return streamSSE(c, async (out) => {
    const say = (data) => out.writeSSE({ data: JSON.stringify(data) });
    for (let i = 0; i < n; i += 1) await say(chunk(i, { role: 'assistant', content: '' }));
    // choices come interleaved, and not in the order of their index
    for (let at = 0; at < 4; at += 1)
      for (let i = n - 1; i >= 0; i -= 1) await say(chunk(i, { content: words(i)[at] }));
    for (let i = n - 1; i >= 0; i -= 1) {
      const cut = max_tokens !== undefined && max_tokens < 4;
      await say(
        chunk(i, { content: '' }, cut ? 'length' : 'stop', { stop_reason: ends(i) ? 0 : null, token_ids: null }),
      );
    }
    await out.writeSSE({ data: '[DONE]' });
  });
});

setTimeout(
  () => {
    serve({ fetch: app.fetch, hostname: args['--host'], port: Number(args['--port']) }, () =>
      console.log('INFO: Application startup complete.'),
    );
  },
  Number(env.FAKE_VLLM_DELAY ?? 300),
);
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));

function parse([command, ...rest]) {
  check(command === 'serve', 'vllm: choose serve');
  const found = {};
  for (let at = 0; at < rest.length; ) {
    const [flag, inline] = rest[at].startsWith('--') ? rest[at].split(/=(.*)/s) : [null];
    at += 1;
    if (flag === null) {
      check(found.model === undefined, `unrecognized arguments: ${rest[at - 1]}`);
      found.model = rest[at - 1];
      continue;
    }
    const takes = FLAGS[flag];
    check(takes !== undefined, `unrecognized arguments: ${flag}`);
    const values = inline === undefined ? [] : [inline];
    while (
      inline === undefined &&
      takes !== 0 &&
      (takes === '*' || values.length < 1) &&
      at < rest.length &&
      !rest[at].startsWith('--')
    ) {
      values.push(rest[at]);
      at += 1;
    }
    check(takes !== 1 || values.length === 1, `argument ${flag}: expected one argument`);
    found[flag] = takes === '*' ? values : (values[0] ?? true);
  }
  check(['float16', 'bfloat16', 'float32', 'auto'].includes(found['--dtype']), 'argument --dtype: invalid choice');
  check(RANKS.includes(found['--max-lora-rank']), 'argument --max-lora-rank: invalid choice');
  return found;
}

function check(holds, message) {
  if (holds) return;
  console.error(`vllm serve: error: ${message}`);
  process.exit(2);
}

function named(item) {
  const [name, path] = item.split(/=(.*)/s);
  return { name, path };
}

function error(code, type, message, param = null) {
  return { error: { message, type, param, code } };
}

function card(id, root, parent, length) {
  const permission = {
    id: 'modelperm-1',
    object: 'model_permission',
    created: 1,
    allow_sampling: true,
    organization: '*',
    group: null,
    is_blocking: false,
  };
  return {
    id,
    object: 'model',
    created: 1,
    owned_by: 'vllm',
    root,
    parent,
    max_model_len: length,
    permission: [permission],
  };
}

function unknownModel(name) {
  if (!name || name === base || adapters.has(name)) return null;
  return error(404, 'NotFoundError', `The model \`${name}\` does not exist.`, 'model');
}

function add(name, path, inplace) {
  if (name === base)
    return error(400, 'InvalidUserInput', `The lora adapter '${name}' conflicts with a served base model.`);
  if (!inplace && adapters.has(name))
    return error(
      400,
      'InvalidUserInput',
      `The lora adapter '${name}' has already been loaded. If you want to load the adapter in place, set 'load_inplace' to True.`,
    );
  const config = join(path, 'adapter_config.json');
  if (!existsSync(config) || !existsSync(join(path, 'adapter_model.safetensors'))) {
    return error(404, 'NotFoundError', `Loading lora ${name} failed: No adapter found for ${path}`);
  }
  const { r } = JSON.parse(readFileSync(config, 'utf8'));
  if (r > Number(args['--max-lora-rank']))
    return error(
      500,
      'InternalServerError',
      `LoRA rank ${r} is greater than max_lora_rank ${args['--max-lora-rank']}.`,
    );
  adapters.set(name, path);
  return null;
}

function tokensOf(text) {
  const special = { '<|endoftext|>': 0, '<|im_start|>': 1, '<|im_end|>': 2 };
  return text
    .split(/(<\|\w+\|>|\s+)/u)
    .filter((part) => part.trim() !== '')
    .map((part) => special[part] ?? 100 + part.length);
}
