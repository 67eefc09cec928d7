import { type ComposerAction, composerReducer } from '../components/composer.ts';
import { changeOverlay, topOverlay } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { labelKey } from './labelling.ts';
import { refreshPick } from './overlay-commands.ts';
import { turingKey } from './turing.ts';

/** Applies a change to the text field that has the focus: an overlay's, a search's, or the composer. */
export function editText(control: Controller, action: ComposerAction): void {
  const { screen, sessions, runs, loop, evaluate, chat } = control.state;
  const top = topOverlay(control.state);
  if (top?.kind === 'palette') {
    control.set((state) =>
      changeOverlay(state, 'palette', (overlay) => ({
        ...overlay,
        query: composerReducer(overlay.query, action),
        selected: 0,
      })),
    );
  } else if (top?.kind === 'choose') {
    control.set((state) =>
      changeOverlay(state, 'choose', (overlay) => ({
        ...overlay,
        query: composerReducer(overlay.query, action),
        selected: 0,
      })),
    );
  } else if (top?.kind === 'label') {
    labelKey(control, top, action);
  } else if (top?.kind === 'turing') {
    turingKey(control, top, action);
  } else if (top?.kind === 'edit') {
    control.set((state) =>
      changeOverlay(state, 'edit', (overlay) => ({ ...overlay, composer: composerReducer(overlay.composer, action) })),
    );
  } else if (top?.kind === 'context' && top.pick?.searching) {
    const pick = { ...top.pick, search: composerReducer(top.pick.search, action) };
    control.set((state) => changeOverlay(state, 'context', (overlay) => ({ ...overlay, pick })));
    refreshPick(control);
  } else if (!top && screen === 'sessions' && sessions.search) {
    const search = composerReducer(sessions.search, action);
    control.set((state) => ({ ...state, sessions: { ...state.sessions, search } }));
  } else if (!top && screen === 'runs' && runs.prompt) {
    const { prompt } = runs;
    const text = composerReducer(prompt.text, action);
    const filter = prompt.purpose.kind === 'filter' ? { filter: text.text.trim() } : {};
    const next = { ...runs, ...filter, prompt: { ...prompt, text, refused: null } };
    control.set((state) => ({ ...state, runs: next }));
  } else if (!top && screen === 'loop' && loop.prompt) {
    const prompt = { ...loop.prompt, text: composerReducer(loop.prompt.text, action), refused: null };
    control.set((state) => ({ ...state, loop: { ...state.loop, prompt } }));
  } else if (!top && screen === 'evaluate' && evaluate.prompt) {
    const prompt = { ...evaluate.prompt, text: composerReducer(evaluate.prompt.text, action), refused: null };
    control.set((state) => ({ ...state, evaluate: { ...state.evaluate, prompt } }));
  } else if (!top && screen === 'chat' && chat.focus === 'composer') {
    const composer = composerReducer(chat.composer, action);
    control.set((state) => ({ ...state, chat: { ...state.chat, composer } }));
    if (composer.notice) control.tell('warn', composer.notice);
  }
}
