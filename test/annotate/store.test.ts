import { appendFile, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { createLabels, listLabels, openLabelStore } from '../../src/backends/annotate/labels.ts';
import { aboutAnnotator, measuredFile, saveMeasurement } from '../../src/backends/annotate/open.ts';
import { ruleAnnotator } from '../../src/backends/annotate/rules/annotator.ts';
import { openAnnotations } from '../../src/backends/annotate/store.ts';
import { loadTaxonomy } from '../../src/backends/annotate/taxonomies.ts';
import type { FoilError } from '../../src/core/errors.ts';
import type { Annotation } from '../../src/core/evaluate/behaviour/annotations.ts';
import { taxonomyName } from '../../src/core/evaluate/behaviour/taxonomy.ts';
import type { LabelRecord, Sample } from '../../src/core/workflows/evaluate/label-types.ts';

let dir: string;
const problems: FoilError[] = [];
const onProblem = (problem: FoilError) => problems.push(problem);

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foil-annotate-'));
  problems.length = 0;
});

const annotation = (key: string): Annotation => ({
  ...{ schema: 1, key, task: 'actions', annotator: 'x', taxonomy: 't 1', session: 's', turn: 0 },
  ...{ marks: [{ turn: 0, categories: ['a'] }], attempts: 1, at: '' },
});

it('answers are found again by key; a write that broke off is told and asked for again, and nothing else is lost', async () => {
  const first = await openAnnotations(dir, 'team/judge', { write: true, onProblem });
  await Promise.all([first.append(annotation('one')), first.append(annotation('two'))]);
  await first.close();
  await appendFile(join(dir, 'team.judge.jsonl'), '{"schema":1,"key":"thr');
  const second = await openAnnotations(dir, 'team/judge', { write: true, onProblem });
  expect([second.get('one'), second.get('two'), second.get('three')]).toEqual([
    annotation('one'),
    annotation('two'),
    undefined,
  ]);
  await second.append(annotation('three'));
  await second.close();
  expect(problems.map(({ code }) => code)).toContain('torn-line');
  const third = await openAnnotations(dir, 'team/judge', { write: false, onProblem });
  expect(third.get('three')).toEqual(annotation('three'));
  await third.close();
});

const sample: Sample = {
  ...{ schema: 1, type: 'sample', task: 'issues', taxonomy: 't 1', seed: 1, at: '' },
  items: [{ id: 'c/s/1', corpus: 'c', session: 's', turn: 1, stratum: 'real', weight: 1 }],
};

it('a sample is begun once, and its labels are there again', async () => {
  await createLabels(dir, 'mine', sample);
  await expect(createLabels(dir, 'mine', sample)).rejects.toMatchObject({ code: 'name-taken' });
  const record: LabelRecord = {
    ...{ schema: 1, type: 'label', item: 'c/s/1', labeller: 'ann', at: '', ms: null, categories: ['a'] },
  };
  const store = await openLabelStore(dir, 'mine', onProblem);
  await store.append(record);
  expect(store.records).toEqual([record]);
  await store.close();
  const again = await openLabelStore(dir, 'mine', onProblem);
  expect([again.sample, again.records]).toEqual([sample, [record]]);
  await again.close();
  expect(await listLabels(dir)).toEqual(['mine']);
  await expect(openLabelStore(dir, 'other', onProblem)).rejects.toMatchObject({
    ...{ code: 'unknown-sample', remedy: ['known: mine'] },
  });
});

it('a measurement stands beside the annotator that it was made of, in the place of an earlier one', async () => {
  const annotator = ruleAnnotator(await loadTaxonomy('actions'));
  const entry = (kappa: number) => ({ kappa, low: 0, high: 1, n: 9, positives: 1_000_000, found: 5, against: 'me' });
  const measurement = (kappa: number) => ({
    ...{ annotator: 'rules', version: annotator.version, task: 'actions' as const, against: 'me', draws: 1, seed: 1 },
    ...{
      taxonomy: taxonomyName(annotator.taxonomy),
      labels: [],
      pooled: entry(kappa),
      categories: { agrees: entry(kappa) },
    },
  });
  for (const kappa of [0.1, 0.2]) await saveMeasurement(measuredFile(dir), measurement(kappa));
  expect((await aboutAnnotator(annotator, dir)).agreement.get('agrees')?.kappa).toBe(0.2);
  const kept = JSON.parse(await readFile(measuredFile(dir), 'utf8')) as { measurements: unknown[] };
  expect(kept.measurements).toHaveLength(1);
  await writeFile(measuredFile(dir), '{"schema":1,"measurements":[{}]}');
  await expect(aboutAnnotator(annotator, dir)).rejects.toMatchObject({ code: 'bad-record' });
});

it("a taxonomy of one's own is checked, with the field that is wrong", async () => {
  const file = join(dir, 'own.yaml');
  const own = await readFile(new URL('../../models/taxonomy/actions.yaml', import.meta.url), 'utf8');
  await writeFile(file, own.replace('group: good', 'group: great'));
  await expect(loadTaxonomy('actions', file)).rejects.toMatchObject({
    ...{ code: 'bad-taxonomy', where: { file, field: 'categories[0].group' } },
  });
  await writeFile(file, own.replace('id: change-talk', 'id: gained-insight'));
  await expect(loadTaxonomy('actions', file)).rejects.toMatchObject({ where: { field: 'categories[1].id' } });
  await writeFile(file, own);
  await expect(loadTaxonomy('issues', file)).rejects.toMatchObject({ where: { field: 'task' } });
  await writeFile(file, 'schema: 1\nid: [');
  await expect(loadTaxonomy('actions', file)).rejects.toMatchObject({ code: 'bad-taxonomy', where: { file } });
  await expect(loadTaxonomy('actions', join(dir, 'none.yaml'))).rejects.toMatchObject({ code: 'no-taxonomy' });
});
