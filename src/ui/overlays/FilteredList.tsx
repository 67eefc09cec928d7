import { Composer } from '../components/Composer.tsx';
import type { ComposerState } from '../components/composer.ts';
import { Frame } from '../components/Frame.tsx';
import { List, type ListRow } from '../components/List.tsx';
import type { Rect } from '../layout.ts';

interface Props {
  readonly title: string;
  readonly note?: string;
  readonly rect: Rect;
  readonly query: ComposerState;
  /** Whether what is typed goes into the query. */
  readonly typing?: boolean;
  readonly prompt: string;
  readonly placeholder: string;
  readonly rows: readonly ListRow[];
  readonly selected: number;
  readonly empty: string;
}

/** A line to type in, and below it what it leaves of a list. */
export function FilteredList({ title, note = '', rect, typing = true, ...parts }: Props) {
  const { query, prompt, placeholder, rows, selected, empty } = parts;
  const width = rect.width - 2;
  return (
    <Frame title={title} note={note} focused width={rect.width} height={rect.height}>
      <Composer
        state={query}
        x={rect.x + 1}
        y={rect.y + 1}
        width={width}
        height={1}
        focused={typing}
        prompt={prompt}
        placeholder={placeholder}
      />
      <List rows={rows} selected={selected} width={width} height={rect.height - 3} empty={empty} />
    </Frame>
  );
}
