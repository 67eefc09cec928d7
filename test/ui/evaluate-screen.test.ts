import { describe, expect, test } from 'vitest';
import type { Exhibit } from '../../src/core/evaluate/table.ts';
import type { Session } from '../../src/core/session/schema.ts';
import { specSchema } from '../../src/core/workflows/evaluate/spec.ts';
import { barSegments, planeRows, pointsOf } from '../../src/ui/components/figure.ts';
import { entriesOf, shownEvaluation } from '../../src/ui/state/evaluate.ts';
import { evaluationFields, newEvaluationForm, setEvaluationField } from '../../src/ui/state/evaluate-form.ts';
import { tableGrid, tableRows } from '../../src/ui/state/evaluate-table.ts';
import { sessionOf } from '../core/evaluate/annotated.ts';
import { DOWN, ESC, enter, LARGE, openApp, pressEsc, SMALL } from './app-screen.tsx';
import { fakeBench } from './bench.ts';
import { fakeEvaluations } from './evaluate-bench.ts';

const F2 = `${ESC}OQ`;
const F6 = `${ESC}[17~`;
const CTRL_C = '\u0003';
const CTRL_S = '\u0013';

const CONTEXTS = ['p1', 'p2', 'p3', 'p4'];
const real = (id: string) => sessionOf(id, [`we fought over ${id} all week`, 'and then?', 'he went away', 'oh'], {});
const made = (of: string): Session =>
  sessionOf(`sim-it0.bot.${of}.0`, [`i am sad about ${of}`, 'why?', 'i am sad and that is all there is', 'oh'], {
    origin: { simulator: 'sim-it0', chatbot: 'bot' },
    meta: { context_of: of },
  });

/** The Evaluate screen over two corpora and the evaluation `try`; `hold` stops it before each metric. */
async function start(size = SMALL, hold?: (signal: AbortSignal) => Promise<void>) {
  const bench = fakeBench();
  await bench.sessionStore.append('people', [...CONTEXTS.map(real), real('p5')]);
  await bench.sessionStore.append('made', CONTEXTS.map(made));
  const spec = { schema: 1, name: 'try', real: 'people', simulated: ['made'], discriminators: ['disc-a'], draws: 100 };
  const metrics = ['linguistic', 'discriminators', 'validity'];
  await bench.evaluationStore.save(specSchema.parse({ ...spec, metrics }));
  const ports = fakeEvaluations(bench.ports, bench.evaluationStore, hold);
  const { screen, control } = await openApp({ ...bench, evaluations: async () => ports }, size);
  await screen.send(F6);
  await screen.waitFor('never ran', 15_000);
  return { bench, screen, control, ports };
}

describe.each([SMALL, { columns: 100, rows: 30 }, LARGE])('an evaluation at $columns x $rows', (size) => {
  test('is computed, read, drilled into, and written', async () => {
    const { bench, screen, control } = await start(size);
    await enter(screen);
    await screen.waitFor('what is evaluated');
    await screen.send('a');
    await screen.waitFor(/try: \d+ computed/u);
    expect(screen.text()).toContain('Linguistic features');
    if (size === LARGE) {
      // no title of the contents is cut where there is room for it
      const entries = entriesOf(shownEvaluation(control.state.evaluate)?.view ?? null);
      const titles = entries.flatMap((entry) => (entry.kind === 'exhibit' ? [entry.exhibit.title] : []));
      expect(Math.max(...titles.map(({ length }) => length))).toBeGreaterThan(38);
      for (const title of titles) expect(screen.text()).toContain(title);
    }
    expect(screen.text()).toMatch(/– Predictive validity/u);
    // the frame never leaves the terminal
    expect(screen.line(size.rows - 1)).toMatch(/\? help/u);
    await screen.send(DOWN);
    await enter(screen);
    await screen.waitFor(/sim-it0/u);
    const table = screen.text();
    // an estimate with its interval, and the paper's number in a column of its own
    expect(table).toMatch(/\d\.\d+ \[\d/u);
    expect(table).toMatch(/paper/u);
    // the footer says what Enter does here
    expect(screen.line(size.rows - 1)).toContain('Enter its sessions');
    await screen.send('w');
    await screen.waitFor('report: evaluations/try/report.html; 3 tables as CSV in evaluations/try/csv');
    expect(bench.written[0]?.sections.some(({ state }) => state === 'exhibits')).toBe(true);
    await enter(screen);
    await screen.waitFor('behind real of');
    expect(screen.text()).toMatch(/Sessions .*1 of 4/u);
    await pressEsc(screen);
    await screen.waitFor(/\d\.\d+ \[\d/u);
  });
});

test('exhibits show as they come, the run goes on behind other screens, and x stops it with what there is', async () => {
  const gates: (() => void)[] = [];
  const hold = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      gates.push(resolve);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  const { bench, screen, control } = await start(SMALL, hold);
  await enter(screen);
  await screen.send('a');
  await screen.waitFor('… Linguistic features');
  await screen.waitFor(/● try: Linguistic features/u);
  await screen.send('a');
  await screen.waitFor(/is being computed here/u);
  gates.shift()?.();
  await screen.waitFor(/▪ Linguistic features/u);
  expect(screen.text()).toMatch(/… /u);
  await screen.send(F2);
  await screen.waitFor('you are the chatbot');
  expect(screen.text()).toContain('● try:');
  await screen.send(F6);
  await screen.waitFor('runs here');
  await screen.send('x');
  await screen.waitFor('try is stopped');
  expect(control.state.evaluate.running).toBeNull();
  expect(bench.evaluationStore.journals.held.size).toBe(0);
  // what came before is on the disk, and shown
  expect(bench.evaluationStore.journals.records.get('try')?.some(({ type }) => type === 'exhibits')).toBe(true);
  await screen.waitFor(/▪ Linguistic features/u);
});

test('Ctrl+C stops the evaluation before it leaves', async () => {
  const { screen, control } = await start(
    SMALL,
    (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
  );
  let left = false;
  control.quit = () => {
    left = true;
  };
  await enter(screen);
  await screen.send('a');
  await screen.waitFor(/● try/u);
  await screen.send(CTRL_C);
  await screen.waitFor('try is stopped');
  expect(left).toBe(false);
});

test('a form makes an evaluation, and says what is still to be chosen', async () => {
  const { bench, screen } = await start();
  await screen.send('n');
  await screen.waitFor('New evaluation ─ eval');
  await screen.send(CTRL_S);
  await screen.waitFor('real sessions: choose it');
  await enter(screen);
  await screen.waitFor('Enter takes it');
  await screen.type('people');
  await enter(screen);
  await screen.send(DOWN);
  await screen.send(DOWN);
  await enter(screen);
  await screen.waitFor('Tab marks');
  await screen.type('made');
  await enter(screen);
  await screen.waitFor(/simulated sessions +made/u);
  await screen.send(CTRL_S);
  await screen.waitFor('eval-1 is made, and nothing is started');
  expect(bench.evaluationStore.specs.get('eval-1')).toMatchObject({ real: 'people', simulated: ['made'] });
  await screen.send('e');
  await screen.waitFor('Change ─ eval-1');
  await pressEsc(screen);
  await screen.send('L');
  await screen.waitFor(/eval-1 +○ never ran/u);
});

const estimate = (value: number) => ({ value, low: value - 0.1, high: value + 0.1, n: 20 });
const wide = {
  ...{ type: 'table' as const, id: 'wide', title: 'Wide', paper: null, notes: [] },
  columns: Array.from({ length: 8 }, (_, at) => ({
    key: `c${at}`,
    title: `figure ${at}`,
    format: 'decimal2' as const,
  })),
  rows: ['real', 'sim'].map((key) => ({
    ...{ key, group: null, behind: [] },
    cells: Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`c${at}`, estimate(at)])),
    reported: { c1: 0.5 },
  })),
};

test('a table that is too wide scrolls by columns: the names stay, and a paper number stays beside its figure', () => {
  const grid = tableGrid(wide as never, new Set());
  const text = (column: number) => {
    const { header, rows, part } = tableRows(grid, { row: 0, column }, 78, 10);
    const lines = [header, ...rows.map(({ segments }) => segments)].map((line) => line.map((one) => one.text).join(''));
    return { lines, part };
  };
  const first = text(0);
  expect(first.part).toMatch(/columns 1-\d of/u);
  expect(first.lines[0]).toMatch(/▸figure 0.*figure 1.*paper/u);
  expect(first.lines[1]).toMatch(/real .*0\.00 \[-0\.10, 0\.10\].*1\.00 \[0\.90, 1\.10\].*0\.50/u);
  const last = text(99);
  expect(last.lines[0]).toMatch(/figure 7 +▸n/u);
  expect(last.lines[1]).toMatch(/real/u);
  for (const line of [...first.lines, ...last.lines]) expect(line.length).toBeLessThanOrEqual(78);
});

test('of a table that is too long the foot says which rows show, and the heading of the first of them stays', () => {
  const cells = wide.rows[0]?.cells;
  const of = (group: string) =>
    Array.from({ length: 6 }, (_, at) => ({
      ...{ key: `${group} ${at}`, group, behind: [] },
      cells: { ...cells, c0: `${group} ${at}` },
    }));
  const long = { ...wide, id: 'long', rows: ['left', 'right', 'both'].flatMap(of) };
  const at = (row: number, height: number) => {
    const { rows, scrolled } = tableRows(tableGrid(long as never, new Set()), { row, column: 0 }, 78, height);
    return {
      lines: rows.map(({ segments }) =>
        segments
          .map(({ text }) => text)
          .join('')
          .trimEnd(),
      ),
      rows,
      scrolled,
    };
  };
  const middle = at(9, 8);
  expect(middle.lines[0]).toBe(' right');
  expect(middle.lines).toHaveLength(6);
  expect(middle.lines.findIndex((_, index) => middle.rows[index]?.selected)).toBe(3);
  expect(middle.scrolled).toContain('rows 8-12 of 18');
  expect(at(0, 8).lines.slice(0, 2)).toEqual([' left', expect.stringMatching(/▌0 +left 0/u)]);
  expect(at(17, 8)).toMatchObject({ scrolled: expect.stringContaining('-18 of 18') });
  expect(at(17, 8).lines.at(-1)).toMatch(/▌5 +both 5/u);
  expect(at(17, 22)).toMatchObject({ scrolled: null });
  for (const height of [3, 4, 8])
    for (let row = 0; row < 18; row += 1) expect(at(row, height).lines.join('\n')).toContain('▌');
});

const point = (x: number | string, y: number, bar = 0) => ({
  ...{ x, y, low: bar ? y - bar : null, high: bar ? y + bar : null, label: null, behind: [] },
  ...{ x_low: bar && typeof x === 'number' ? x - bar : null, x_high: bar && typeof x === 'number' ? x + bar : null },
});
const figure = (kind: 'scatter' | 'bar', points: ReturnType<typeof point>[], reference: 'diagonal' | null = null) =>
  ({
    ...{ type: 'figure', id: 'f', title: 'F', paper: null, notes: [], kind, x: 'real', y: 'predicted', reference },
    series: [
      { name: 'one', points },
      { name: 'two', points: points.map(({ y, ...rest }) => ({ ...rest, y: y / 2 })) },
    ],
  }) as Extract<Exhibit, { type: 'figure' }>;

test('a scatter has error bars both ways, a sign a series, the diagonal, and a mark at the point under the cursor', () => {
  const rows = planeRows(figure('scatter', [point(0, 0, 0.2), point(1, 1, 0.2)], 'diagonal'), 1, 60, 20);
  const text = rows.map((line) => line.map((one) => one.text).join('')).join('\n');
  expect(text).toMatch(/│/u);
  expect(text).toMatch(/──/u);
  expect(text).toMatch(/[\u2800-\u28ff]/u);
  expect(text.match(/✚/gu)?.length).toBe(1);
  expect(text).toMatch(/● one.*○ two/u);
  expect(text).toMatch(/-0\.2.*real.*1\.2/u);
  expect(rows.length).toBe(20);
});

test('bars of one place stand beside each other', () => {
  const order = pointsOf(figure('bar', [point('a', 1), point('b', 2)])).map(({ name, point: { x } }) => `${x} ${name}`);
  expect(order).toEqual(['a one', 'a two', 'b one', 'b two']);
});

test('the first bar that shows has its name, also where others of its place are scrolled away', () => {
  const points = pointsOf(figure('bar', [point('a', 1), point('b', 2)]));
  const text = (index: number, top: boolean) => barSegments(points, index, 78, top)[0]?.text.trim();
  expect([text(2, false), text(3, false), text(3, true)]).toEqual(['b', '', 'b']);
});

test('the form takes what a spec takes, and refuses the rest with why', () => {
  const none = { corpora: [], simulators: [], discriminators: [], annotators: [], sittings: [], taken: [] };
  const choices = { ...none, encoders: ['words', 'minilm', 'gpu-box'] };
  const form = newEvaluationForm(choices, null);
  expect(setEvaluationField(form, 'turns', 'equal').turns).toBe('equal');
  expect(setEvaluationField(form, 'turns', '3').turns).toBe(3);
  expect(setEvaluationField(form, 'metrics', 'linguistic, ab').metrics).toEqual(['linguistic', 'ab']);
  expect(setEvaluationField(form, 'ab', 'p=a:b').ab).toEqual([{ name: 'p', control: 'a', treatment: 'b' }]);
  expect(setEvaluationField(form, 'encoder', 'gpu-box').encoder).toBe('gpu-box');
  const encoder = evaluationFields(form).find(({ key }) => key === 'encoder');
  expect([encoder?.kind, encoder?.value, encoder?.options.map(({ value }) => value)]).toEqual([
    ...['choice', 'words'],
    ['words', 'minilm', 'gpu-box'],
  ]);
  expect(setEvaluationField(form, 'turing', 'blind, other').turing).toEqual(['blind', 'other']);
  expect(setEvaluationField(form, 'turing', 'none').turing).toEqual([]);
  const judges = evaluationFields({ ...form, choices: { ...choices, sittings: ['blind'] } });
  expect(judges.find(({ key }) => key === 'turing')).toMatchObject({
    ...{ value: 'none', kind: 'many', options: [{ value: 'none' }, { value: 'blind' }] },
  });
  expect(() => setEvaluationField(form, 'draws', '3')).toThrow(/100/u);
  expect(() => setEvaluationField(form, 'ab', 'a:b')).toThrow('NAME=CONTROL:TREATMENT');
});
