import { describe, expect, it } from 'vitest';
import {
  countDiagnostics,
  type Diagnostics,
  diagnose,
  NO_DIAGNOSTICS,
} from '../../../src/core/workflows/simulate/diagnostics.ts';

const NONE = { user: 0, assistant: 0 };

/** A session that the user opens; turns alternate. */
function talk(...texts: string[]) {
  return texts.map((content, index) => ({
    role: index % 2 === 0 ? ('user' as const) : ('assistant' as const),
    content,
  }));
}

const found = (texts: string[], ended: 'simulator' | 'cap' = 'simulator'): Diagnostics =>
  diagnose(talk(...texts), ended, NONE, 1);

const FINE = [
  'Hi. My landlord wants me out by March.',
  'That is soon. Did he say why?',
  'He wants the flat for his son, he says.',
  'And do you believe that?',
  'No. His son lives in another country.',
];

describe('a session with nothing wrong', () => {
  it('has nothing found', () => {
    expect(diagnose(talk(...FINE), 'simulator', NONE)).toEqual({
      ...{ too_early: false, run_on: false, restart: [], echo: [], role_slip: [], empty: NONE },
    });
  });

  it('may say thanks or yes twice, and greet in its first turns', () => {
    const { restart, echo } = found([
      'Hello there, anybody?',
      'Hi!',
      'Hi, so glad.',
      'Go on.',
      'Yes.',
      'Sure?',
      'Yes.',
    ]);
    expect({ restart, echo }).toEqual({ restart: [], echo: [] });
  });
});

describe('how it stopped', () => {
  it('too early is ended by the simulator before so many user turns', () => {
    expect(diagnose(talk(...FINE), 'simulator', NONE, 3).too_early).toBe(false);
    expect(diagnose(talk(...FINE), 'simulator', NONE, 4).too_early).toBe(true);
    expect(diagnose(talk(...FINE), 'cap', NONE, 4).too_early).toBe(false);
  });

  it('run-on is ended by the cap', () => {
    expect(found(FINE, 'cap').run_on).toBe(true);
    expect(found(FINE).run_on).toBe(false);
  });
});

describe('restart', () => {
  it('is the first turn again, nearly word by word', () => {
    expect(found([...FINE, 'I see.', 'Hi, my landlord wants me out by March.']).restart).toEqual([4]);
  });

  it.each(['Hello, can somebody talk with me?', 'Good evening. I have a problem.', 'hey, are you there'])(
    'is a greeting late in the session: %s',
    (text) => {
      expect(found([...FINE, 'I see.', text]).restart).toEqual([4]);
    },
  );

  it.each(['Hi.', 'Highly unlikely, I would say.', 'He said hello to me, and nothing more.'])('is not: %s', (text) => {
    expect(found([...FINE, 'I see.', text]).restart).toEqual([]);
  });
});

describe('echo', () => {
  it("is the chatbot's last turn again", () => {
    expect(found([...FINE, 'What would help you most now?', 'what would help you most now']).echo).toEqual([4]);
  });

  it('is its own last turn again', () => {
    expect(found([...FINE, 'I see.', 'No. His son lives in another country!']).echo).toEqual([4]);
  });

  it('is not a turn of which a third is another', () => {
    expect(found([...FINE, 'I see.', 'No. His daughter lives in some other country.']).echo).toEqual([]);
  });
});

describe('role slip', () => {
  it.each([
    ['a marker of a template', 'I do not know.<|im_end|>'],
    ['another', '[INST] What now? [/INST]'],
    ['a label', 'Fine.\nSupporter: And how is your sleep?'],
    ['a label at the start', 'assistant: I hear you'],
    ['what a model says', 'As an AI, I cannot know that.'],
    ['what a helper says', 'I am sorry. How can I help you with that?'],
    ['another', 'I’m here to listen whenever you need it.'],
    ["the chatbot's turn before its last", 'That is soon. Did he say why?'],
  ])('is %s', (_, text) => {
    expect(found([...FINE, 'I see.', text]).role_slip).toEqual([4]);
  });

  it.each(['The user: who is that?', 'My client: a bank. It pays badly.', 'Could you help me?', 'a < b and c > d'])(
    'is not: %s',
    (text) => {
      const slip = found([...FINE, 'I see.', text]).role_slip;
      expect(slip).toEqual([]);
    },
  );
});

it('counts sessions by kind, and empty replies by session', () => {
  const one = diagnose(talk('Hi', 'Yes?', 'Bye'), 'simulator', { user: 0, assistant: 2 });
  const two = found([...FINE, 'I see.', 'No. His son lives in another country.'], 'cap');
  expect([one, two].reduce(countDiagnostics, NO_DIAGNOSTICS)).toEqual({
    ...{ too_early: 1, run_on: 1, restart: 0, echo: 1, role_slip: 0, empty: 1 },
  });
});
