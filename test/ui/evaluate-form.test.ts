import { expect, test } from 'vitest';
import { newComposer } from '../../src/ui/components/composer.ts';
import { evaluationFields, newEvaluationForm, setEvaluationField } from '../../src/ui/state/evaluate-form.ts';
import { chooseRows } from '../../src/ui/state/rows.ts';
import type { ChooseOverlay } from '../../src/ui/state/state.ts';
import { DOWN, ESC, enter, F3, openApp, pressEsc, TAB } from './app-screen.tsx';
import { fakeBench } from './bench.ts';

const F6 = `${ESC}[17~`;
const none = { corpora: [], simulators: [], discriminators: [], annotators: [], sittings: [], taken: [] };
const form = newEvaluationForm({ ...none, encoders: ['words', 'minilm', 'gpu-box'] }, null);

test('one model of a server is typed beside the encoders that are offered, and refused where there is no such server', () => {
  const field = (now = form) => evaluationFields(now).find(({ key }) => key === 'encoder');
  const offered = (text: string) =>
    chooseRows({
      options: field()?.options ?? [],
      free: field()?.free ?? null,
      query: newComposer({ width: 60, text }),
    } as ChooseOverlay).map(({ value }) => value);
  expect(offered('')).toEqual(['words', 'minilm', 'gpu-box']);
  expect(offered('gpu-box:nomic-embed')).toEqual(['gpu-box:nomic-embed']);
  const spec = setEvaluationField(form, 'encoder', 'gpu-box:nomic-embed');
  expect(spec.encoder).toBe('gpu-box:nomic-embed');
  expect(field({ ...form, spec })?.options.map(({ value }) => value)).toContain('gpu-box:nomic-embed');
  for (const wrong of ['other:m', 'gpu-box:', 'minilm:x', 'wordz'])
    expect(() => setEvaluationField(form, 'encoder', wrong)).toThrow(/SERVER:MODEL.*gpu-box/u);
  const known = newEvaluationForm({ ...none, encoders: ['words'] }, { ...form.spec, encoder: 'gone:m' });
  expect(setEvaluationField(known, 'encoder', 'gone:m').encoder).toBe('gone:m');
});

test('a mark beside `all` takes its place, which would be all of them still', async () => {
  const { screen } = await openApp(fakeBench());
  await screen.send(F6);
  await screen.waitFor('no evaluation yet', 15_000);
  await screen.send('n');
  await screen.waitFor('New evaluation');
  for (let at = evaluationFields(form).findIndex(({ key }) => key === 'metrics'); at > 0; at -= 1)
    await screen.send(DOWN);
  await screen.waitFor(/▌ *metrics +all/u);
  await enter(screen);
  await screen.waitFor(/\[x\] all/u);
  await screen.send(DOWN);
  await screen.send(TAB);
  await screen.waitFor(/\[ \] all[\s\S]*\[x\] linguistic/u);
  await enter(screen);
  await screen.waitFor(/▌ *metrics +linguistic/u);
});

test('what was wrong with a field is said neither behind other screens nor once the form is left', async () => {
  const { screen } = await openApp(fakeBench());
  const wrong = 'real sessions: choose it';
  await screen.send(F6);
  await screen.waitFor('no evaluation yet', 15_000);
  await screen.send('n');
  await screen.waitFor('New evaluation');
  await screen.send('\u0013');
  await screen.waitFor(wrong);
  await screen.send(F3);
  await screen.waitFor('all corpora');
  expect(screen.text()).not.toContain(wrong);
  await screen.send(F6);
  await screen.waitFor('New evaluation');
  await screen.send('\u0013');
  await screen.waitFor(wrong);
  await pressEsc(screen);
  await screen.waitFor('no evaluation yet');
  expect(screen.text()).not.toContain(wrong);
});
