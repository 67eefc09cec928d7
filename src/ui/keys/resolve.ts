import type { KeyFacts } from './facts.ts';
import { isTextPlace, PLACES, type Place, type Scope } from './places.ts';
import { bindingsIn, type Command, KEYS, type Key } from './table.ts';

export type Resolution =
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'refused'; readonly command: Command; readonly reason: string }
  | { readonly kind: 'none' };

const byPlace = new Map<Place, Map<string, Key>>();

function keysOf(place: Place): Map<string, Key> {
  let keys = byPlace.get(place);
  if (!keys) {
    keys = new Map();
    for (const binding of bindingsIn(place)) {
      for (const chord of binding.keys) {
        if (!(isTextPlace(place) && isTyped(chord)) && !keys.has(chord)) keys.set(chord, binding);
      }
    }
    byPlace.set(place, keys);
  }
  return keys;
}

/** Whether a chord types a character, and so is text in a text field. */
function isTyped(chord: string): boolean {
  return chord === 'space' || [...chord].length === 1;
}

/** What a key does in a place. `none` means that it is text there, or nothing. */
export function resolveKey(place: Place, facts: KeyFacts, chord: string): Resolution {
  const binding = keysOf(place).get(chord);
  if (!binding) return { kind: 'none' };
  const reason = binding.disabled?.(facts) ?? null;
  const { command } = binding;
  return reason === null ? { kind: 'command', command } : { kind: 'refused', command, reason };
}

/** The keys of a binding that work in a place, as a person reads them. */
export function shownKeys(binding: Key, place: Place): string[] {
  const keys = keysOf(place);
  return binding.keys.filter((chord) => keys.get(chord) === binding).map(showChord);
}

const NAMES: Record<string, string> = { up: '↑', down: '↓', left: '←', right: '→', pageup: 'PgUp', pagedown: 'PgDn' };

/** `ctrl+p` as `Ctrl+P`; plain letters keep their case, which matters. */
export function showChord(chord: string): string {
  const parts = chord === '+' ? ['+'] : chord.split('+');
  if (parts.length === 1 && chord.length === 1) return chord;
  return parts
    .map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part[0]?.toUpperCase() + part.slice(1)))
    .join('+');
}

export interface FooterItem {
  readonly command: Command;
  readonly sign: string;
  readonly label: string;
}

/** What the footer shows: the keys that work now, most important first. */
export function footerItems(place: Place, facts: KeyFacts): FooterItem[] {
  return bindingsIn(place)
    .filter((binding) => binding.rank !== undefined && (binding.disabled?.(facts) ?? null) === null)
    .filter(({ offered }) => offered?.(facts) ?? true)
    .map((binding) => ({ binding, keys: shownKeys(binding, place) }))
    .filter(({ keys }) => keys.length > 0)
    .toSorted((a, b) => (a.binding.rank ?? 0) - (b.binding.rank ?? 0))
    .map(({ binding, keys }) => ({
      command: binding.command,
      // A sign that is no key here (`?` while typing) gives way to one that is.
      sign:
        binding.sign?.startsWith(keys[0] ?? '') || keys.length === binding.keys.length
          ? (binding.sign ?? keys[0] ?? '')
          : (keys[0] ?? ''),
      label: binding.label,
    }));
}

export interface HelpRow {
  readonly command: Command;
  readonly keys: string;
  readonly label: string;
  readonly help: string;
  /** Why it does nothing now, or null. */
  readonly reason: string | null;
}

const SCOPE_TITLES: Record<Scope, string> = {
  global: 'Everywhere',
  chat: 'Chat',
  composer: 'Your turn',
  transcript: 'Transcript',
  tree: 'Tree of branches',
  sessions: 'Sessions',
  review: 'Review',
  statistics: 'Statistics of the review',
  runs: 'Runs',
  onerun: 'The selected or open run',
  run: 'One run',
  plots: 'Plots',
  log: 'Log',
  field: 'Fields of the form',
  form: 'New run',
  loops: 'Loops',
  grid: 'Grid of stages',
  oneloop: 'One loop',
  loopform: 'New loop',
  evals: 'Evaluations',
  oneeval: 'One evaluation',
  exhibit: 'A table or figure',
  tables: 'Tables of a sitting',
  evalform: 'New evaluation',
  drawform: 'New sitting or sample',
  labelling: 'Labelling by hand',
  guessing: 'Blind Turing mode',
  prompt: 'A line at the foot',
  choose: 'Choosing',
  search: 'Search',
  help: 'Help',
  choice: 'The selected row',
  list: 'Lists',
  ends: 'Ends of lists',
  scroll: 'Text that scrolls',
  alternatives: 'Alternatives',
  context: 'Context',
  models: 'Models',
  edit: 'Editing',
  confirm: 'Question',
  lines: 'Text of several lines',
  text: 'Text',
};

function helpRow(binding: Key, keys: readonly string[], facts: KeyFacts): HelpRow {
  const { command, label, help } = binding;
  return { command, keys: keys.join(' '), label, help, reason: binding.disabled?.(facts) ?? null };
}

/** The help of a place: its keys by scope, innermost first. */
export function helpSections(place: Place, facts: KeyFacts): { title: string; rows: HelpRow[] }[] {
  return PLACES[place]
    .map((scope: Scope) => ({
      title: SCOPE_TITLES[scope],
      rows: bindingsIn(place)
        .filter((binding) => binding.where === scope)
        .map((binding) => helpRow(binding, shownKeys(binding, place), facts))
        .filter((row) => row.keys !== ''),
    }))
    .filter((section) => section.rows.length > 0);
}

/**
 * Commands that the palette offers over a place, whose text holds every word of the query. Those that work come first.
 * Moving within a list or a text is left out: it makes no sense once the palette has closed.
 */
export function paletteItems(query: string, place: Place, facts: KeyFacts): HelpRow[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const screen = PLACES[place].includes('chat' as never) ? 'chat.transcript' : place;
  const bindings = screen === place ? bindingsIn(place) : [...bindingsIn(screen), ...bindingsIn(place)];
  const rows = [...new Map(bindings.map((binding) => [binding.command, binding])).values()]
    .filter(
      (binding) =>
        !/^(text|list|scroll|search|prompt|choose|transcript|grid\.(?:up|down|left|right|page)|app\.palette|app\.back)/.test(
          binding.command,
        ),
    )
    .map((binding) => helpRow(binding, binding.keys.map(showChord), facts))
    .filter((row) => {
      const text = `${row.label} ${row.help} ${row.command}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  return rows.toSorted((a, b) => Number(a.reason !== null) - Number(b.reason !== null));
}

/** docs/keys.md: the whole table. */
export function keysMarkdown(): string {
  const all: readonly Key[] = KEYS;
  const scopes = Object.keys(SCOPE_TITLES) as Scope[];
  const sections = scopes.map((scope) => {
    const rows = all
      .filter((key) => key.where === scope)
      .map(
        (key) =>
          `| ${key.keys.map((chord) => `\`${showChord(chord)}\``).join(' ') || '(palette)'} | ${key.help} | \`${key.command}\` |`,
      );
    return `## ${SCOPE_TITLES[scope]}\n\n| key | what it does | command |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  return `# Keys\n\nMade from \`src/ui/keys/table.ts\` by \`npx vitest run test/ui/keys.test.ts -u\`; a test fails when it is stale. Where you\ntype text, keys that type a character are text: \`F1\` is help there, and \`Ctrl+P\` the palette.\n\n${sections.join('\n')}`;
}
