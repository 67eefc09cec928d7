import { fitContext } from '../../core/prompt/budget.ts';
import { type ContextPart, renderContext } from '../../core/prompt/context.ts';
import type { Context } from '../../core/session/schema.ts';
import { newComposer } from '../components/composer.ts';
import { changeOverlay } from '../state/state.ts';
import type { Controller } from './controller.ts';

/** Opens the context of the session for reading, choosing and writing. */
export function openContext(control: Controller): void {
  const session = control.state.chat.session;
  if (!session) return;
  const overlay = { kind: 'context', draft: session.context, rendered: null, selected: 0, pick: null } as const;
  control.set((state) => ({ ...state, overlays: [...state.overlays, overlay] }));
  measure(control, session.context);
}

/** What of a context fits: with the simulator's tokeniser where it is loaded, by estimate until then. */
function measure(control: Controller, draft: Context): void {
  const show = (rendered: Awaited<ReturnType<typeof fitContext>>) =>
    control.set((state) =>
      changeOverlay(state, 'context', (overlay) => (overlay.draft === draft ? { ...overlay, rendered } : overlay)),
    );
  show({ ...renderContext(draft, { budget: control.bench.contextBudget }), exact: false });
  const { session } = control.state.chat;
  if (!session || control.state.engine.status === 'fetching') return;
  control.guard(async () => {
    const model = await control.bench.ports.models.chatModel(session.roles.simulator, 'simulator', control.signal);
    show(await fitContext(draft, model, control.signal, control.bench.contextBudget));
  });
}

/** Takes a context for the session: it is judged anew from here on. */
export function setContext(control: Controller, draft: Context): void {
  control.set((state) =>
    changeOverlay(state, 'context', (overlay) => ({ ...overlay, draft, rendered: null, pick: null })),
  );
  control.send({ type: 'context', context: draft });
  measure(control, draft);
}

export function pickContext(control: Controller): void {
  const pick = { search: newComposer({ width: 60 }), searching: false, rows: [], selected: 0 };
  control.set((state) => changeOverlay(state, 'context', (overlay) => ({ ...overlay, pick })));
  refreshPick(control);
}

/** Contexts of the corpora that match the search; those with risk language stay out of the list. */
export function refreshPick(control: Controller): void {
  const top = control.state.overlays.at(-1);
  if (top?.kind !== 'context' || !top.pick) return;
  const text = top.pick.search.text.trim();
  control.guard(async () => {
    const query = { hideRisk: true, limit: 500, sort: 'id', ...(text ? { text } : {}) } as const;
    const { rows } = await control.bench.ports.sessions.query(query);
    control.set((state) =>
      changeOverlay(state, 'context', (overlay) =>
        overlay.pick?.search.text.trim() === text
          ? { ...overlay, pick: { ...overlay.pick, rows, selected: 0 } }
          : overlay,
      ),
    );
  });
}

/** A component of a context as text to edit: lists have one item a line, the profile `key: value` lines. */
export function partAsText(context: Context, part: ContextPart): string {
  switch (part) {
    case 'instruction':
      return context.instruction ?? '';
    case 'profile':
      return Object.entries(context.profile)
        .map(([key, value]) => `${key}: ${typeof value === 'object' ? JSON.stringify(value) : value}`)
        .join('\n');
    case 'previous_summaries':
      return context.previous_summaries.join('\n');
    case 'history':
      return context.history.map((turn) => `${turn.role}: ${turn.content.replaceAll('\n', ' ')}`).join('\n');
    default:
      return context[part] ?? '';
  }
}

/** The reverse of partAsText. Lines of a history without `user:` or `assistant:` go on with the message before. */
export function textAsPart(context: Context, part: ContextPart, text: string): Context {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  switch (part) {
    case 'profile':
      return { ...context, profile: Object.fromEntries(lines.map(keyAndValue)) };
    case 'previous_summaries':
      return { ...context, previous_summaries: lines };
    case 'history': {
      const history: Context['history'] = [];
      for (const line of lines) {
        const [, role, content] = /^(user|assistant):\s*(.*)$/u.exec(line) ?? [];
        if (role && content) history.push({ role: role as 'user' | 'assistant', content });
        else {
          const last = history.pop() ?? { role: 'user' as const, content: '' };
          history.push({ ...last, content: [last.content, line].filter(Boolean).join('\n') });
        }
      }
      return { ...context, history };
    }
    default:
      return { ...context, [part]: text.trim() === '' ? null : text.trim() };
  }
}

function keyAndValue(line: string): [string, string] {
  const at = line.indexOf(':');
  return at === -1 ? ['note', line.trim()] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}

/** Written out, not parsed: the first frame needs this file, and must not wait for zod. */
export function blankContext(): Context {
  return {
    instruction: null,
    profile: {},
    long_term: null,
    previous_summaries: [],
    current_summary: null,
    history: [],
  };
}
