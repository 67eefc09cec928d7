import { useState } from 'react';
import { afterEach, describe, expect, test } from 'vitest';
import { batch } from '../../src/ui/batch.ts';
import { Composer } from '../../src/ui/components/Composer.tsx';
import { type ComposerState, composerReducer, newComposer } from '../../src/ui/components/composer.ts';
import { Footer } from '../../src/ui/components/Footer.tsx';
import { Frame, frameTop } from '../../src/ui/components/Frame.tsx';
import { cutSegments, Line } from '../../src/ui/components/Line.tsx';
import { List } from '../../src/ui/components/List.tsx';
import { Plot } from '../../src/ui/components/Plot.tsx';
import { plotRows } from '../../src/ui/components/plot.ts';
import { SmallTable, Table } from '../../src/ui/components/Table.tsx';
import { TooSmall } from '../../src/ui/components/TooSmall.tsx';
import { Transcript } from '../../src/ui/components/Transcript.tsx';
import { makeTranscriptCache, START_TRANSCRIPT } from '../../src/ui/components/transcript.ts';
import { Box } from '../../src/ui/ink.ts';
import { NO_FACTS } from '../../src/ui/keys/facts.ts';
import { type KeyHandlers, useKeys } from '../../src/ui/keys/useKeys.ts';
import { layout, MIN_COLUMNS, MIN_ROWS, type Rect, type Regions } from '../../src/ui/layout.ts';
import { makeTheme, wantsColor } from '../../src/ui/theme.ts';
import { closeScreens, renderScreen } from './terminal.ts';

afterEach(closeScreens);

describe('layout', () => {
  const cells = (...rects: Rect[]) => rects.reduce((sum, rect) => sum + rect.width * rect.height, 0);

  test('tiles every size from the smallest to 200x60 and never exceeds it', () => {
    for (let columns = MIN_COLUMNS; columns <= 200; columns += 7) {
      for (let rows = MIN_ROWS; rows <= 60; rows += 3) {
        for (const composerRows of [1, 4, 100]) {
          const found = layout(columns, rows, composerRows) as Regions;
          expect(
            cells(found.title, found.transcript, found.discriminator, found.status, found.composer, found.footer),
          ).toBe(columns * rows);
          expect(cells(found.title, found.body, found.footer)).toBe(columns * rows);
          expect(found.transcript.width).toBeGreaterThanOrEqual(50);
          expect(found.transcript.height).toBeGreaterThanOrEqual(4);
          const { overlay } = found;
          expect(overlay.x + overlay.width).toBeLessThanOrEqual(columns);
          expect(overlay.y + overlay.height).toBeLessThanOrEqual(rows);
        }
      }
    }
  });

  test('puts the discriminator beside the transcript at 80x24, below it where that is too narrow', () => {
    expect(layout(80, 24)).toMatchObject({ side: 'right', transcript: { width: 52 }, discriminator: { width: 28 } });
    expect(layout(70, 24)).toMatchObject({ side: 'below', transcript: { width: 70 } });
  });

  test('says what is needed where nothing fits', async () => {
    const small = layout(50, 10);
    expect(small).toEqual({ kind: 'small', columns: 50, rows: 10, need: { columns: 60, rows: 16 } });
    if (small.kind !== 'small') throw new Error('unreachable');
    const screen = await renderScreen(<TooSmall layout={small} />, { columns: 50, rows: 10 });
    expect(screen.text().replaceAll('\n', ' ')).toContain('50x10; Foil needs 60x16');
  });
});

describe('keyboard to screen', () => {
  function Typing({ log, width = 20 }: { log: string[]; width?: number }) {
    const [state, setState] = useState<ComposerState>(() => newComposer({ width: width - 2 }));
    const handlers: KeyHandlers = {
      read: () => ({ place: 'chat.composer', facts: NO_FACTS }),
      onCommand: (command) => log.push(command),
      onEdit: (action) => setState((before) => composerReducer(before, action)),
      onRefused: (reason) => log.push(reason),
    };
    useKeys(handlers);
    return (
      <Box flexDirection="column">
        <Line segments={[{ text: 'above' }]} width={width} />
        <Composer state={state} x={0} y={1} width={width} height={3} focused placeholder="your reply" />
      </Box>
    );
  }

  test('function keys, which useInput does not tell apart, Enter after text, and Alt+Enter', async () => {
    const log: string[] = [];
    const screen = await renderScreen(<Typing log={log} />);
    expect(screen.line(1)).toBe('> your reply');
    await screen.send('\x1bOQ');
    await screen.send('\x1b[13~');
    await screen.send('\x1bOP');
    await screen.send('hi\r');
    expect(log).toEqual(['app.chat', 'app.sessions', 'app.help', 'composer.send']);
    await screen.send('\x1b\r');
    await screen.type('you');
    expect(screen.text()).toContain('> hi\n  you');
    await screen.send('\x1b');
    await screen.waitFor(() => log.includes('app.back'));
  });

  test('the real cursor stands where the next character goes, wide characters counted', async () => {
    const screen = await renderScreen(<Typing log={[]} />);
    expect(screen.cursor()).toEqual({ x: 2, y: 1 });
    await screen.send('日本a');
    expect(screen.line(1)).toBe('> 日本a');
    expect(screen.cursor()).toEqual({ x: 7, y: 1 });
    await screen.send('\x1b[D\x1b[D');
    expect(screen.cursor()).toEqual({ x: 4, y: 1 });
    await screen.send('\x05 and more text that wraps');
    expect(screen.line(2)).toBe('  text that wraps');
    expect(screen.cursor()).toEqual({ x: 17, y: 2 });
  });

  test('a bracketed paste of several lines sends nothing and shows as lines; the cursor stays in view', async () => {
    const log: string[] = [];
    const screen = await renderScreen(<Typing log={log} />);
    await screen.paste('one\r\ntwo\rthree\nfour\x1b[31m\r');
    expect(log).toEqual([]);
    expect(screen.text()).toMatch(/ {2}three\n {2}four\[31m\n/);
    expect(screen.cursor()).toEqual({ x: 2, y: 3 });
  });
});

describe('widgets', () => {
  test('Frame: title in the border, note at the right, focus without colour, exact size', async () => {
    const screen = await renderScreen(
      <Box>
        <Frame title="Chat" note="1-3 of 9" focused={false} width={24} height={4}>
          <Line segments={[{ text: 'inside and much too long for it' }]} width={22} />
        </Frame>
        <Frame title={'A \x1b[31mvery long title indeed'} note="9" focused width={16} height={3} />
      </Box>,
    );
    expect(screen.text().trimEnd().split('\n')).toEqual([
      '┌ Chat ────── 1-3 of 9 ┐╔ A ␛[31mvery …╗',
      '│inside and much too l…│║              ║',
      '│                      │╚══════════════╝',
      '└──────────────────────┘',
    ]);
  });

  test('Frame: a long title leaves its note room where there is some', () => {
    const top = frameTop('Real or simulated: a person and the discriminators', 'columns 1-2 of 6', true, 50);
    expect(top).toBe('╔ Real or simulated: a person an…═ columns 1-2 o…╗');
    expect([...top]).toHaveLength(50);
  });

  test('Line: model text cannot leave its row, move the cursor or colour what follows', async () => {
    const screen = await renderScreen(
      <Box flexDirection="column">
        <Line segments={[{ text: 'a\x1b[2J\x1b[H\nb\r\x1b]0;x\x07' }, { text: '|' }]} width={40} />
        <Line segments={[{ text: 'next' }]} width={40} />
      </Box>,
    );
    expect(screen.line(0)).toBe('a␛[2J␛[H b␍␛]0;x␇|');
    expect(screen.line(1)).toBe('next');
    expect(screen.raw()).not.toContain('\x1b]0;');
  });

  test('List: the selected row is marked and in view; an empty one says so', async () => {
    const rows = Array.from({ length: 1000 }, (_, index) => ({
      key: `${index}`,
      segments: [{ text: `row ${index}` }],
    }));
    const screen = await renderScreen(<List rows={rows} selected={500} width={20} height={5} empty="none" />);
    expect(screen.text().trimEnd().split('\n')).toEqual([' row 498', ' row 499', '▌row 500', ' row 501', ' row 502']);
    await screen.rerender(<List rows={rows} selected={999} width={20} height={5} empty="none" />);
    expect(screen.line(4)).toBe('▌row 999');
    await screen.rerender(<List rows={[]} selected={-1} width={20} height={5} empty="no session yet" />);
    expect(screen.text().trim()).toBe('no session yet');
  });

  test('Table: columns stand under their titles, CJK too', async () => {
    const columns = [
      { title: 't', width: 3, align: 'right' as const },
      { title: 'text' },
      { title: 'r', width: 6, align: 'right' as const },
    ];
    const rows = [
      { key: '1', cells: ['1', '日本語の長いテキスト', { text: '+0.52', tone: 'real' as const }] },
      { key: '2', cells: ['12', 'plain', '-1.41'] },
    ];
    const screen = await renderScreen(
      <Table columns={columns} rows={rows} selected={1} width={26} height={4} empty="" />,
    );
    expect(screen.text().trimEnd().split('\n')).toEqual([
      '   t text                r',
      '   1 日本語の長い…   +0.52',
      '▌ 12 plain           -1.41',
    ]);
  });

  test('SmallTable: nothing when empty', async () => {
    const screen = await renderScreen(<SmallTable rows={[{ part: 'profile', tokens: '120' }]} />);
    expect(screen.text()).toContain('│ profile │ 120');
    await screen.rerender(<SmallTable rows={[]} />);
    expect(screen.text().trim()).toBe('');
  });

  test('Footer: fills the width with what works now, and always help and commands', async () => {
    const screen = await renderScreen(
      <Footer place="chat.transcript" facts={{ ...NO_FACTS, selected: 'user' }} width={60} />,
      { columns: 60 },
    );
    expect(screen.line(0)).toMatch(/^ a 8 alternatives {2}b branch {2}e edit .*\? help {2}: commands$/);
    await screen.rerender(<Footer place="chat.transcript" facts={NO_FACTS} width={60} />);
    expect(screen.line(0)).not.toContain('alternatives');
  });

  test('Transcript: only visible rows are mounted, streaming repaints little', async () => {
    const cache = makeTranscriptCache();
    const items = Array.from({ length: 5_000 }, (_, index) => ({
      id: `${index}`,
      role: 'user' as const,
      tone: 'user' as const,
      name: 'sim',
      text: `turn ${index}`,
    }));
    const view = (text: string) => (
      <Transcript
        items={[...items, { id: 'live', role: 'user', tone: 'user', name: 'sim', text, live: true }]}
        state={START_TRANSCRIPT}
        width={80}
        height={24}
        cache={cache}
      />
    );
    const screen = await renderScreen(view('a'));
    expect(screen.line(19)).toBe(' sim  turn 4999');
    const before = screen.bytes();
    await screen.rerender(view('a reply'));
    expect(screen.line(20)).toBe(' sim  a reply▍');
    expect(screen.bytes() - before).toBeLessThan(200);
  });

  test('NO_COLOR leaves no colour and keeps what bold and inverse say', () => {
    expect(wantsColor({ NO_COLOR: '1' })).toBe(false);
    expect(wantsColor({ NO_COLOR: '' })).toBe(true);
    expect(makeTheme(false).style('error')).toEqual({ bold: true });
    expect(makeTheme(true).style('error')).toEqual({ bold: true, color: 'red' });
    expect(makeTheme(false).style('selected')).toEqual({ inverse: true });
  });

  test('a row of 5 MB is cut to what shows of it', () => {
    const text = 'naïve \x1b[31m日本 '.repeat(400_000);
    expect(cutSegments([{ text }], 80).used).toBe(80);
  });
});

describe('plot', () => {
  const text = (p: number[], r: number[], width: number, height: number) =>
    plotRows({ p, r }, width, height).map((row) => row.map((segment) => segment.text).join(''));

  test('bars from 0 to 1, the lowest and highest r marked, t below the ends', () => {
    expect(text([0.5, 1, 0, 0.25], [0, 3, -4, 1], 11, 3)).toEqual([' 1   █     ', ' 0 █ █ ▁ ▄ ', ' t 1 ▲ ▼ 4 ']);
  });

  test.each([1, 2, 7, 80, 10_000])('fits for %i turns', async (turns) => {
    const p = Array.from({ length: turns }, (_, index) => (Math.sin(index / 5) + 1) / 2);
    const r = p.map((value, index) => value - (p[index - 1] ?? 0.5));
    const rows = text(p, r, 30, 5);
    expect(rows).toHaveLength(5);
    for (const row of rows) expect(row.length).toBeLessThanOrEqual(30);
    if (turns > 1) expect(rows[4]).toMatch(/[▲▼◆]/);
    expect(rows.slice(0, 4).join('')).toMatch(/[▁-█]/);
    const screen = await renderScreen(<Plot p={p} r={r} width={30} height={5} />, { columns: 30 });
    expect(screen.line(0)).toBe(rows[0]?.trimEnd());
  });

  test('nothing for no turn or no room', () => {
    expect(text([], [], 30, 5)).toEqual([]);
    expect(text([0.5], [0], 5, 5)).toEqual([]);
  });
});

test('batch hands over together, in order, and at once when told to', async () => {
  const got: number[][] = [];
  const queue = batch<number>(10, (items) => got.push(items));
  queue.push(1);
  queue.push(2);
  expect(got).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(got).toEqual([[1, 2]]);
  queue.push(3);
  queue.flush();
  expect(got).toEqual([[1, 2], [3]]);
  queue.push(4);
  queue.stop();
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(got).toEqual([[1, 2], [3]]);
});
