import { FoilError } from '../errors.ts';
import type { ChatModel, GenerateEvent, Retry, Usage } from '../ports.ts';
import { fitContext, withinWindow } from '../prompt/budget.ts';
import { chatbotMessages, type PromptTurn, simulatorMessages } from '../prompt/messages.ts';
import type { Context } from '../session/schema.ts';

export interface Utterance {
  readonly text: string;
  /** The simulator ends the session with this turn; `text` may then be empty. */
  readonly end: boolean;
  /** Ran into max_tokens. */
  readonly cut: boolean;
  /** The seed that gives this very text again. */
  readonly seed: number;
}

export interface SpeakRequest {
  readonly role: 'user' | 'assistant';
  readonly context: Context;
  readonly contextBudget?: number | undefined;
  /** `context` as fitContext fits it for this model and budget, where that is known already. */
  readonly contextText?: string | undefined;
  /** h_t: what was said so far. */
  readonly turns: readonly PromptTurn[];
  readonly n: number;
  readonly seed: number;
  /** Without it nobody sees a reply before it is whole, and one that broke off is asked for again. */
  readonly onDelta?: (index: number, text: string) => void;
  /** As in GenerateRequest. */
  readonly keepReply?: boolean | undefined;
  /** Told how many of the n are complete. */
  readonly onSaid?: (done: number) => void;
  /** Told how many of the oldest turns did not fit the model's window. */
  readonly onDropped?: (turns: number) => void;
  /** Told of each reply that said nothing, and is asked for again. */
  readonly onEmpty?: () => void;
  readonly onUsage?: ((usage: Usage) => void) | undefined;
  readonly onRetry?: ((retry: Retry) => void) | undefined;
}

/** Tokens that the template and a reply without max_tokens need beside context and history. */
const REPLY_ROOM = 512;

/** An empty reply that does not end the session says nothing: it is asked for again with other seeds, this often. */
const EMPTY_RETRIES = 3;

/**
 * Samples n next turns u_t ~ pi(u_t | h_t, c), or n replies of the chatbot, from one prefix.
 * @throws FoilError `empty-reply` when the model keeps saying nothing: an empty turn must never enter a session.
 */
export async function speak(model: ChatModel, request: SpeakRequest, signal: AbortSignal): Promise<Utterance[]> {
  const system =
    request.role === 'user'
      ? (request.contextText ?? (await fitContext(request.context, model, signal, request.contextBudget)).text)
      : model.system;
  const reply = model.sampling.max_tokens ?? REPLY_ROOM;
  const room =
    model.window === null
      ? null
      : model.window - reply - Math.ceil(new TextEncoder().encode(system ?? '').length / 3) - 32;
  return await withinWindow(request.turns, room, async (turns, dropped) => {
    if (dropped > 0) request.onDropped?.(dropped);
    const messages =
      request.role === 'user' ? simulatorMessages(system ?? '', turns, model.flip) : chatbotMessages(system, turns);
    const said: Utterance[] = [];
    for (let missing = request.n, attempt = 0; missing > 0; attempt += 1) {
      if (attempt > EMPTY_RETRIES) {
        throw new FoilError('empty-reply', `${model.name} answered with nothing ${attempt} times in a row`, {
          remedy: ['try again with another temperature', 'look at the last turns: the model may see no open question'],
        });
      }
      // Choices of the first attempt have seeds seed..seed+n-1; a retry goes on where they ended.
      const seed = request.seed + attempt * request.n;
      const first = said.length;
      const { onUsage, onRetry, keepReply } = request;
      const { sampling } = model;
      const asked = { messages, n: missing, seed, sampling, whole: !request.onDelta, keepReply, onUsage, onRetry };
      for await (const event of model.generate(asked, signal)) take(event, first, seed, said, request);
      missing = request.n - said.length;
      for (let k = 0; k < missing; k += 1) request.onEmpty?.();
    }
    return said;
  });
}

function take(
  event: GenerateEvent,
  first: number,
  seed: number,
  said: Utterance[],
  { onDelta, onSaid }: SpeakRequest,
): void {
  if (event.type === 'delta') {
    onDelta?.(first + event.index, event.text);
    return;
  }
  const text = event.text.trim();
  if (text === '' && !event.end) return;
  said.push({ text, end: event.end, cut: event.cut, seed: seed + event.index });
  onSaid?.(said.length);
}
