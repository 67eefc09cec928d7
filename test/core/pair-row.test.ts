import { expect, test } from 'vitest';
import { pairSchema } from '../../src/core/preference/schema.ts';
import { renderContext } from '../../src/core/prompt/context.ts';
import { preferenceRow } from '../../src/core/prompt/rows.ts';

test('a preference row has the prompt of the chat, roles flipped, and both turns with their ends', () => {
  const by = { kind: 'model', name: 'sim', seed: 1 };
  const pair = pairSchema.parse({
    schema: 1,
    id: 'p1',
    created: '2026-01-01T00:00:00.000Z',
    origin: 'mined',
    context: { current_summary: 'Lost a Job' },
    history: [
      { role: 'assistant', content: 'What brings you here?' },
      { role: 'user', content: 'my job' },
      { role: 'assistant', content: 'Go on.' },
    ],
    chosen: { content: 'thats it really', end: true, r: 0.5, by },
    rejected: { content: 'I appreciate your support.', r: null, by },
    discriminator: 'disc',
    simulator: 'sim',
    session: 's1',
    t: 2,
    decision: 'approved',
  });
  expect(preferenceRow(pair, 'person')).toEqual({
    id: 'p1',
    group: 'lost a job',
    prompt: [
      { role: 'system', content: renderContext(pair.context).text },
      { role: 'user', content: 'What brings you here?' },
      { role: 'assistant', content: 'my job' },
      { role: 'user', content: 'Go on.' },
    ],
    chosen: 'thats it really',
    rejected: 'I appreciate your support.',
    chosen_end: true,
    rejected_end: false,
    r_chosen: 0.5,
    r_rejected: null,
    by: 'person',
  });
});
