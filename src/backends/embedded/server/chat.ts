import type { ChatRequest, EngineMessage } from '../protocol.ts';
import type { AnswerShape, PreparedRequest } from './answer.ts';
import type { Engine } from './engine.ts';
import { HttpError } from './http-error.ts';
import { settingsOf } from './sampling.ts';
import type { ChatTemplate } from './template.ts';

/** @throws HttpError for an unknown model, a contradiction, or a prompt that is too long. */
export function prepareChat(engine: Engine, request: ChatRequest): PreparedRequest {
  const model = engine.model(request.model);
  const open = request.continue_final_message ?? false;
  if (open && request.add_generation_prompt) {
    throw new HttpError(400, 'continue_final_message and add_generation_prompt cannot both be true', {
      param: 'add_generation_prompt',
    });
  }
  const text = open
    ? model.template.renderOpen(request.messages)
    : model.template.render(request.messages, request.add_generation_prompt ?? true);
  const prompt = model.lane.model.tokenize(text);
  const opening = request.keep_reply ? model.lane.model.tokenize(openingOf(model.template, request.messages)) : null;
  const most = request.max_completion_tokens ?? request.max_tokens ?? null;
  const logprobs = request.logprobs ? (request.top_logprobs ?? 0) : null;
  return {
    model,
    generations: [settingsOf(request, model.lane, prompt, most, logprobs, opening)],
    shape: CHAT,
    usage: request.stream_options?.include_usage ?? false,
  };
}

/** What the template writes before a reply; nothing if it does not add it at the end. */
function openingOf(template: ChatTemplate, messages: readonly EngineMessage[]): string {
  const [closed, open] = [false, true].map((generation) => template.render(messages, generation)) as [string, string];
  return open.startsWith(closed) ? open.slice(closed.length) : '';
}

const CHAT: AnswerShape = {
  id: 'chatcmpl',
  whole: 'chat.completion',
  chunk: 'chat.completion.chunk',
  say: (content) => ({ message: { role: 'assistant', content, refusal: null } }),
  first: { delta: { role: 'assistant', content: '' } },
  add: (content) => ({ delta: { content } }),
  last: { delta: {} },
  logprobs(tokens, piece) {
    const entry = ({ token, logprob }: { token: number; logprob: number }): object => {
      const text = piece(token);
      return { token: text, logprob, bytes: [...Buffer.from(text)] };
    };
    const content = tokens.map((each) => ({ ...entry(each), top_logprobs: each.top.map(entry) }));
    return { content, refusal: null };
  },
};
