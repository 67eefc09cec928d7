import { pathTo } from '../../core/session/tree.ts';
import { composerReducer, newComposer } from '../components/composer.ts';
import { moveTranscript } from '../components/transcript.ts';
import type { Command } from '../keys/table.ts';
import { layout } from '../layout.ts';
import { statusRows } from '../screens/Status.tsx';
import type { AppState } from '../state/state.ts';
import { transcriptItems, treeRows } from '../state/view.ts';
import { openContext } from './context-overlay.ts';
import type { Controller } from './controller.ts';
import { moveIn } from './lists.ts';
import { transcriptCache } from './transcript-cache.ts';
import { openWhy } from './why.ts';

/** Commands of the Chat screen. @returns false if the command is not one of them. */
export function chatCommand(control: Controller, command: Command): boolean {
  if (command.startsWith('transcript.')) return scroll(control, command);
  if (command.startsWith('turn.')) return turnCommand(control, command);
  if (control.state.chat.focus === 'tree' && treeCommand(control, command)) return true;
  switch (command) {
    case 'composer.send':
      sendText(control);
      return true;
    case 'composer.editor':
      control.guard(async () => {
        const text = await control.withTerminal(() => control.bench.editText(control.state.chat.composer.text));
        if (text !== null) control.edit({ type: 'set', text });
      });
      return true;
    case 'chat.focusNext':
      cycleFocus(control, 1);
      return true;
    case 'chat.focusPrevious':
      cycleFocus(control, -1);
      return true;
    case 'chat.step':
      control.send({ type: 'step' });
      return true;
    case 'chat.run':
      control.send({ type: control.state.chat.running ? 'pause' : 'run' });
      return true;
    case 'chat.stop':
      control.send({ type: 'stop' });
      return true;
    case 'chat.retry':
      control.send({ type: 'retry' });
      return true;
    case 'chat.seats':
      control.set((state) => ({ ...state, overlays: [...state.overlays, { kind: 'seats', selected: 0 }] }));
      return true;
    case 'chat.models':
      control.set((state) => ({
        ...state,
        overlays: [...state.overlays, { kind: 'models', role: 'simulator', selected: 0 }],
      }));
      control.guard(async () => {
        const models = await control.bench.ports.models.list();
        control.set((state) => ({ ...state, models }));
      });
      return true;
    case 'chat.context':
      openContext(control);
      return true;
    case 'chat.new':
      control.guard(() => control.newSession());
      return true;
    case 'chat.scores':
      change(control, { showScores: !control.state.chat.showScores });
      return true;
    case 'chat.tree':
      toggleTree(control);
      return true;
    case 'chat.dump':
      dump(control);
      return true;
    default:
      return false;
  }
}

function change(control: Controller, next: Partial<AppState['chat']>): void {
  control.set((state) => ({ ...state, chat: { ...state.chat, ...next } }));
}

function sendText(control: Controller): void {
  const { composer } = control.state.chat;
  if (composer.text.trim() === '') {
    control.tell('warn', 'write something first; an empty message is no turn');
    return;
  }
  control.send({ type: 'say', text: composer.text });
  change(control, {
    composer: composerReducer(composer, { type: 'sent' }),
    transcript: { anchor: null, selected: null },
  });
}

function cycleFocus(control: Controller, step: 1 | -1): void {
  const { focus, showTree } = control.state.chat;
  const panes = showTree ? (['composer', 'transcript', 'tree'] as const) : (['composer', 'transcript'] as const);
  const places: readonly string[] = panes;
  const next = panes.at((places.indexOf(focus) + step) % panes.length) ?? 'composer';
  focusOn(control, next);
}

function focusOn(control: Controller, focus: AppState['chat']['focus']): void {
  change(control, { focus });
  // The keys of the transcript are about a turn: begin with the newest user turn.
  if (focus === 'transcript' && control.state.chat.transcript.selected === null) {
    const session = control.state.chat.session;
    const last = session ? pathTo(session).findLast((node) => node.role === 'user') : undefined;
    if (last) change(control, { transcript: { ...control.state.chat.transcript, selected: String(last.id) } });
  }
}

function scroll(control: Controller, command: Command): boolean {
  const { size, chat } = control.state;
  const regions = layout(size.columns, size.rows, chat.composer.rows.length, statusRows(control.state, size.columns));
  if (regions.kind === 'small') return true;
  const view = {
    width: regions.transcript.width - 2,
    height: regions.transcript.height - 2,
    cache: transcriptCache,
  };
  const move = command.slice('transcript.'.length) as Parameters<typeof moveTranscript>[3];
  change(control, { transcript: moveTranscript(transcriptItems(control.state), chat.transcript, view, move) });
  return true;
}

function turnCommand(control: Controller, command: Command): boolean {
  const { session, transcript } = control.state.chat;
  const node = transcript.selected === null ? undefined : session?.nodes[Number(transcript.selected)];
  if (!session || !node) return true;
  switch (command) {
    case 'turn.alternatives':
      openAlternatives(control, node.id, true);
      return true;
    case 'turn.why':
      openWhy(control, node.id);
      return true;
    case 'turn.pair':
      openAlternatives(control, node.id, false);
      return true;
    case 'turn.branch':
      control.send({ type: 'goto', node: node.id, exact: true });
      control.tell('dim', 'the next turn begins a branch here (n steps, or write it)');
      return true;
    case 'turn.edit': {
      const composer = newComposer({ width: control.state.size.columns - 12, text: node.content });
      const title = `Edit ${node.role === 'user' ? 'the user turn' : 'the chatbot turn'} in a new branch`;
      control.set((state) => ({
        ...state,
        overlays: [...state.overlays, { kind: 'edit', title, composer, purpose: { kind: 'turn', node: node.id } }],
      }));
      return true;
    }
    default:
      return false;
  }
}

/** The alternatives of a user turn: sampled now, or the siblings that the tree has already. */
function openAlternatives(control: Controller, id: number, sample: boolean): void {
  const { session } = control.state.chat;
  const node = session?.nodes[id];
  if (!session || !node) return;
  const name = session.roles.discriminator;
  const before = pathTo(session, node.parent).findLast((other) => name !== null && other.scores[name]);
  const own = name === null ? undefined : node.scores[name];
  const previousZ = before && name !== null ? (before.scores[name]?.z ?? null) : (own?.logit_p0 ?? null);
  const siblings = sample
    ? []
    : [node, ...session.nodes.filter((other) => other.parent === node.parent && other.id !== id && !other.partial)];
  const candidates = siblings.map((sibling, index) => {
    const z = name === null ? null : (sibling.scores[name]?.z ?? null);
    const r = z === null || previousZ === null ? null : z - previousZ;
    return { index, text: sibling.content, end: sibling.end === true, by: sibling.by, z, r };
  });
  control.set((state) => ({
    ...state,
    overlays: [
      ...state.overlays,
      { kind: 'alternatives', node: id, candidates, previousZ, done: !sample, selected: 0, marks: [] },
    ],
  }));
  if (sample) control.send({ type: 'alternatives', node: id });
}

function toggleTree(control: Controller): void {
  const { showTree, session, focus } = control.state.chat;
  change(control, {
    showTree: !showTree,
    treeSelected: session?.head ?? null,
    focus: showTree ? (focus === 'tree' ? 'transcript' : focus) : 'tree',
  });
}

function treeCommand(control: Controller, command: Command): boolean {
  const { session, treeSelected } = control.state.chat;
  if (!session) return false;
  const rows = treeRows(session);
  const at = Math.max(
    0,
    rows.findIndex((row) => row.node === treeSelected),
  );
  const moved = moveIn(command, at, rows.length, control.state.size.rows - 8);
  if (moved !== null) {
    change(control, { treeSelected: rows[moved]?.node ?? null });
    return true;
  }
  const node = treeSelected === null ? undefined : session.nodes[treeSelected];
  switch (command) {
    case 'list.choose':
      if (node) control.send({ type: 'goto', node: node.id });
      return true;
    case 'tree.parent':
      if (node && node.parent !== null) change(control, { treeSelected: node.parent });
      return true;
    case 'tree.child': {
      const child = session.nodes.find((other) => other.parent === treeSelected);
      if (child) change(control, { treeSelected: child.id });
      return true;
    }
    default:
      return false;
  }
}

function dump(control: Controller): void {
  const { session } = control.state.chat;
  if (!session) return;
  const text = transcriptItems(control.state)
    .map((item) => `${item.name}  ${item.text}${item.footerRight ? `\n      ${item.footerRight.text}` : ''}`)
    .join('\n\n');
  control.guard(async () =>
    control.tell('ok', `transcript written to ${await control.bench.dump(session.id, `${text}\n`)}`),
  );
}
