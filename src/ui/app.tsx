import { type ReactNode, useCallback, useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { Footer } from './components/Footer.tsx';
import { Frame } from './components/Frame.tsx';
import { Line } from './components/Line.tsx';
import { TooSmall } from './components/TooSmall.tsx';
import type { Controller } from './control/controller.ts';
import type { Workbench } from './control/workbench.ts';
import { Box, render, useApp, useWindowSize } from './ink.ts';
import { type EarlyInput, useEarlyInput, useKeys } from './keys/useKeys.ts';
import { layout, type Rect, type Regions } from './layout.ts';
import { Chat } from './screens/Chat.tsx';
import { Status, statusRows } from './screens/Status.tsx';
import { Title } from './screens/Title.tsx';
import { factsOf, placeOf } from './state/keys.ts';
import { type AppState, initialState, topOverlay } from './state/state.ts';
import { makeTheme, ThemeContext, wantsColor } from './theme.ts';

/** What the first frame does not show, in a chunk of its own. */
type More = Pick<typeof import('./more.tsx'), 'screen' | 'onTop'>;
let loaded: More | null = null;

/** Loads the rest of the screens, once, behind the first frame; null until it is there. */
function useMore(onFailure: (error: unknown) => void): More | null {
  const [more, setMore] = useState(loaded);
  useEffect(() => {
    if (loaded) return;
    import('./more.tsx').then(({ screen, onTop }) => {
      loaded = { screen, onTop };
      setMore(loaded);
    }, onFailure);
  }, [onFailure]);
  return more;
}

/** The whole screen, exactly as large as the terminal: title, a screen or what lies on it, footer. */
export function App({ control, early }: { control: Controller; early?: EarlyInput }) {
  const state = useStore(control.store);
  const { columns, rows } = useWindowSize();
  const app = useApp();
  useEffect(() => control.resize(columns, rows), [control, columns, rows]);
  useEffect(() => {
    control.quit = () => app.exit();
    control.withTerminal = async (work) => {
      await using _ = await app.suspendTerminal();
      return await work();
    };
  }, [control, app]);
  useKeys(
    {
      read: () => ({ place: placeOf(control.state), facts: factsOf(control.state) }),
      onCommand: (command) => control.command(command),
      onEdit: (action) => control.edit(action),
      onRefused: (reason) => control.refuse(reason),
    },
    early,
  );
  const more = useMore(useCallback((error) => control.fail(error), [control]));
  return <Surface state={state} more={more} workspace={control.bench.workspace} columns={columns} rows={rows} />;
}

interface OpeningProps extends Pick<Workbench, 'workspace' | 'seats'> {
  /** Null until they are known. */
  readonly roles: Workbench['roles'] | null;
  readonly early: EarlyInput;
}

/** What is shown before there is anything to work on: the Chat screen, still empty. */
function Opening({ workspace, seats, roles, early }: OpeningProps) {
  const { columns, rows } = useWindowSize();
  const app = useApp();
  useEarlyInput(early, () => app.exit());
  const state = initialState({ columns, rows }, seats, roles);
  return <Surface state={state} more={null} workspace={workspace} columns={columns} rows={rows} />;
}

interface SurfaceProps {
  readonly state: AppState;
  readonly more: More | null;
  readonly workspace: string;
  readonly columns: number;
  readonly rows: number;
}

function Surface({ state, more, workspace, columns, rows }: SurfaceProps) {
  const regions = layout(columns, rows, state.chat.composer.rows.length, statusRows(state, columns));
  if (regions.kind === 'small') return <TooSmall layout={regions} />;
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Title state={state} workspace={workspace} width={columns} />
      <Body state={state} more={more} regions={regions} />
      <Footer place={placeOf(state)} facts={factsOf(state)} width={columns} />
    </Box>
  );
}

/** A screen, or what lies on it with the status line below. */
function Body({ state, more, regions }: { state: AppState; more: More | null; regions: Regions }) {
  const top = topOverlay(state);
  if (!top && state.screen === 'chat') return <Chat state={state} regions={regions} />;
  if (!top && more) return more.screen(state, regions);
  const rect = regions.overlay;
  return (
    <Box flexDirection="column" width={rect.width} height={regions.body.height}>
      {top && more ? more.onTop(state, top, rect) : <Coming title={top ? '' : TITLES[state.screen]} rect={rect} />}
      <Status state={state} width={rect.width} height={regions.status.height} />
    </Box>
  );
}

const TITLES = {
  chat: 'Chat',
  sessions: 'Sessions',
  review: 'Review',
  runs: 'Runs',
  evaluate: 'Evaluate',
  loop: 'Loop',
} as const;

function Coming({ title, rect }: { title: string; rect: Rect }) {
  return (
    <Frame title={title} focused width={rect.width} height={rect.height}>
      <Line segments={[{ text: ' opening…', tone: 'dim' }]} width={rect.width - 2} />
    </Frame>
  );
}

/**
 * Opens the screens and resolves when the researcher leaves, or when `signal` says to. The first frame waits for nothing:
 * `open` reads what there is behind it, and says which models will be used as soon as it knows. Rejects with what made that fail, or with what broke the rendering.
 */
export async function runApp(
  first: Pick<Workbench, 'workspace' | 'seats'>,
  open: (onRoles: (roles: Workbench['roles']) => void) => Promise<Workbench>,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<void> {
  const early: EarlyInput = [];
  const theme = makeTheme(wantsColor(env));
  const themed = (screen: ReactNode) => <ThemeContext value={theme}>{screen}</ThemeContext>;
  const opening = (roles: Workbench['roles'] | null) => themed(<Opening {...first} roles={roles} early={early} />);
  // Keys typed before this are echoed and move the cursor, and the other screen is entered with the cursor where it is:
  // the first row would begin behind them.
  const { stdin } = process;
  if (stdin.isTTY) {
    stdin.setRawMode(true);
    process.stdout.write('\r');
  }
  const instance = render(opening(null), {
    exitOnCtrlC: false,
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: 120,
    kittyKeyboard: { mode: 'auto' },
  });
  const left = instance.waitUntilExit();
  const leave = () => instance.unmount();
  signal.addEventListener('abort', leave, { once: true });
  let control: Controller | null = null;
  try {
    const bench = await Promise.race([open((roles) => instance.rerender(opening(roles))), left.then(() => null)]);
    if (bench === null) return;
    // with it come the workflows and the schemas, which the first frame does not need
    const { Controller } = await import('./control/controller.ts');
    control = new Controller(bench, { columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 });
    const opened = control;
    await new Promise<void>((done) => opened.guard(() => opened.start().finally(done)));
    // only now can a key that was typed early find its session
    instance.rerender(themed(<App control={opened} early={early} />));
    await left;
  } finally {
    signal.removeEventListener('abort', leave);
    leave();
    if (stdin.isTTY) stdin.setRawMode(false);
    await control?.stop();
  }
}
