import type { ComponentProps } from 'react';
import { describe, expect, test } from 'vitest';
import { FieldList } from '../../src/ui/components/FieldList.tsx';
import { Label } from '../../src/ui/overlays/Label.tsx';
import { Turing } from '../../src/ui/overlays/Turing.tsx';
import { evaluationFields, newEvaluationForm } from '../../src/ui/state/evaluate-form.ts';
import { sessionOf, smallTaxonomy } from '../core/evaluate/annotated.ts';
import { F3, openApp } from './app-screen.tsx';
import { fakeBench } from './bench.ts';
import { renderScreen } from './terminal.ts';

const NARROW = { columns: 60, rows: 20 };
const rect = { x: 0, y: 0, width: NARROW.columns, height: 18 };
const words = (text: string) => text.replaceAll(/[║\s]+/gu, ' ');

type Sitting = ComponentProps<typeof Turing>['overlay'];
const sitting = (view: unknown): Sitting =>
  ({ kind: 'turing', name: 'blind', by: 'anna', scale: [0.05, 0.2, 0.4, 0.6, 0.8, 0.95], view, up: 0 }) as Sitting;
const guesses = Array.from({ length: 12 }, (_, at) => (at + 1) / 20);
const standing = { session: 1, sessions: 2, t: 12, turns: 12, guesses, note: null };
const text = { context: null, turns: [{ role: 'user', content: 'hello', t: 1 }] };

describe('at 60 columns', () => {
  test('the last guesses of a long session show, and say that earlier ones do not', async () => {
    const judges = [{ name: 'a-discriminator-with-a-long-name', p: guesses }];
    const truth = { real: false, simulator: 'sim', corpus: 'made', session: 'm1', judges };
    const view = { phase: 'truth', standing, text, truth };
    const screen = await renderScreen(<Turing overlay={sitting(view)} rect={rect} />, NARROW);
    expect(screen.text()).toMatch(/you +….* \.60✗ *║/u);
    expect(screen.text()).toMatch(/a-discrimin… +….* \.60✗ *║/u);
    screen.unmount();
  });

  test('both ends of the scale and the last guess are seen while one guesses', async () => {
    const screen = await renderScreen(
      <Turing overlay={sitting({ phase: 'guess', standing, text })} rect={rect} />,
      NARROW,
    );
    expect(screen.text()).toMatch(/simulated 1 \.05 .* 6 \.95 real *║/u);
    expect(screen.text()).toMatch(/so far ….* \.60 *║/u);
    screen.unmount();
  });

  test('what is to be done at the end of a sitting or of a sample is not cut off', async () => {
    const end = { phase: 'end', judged: 2, sessions: 2, skipped: 0 };
    const turing = await renderScreen(<Turing overlay={sitting(end)} rect={rect} />, NARROW);
    expect(words(turing.text())).toContain('that names blind among those who guessed has the same tables.');
    turing.unmount();
    const overlay = {
      ...{ kind: 'label', name: 'mine', labeller: 'anna', labelled: 3, of: 3, shown: null, turns: [], top: null },
      ...{ keys: [], taxonomy: smallTaxonomy('actions') },
    } as unknown as ComponentProps<typeof Label>['overlay'];
    const label = await renderScreen(<Label overlay={overlay} rect={rect} />, NARROW);
    expect(words(label.text())).toContain('Ctrl+Z takes the last label back.');
    label.unmount();
  });

  test('each of thirty categories has a place beside the message, and at 80 columns its whole name', async () => {
    const categories = Array.from('abcdefghijklmnopqrstuvwxyzABCD', (key) => ({ key, category: `is-${key}` }));
    const name = (id: string) => `Disagrees with bot ${id.slice(3)}xy`;
    const overlay = {
      ...{ kind: 'label', name: 'mine', labeller: 'anna', labelled: 0, of: 3, top: null, keys: categories },
      shown: { position: '1 / 3', state: null, draft: ['is-c'] },
      turns: [{ role: 'user', content: 'we fought', t: 1, asked: true }],
      taxonomy: { categories: categories.map(({ category }) => ({ id: category, name: name(category) })) },
    } as unknown as ComponentProps<typeof Label>['overlay'];
    for (const columns of [60, 80]) {
      const place = { ...rect, width: columns };
      const screen = await renderScreen(<Label overlay={overlay} rect={place} />, { columns, rows: 20 });
      for (const { key } of categories) expect(screen.text()).toMatch(new RegExp(`[ ✓]${key} Disagrees w`, 'u'));
      expect(screen.text()).toContain('✓c Disagrees');
      expect(screen.text()).toContain('we fought');
      if (columns === 80) for (const { category } of categories) expect(screen.text()).toContain(name(category));
      screen.unmount();
    }
  });

  test('the help of a field shows whole, and the list does not jump from field to field', async () => {
    const none = { corpora: [], simulators: [], discriminators: [], annotators: [], sittings: [], taken: [] };
    const fields = evaluationFields(newEvaluationForm({ ...none, encoders: ['words'] }, null));
    const longest = fields.findIndex(({ help }) => help.length === Math.max(...fields.map((one) => one.help.length)));
    const rules: number[] = [];
    for (const selected of [0, longest]) {
      const screen = await renderScreen(
        <FieldList
          {...{ title: 'New', note: '', fields, selected, focused: true, button: 'Make it', presetOf: () => null }}
          {...{ width: 60, height: 32 }}
        />,
        { columns: 60, rows: 32 },
      );
      expect(words(screen.text())).toContain(fields[selected]?.help);
      rules.push(
        screen
          .text()
          .split('\n')
          .findIndex((line) => /^║ ─{40}/u.test(line)),
      );
      screen.unmount();
    }
    expect(rules[0]).toBe(rules[1]);
  });

  test('sessions show how they open', async () => {
    const bench = fakeBench();
    await bench.sessionStore.append('people', [sessionOf('p1', ['we fought again', 'oh', 'so I left', 'bye'])]);
    await bench.sessionStore.append('people-of-another-year', [sessionOf('p2', ['hello', 'oh'])]);
    const { screen } = await openApp(bench, NARROW);
    await screen.send(F3);
    await screen.waitFor(/people .* we fought a/u);
    expect(screen.text()).not.toMatch(/words +p_T/u);
    expect(screen.text()).toContain('people-of-anot… ');
  });
});
