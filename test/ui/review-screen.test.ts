import { describe, expect, test } from 'vitest';
import { FoilError } from '../../src/core/errors.ts';
import { makePair } from '../fixtures/pairs.ts';
import { enter, LARGE, openApp, pressEsc, RIGHT, SMALL } from './app-screen.tsx';
import { fakeBench } from './bench.ts';
import { by, F4, judge, look, many, start, verdicts } from './review-sitting.ts';

describe.each([SMALL, LARGE])('a sitting at $columns x $rows', (size) => {
  test('shows both sides with rewards, margin, kind, t, session; a key a decision; counts and pace in one row', async () => {
    const { screen, said } = await start(many(3), size);
    const shown = await screen.waitFor('my boss again 1');
    expect(shown).toMatch(/1 of 3 +not decided +margin \+1\.40 +lowest r, t 2 +a +it0-train\/s1/);
    expect(shown).toMatch(/chosen.*r \+0\.40 · it0/);
    expect(shown).toMatch(/rejected.*r -1\.00 · it0/);
    expect(shown).toContain('Why you came: lost a job');
    expect(shown).toContain('What brings you here?');
    expect(shown).toMatch(/0 of 3 done · (✓ 0 ✗ 0 ↷ 0|0 approved 0 rejected 0 skipped) · -\/min · D agrees -/);
    await judge(screen, 'y');
    await screen.waitFor('my boss again 2');
    await judge(screen, 'n');
    await screen.waitFor('my boss again 3');
    await judge(screen, 's');
    const end = await screen.waitFor('The end of the queue');
    expect(end).toMatch(
      /3 of 3 done · (✓ 1 ✗ 1 ↷ 1|1 approved 1 rejected 1 skipped) · \d+\.\d\/min · D agrees 100% of 1/,
    );
    expect(verdicts(await said())).toEqual(['p1 approve', 'p2 reject', 'p3 skip']);
  });
});

describe('what differs', () => {
  test('is left plain, and said to be so, where texts have little in common', async () => {
    const alike = makePair('p1', {
      chosen: { content: 'eh my boss shouted again', end: false, r: 0.4, by },
      rejected: { content: 'eh my boss complained again', end: false, r: -1, by },
    });
    const { screen } = await start([alike, makePair('p2')]);
    expect(await screen.waitFor('complained')).not.toContain('differ throughout');
    await judge(screen, 'y');
    expect(await screen.waitFor('I appreciate')).toContain('sides differ throughout');
  });
});

describe('keys typed quickly', () => {
  test('are taken in order, and none judges a pair that was not on the screen', async () => {
    const { screen, said } = await start(many(5));
    await screen.waitFor('my boss again 1');
    await look();
    // both came while the first pair showed: the second is not about the next one
    await screen.send('yn');
    await screen.waitFor('that key came before this pair was on the screen');
    expect(verdicts(await said())).toEqual(['p1 approve']);
    await judge(screen, 'y');
    await screen.waitFor('my boss again 3');
    // about one and the same pair: swap, then approve
    await look();
    await screen.send('wy');
    await screen.waitFor('my boss again 4');
    expect((await said()).slice(-2)).toMatchObject([
      { pair: 'p3', decision: 'amend', swap: true },
      { pair: 'p3', decision: 'approve' },
    ]);
    // a pair that was seen before may be judged at once
    await screen.send('un');
    await screen.waitFor('my boss again 4');
    await screen.settle();
    expect(verdicts(await said()).slice(-1)).toEqual(['p3 reject']);
  });

  test('a key held down decides no pair unseen', async () => {
    const { screen, said } = await start(many(40));
    await screen.waitFor('my boss again 1');
    await look();
    await screen.send('y'.repeat(40));
    await screen.settle();
    expect(verdicts(await said())).toEqual(['p1 approve']);
  });

  test('looking and undoing need not wait', async () => {
    const { screen } = await start(many(9));
    await screen.waitFor('my boss again 1');
    await screen.send(']]]');
    await screen.waitFor('my boss again 4');
    await screen.send('[[');
    await screen.waitFor('my boss again 2');
    await screen.send(RIGHT);
    await screen.waitFor('my boss again 3');
  });

  test('nothing is decided on a terminal too small to show it', async () => {
    const { screen, said } = await start(many(2));
    await look();
    await screen.resize(40, 10);
    await screen.send('y');
    await screen.settle();
    expect(await said()).toEqual([]);
    await screen.resize(80, 24);
    await screen.waitFor('too small to show a pair');
  });
});

describe('undo', () => {
  test('goes to the start, one key at a time', async () => {
    const { screen, said } = await start(many(3));
    await judge(screen, 'yns');
    await screen.waitFor('The end of the queue');
    await screen.send('u');
    await screen.waitFor(/my boss again 3[\s\S]*taken back: the skip/);
    await screen.send('uu');
    await screen.waitFor(/my boss again 1[\s\S]*taken back: the approval/);
    expect(await said()).toEqual([]);
    await screen.send('u');
    await screen.waitFor('anna has nothing to undo');
  });
});

describe('changing a pair', () => {
  test('an edited side is scored, a swap exchanges, a note stays; u takes back each', async () => {
    const bench = fakeBench();
    await bench.pairStore.append('a', [makePair('p1', { discriminator: 'disc-a' })]);
    const { screen } = await openApp(bench);
    await screen.send(F4);
    await screen.waitFor('eh my boss again');
    await look();
    await screen.send('e');
    await screen.waitFor('Edit chosen; it is scored again');
    await screen.type(' today');
    await enter(screen);
    // z is the words of the last user turn less three: 5 - 3, after "hi" with 1 - 3
    expect(await screen.waitFor(/eh my boss again today/)).toMatch(/chosen/);
    await screen.waitFor(/r \+4\.00 · edited · a person/);
    await screen.send('c');
    await screen.waitFor('Note on this pair');
    await screen.type('too neat');
    await enter(screen);
    await screen.waitFor('note: too neat');
    await screen.send('w');
    await screen.waitFor(/swapped; u takes it back/);
    expect(screen.text()).toMatch(/chosen[\s\S]*I appreciate your support[\s\S]*rejected[\s\S]*eh my boss again today/);
    await screen.send('uuu');
    const back = await screen.waitFor((shown) => !shown.includes('today'));
    expect(back).toMatch(/chosen.*r \+0\.40/);
    expect(back).not.toContain('note:');
    await screen.send('E');
    await screen.waitFor('Edit rejected');
    await pressEsc(screen);
    await screen.waitFor('I appreciate');
  });

  test('a key typed while a side is scored says that it waits, and then acts on that pair', async () => {
    const bench = fakeBench();
    await bench.pairStore.append('a', [makePair('p1', { discriminator: 'disc-a' }), makePair('p2')]);
    const { models } = bench.ports;
    const asked = models.discriminator.bind(models);
    let ready = (): void => {};
    const gate = new Promise<void>((resolve) => {
      ready = resolve;
    });
    models.discriminator = async (...args) => {
      await gate;
      return await asked(...args);
    };
    const { screen } = await openApp(bench);
    await screen.send(F4);
    await screen.waitFor('eh my boss again');
    await look();
    await screen.send('e');
    await screen.type(' so');
    await enter(screen);
    await screen.waitFor('being scored');
    await screen.send('y');
    await screen.waitFor('disc-a scores the edited side; the key waits for it');
    expect(await bench.pairStore.decisions('a')).toHaveLength(1);
    ready();
    await screen.waitFor('2 of 2');
    const decisions = (await bench.pairStore.decisions('a')).map(({ pair, decision }) => `${pair} ${decision}`);
    expect(decisions).toEqual(['p1 amend', 'p1 amend', 'p1 approve']);
  });

  test('what is refused says why', async () => {
    const { screen } = await start(many(1));
    await look();
    await screen.send('1');
    await screen.waitFor('sides are picked in blind mode (b)');
    await screen.send('e');
    await enter(screen);
    await screen.waitFor('the text is as it was');
  });

  test('a decision that cannot be written leaves the pair on the screen', async () => {
    const { screen, bench } = await start(many(2));
    bench.pairStore.decide = async () => {
      throw new FoilError('disk', 'the disk is full', { remedy: 'make room' });
    };
    await judge(screen, 'y');
    const shown = await screen.waitFor('the disk is full');
    expect(shown).toContain('make room');
    expect(shown).toContain('my boss again 1');
  });
});

describe('blind', () => {
  test('hides rewards, models and sides; 1 2 0 pick, and the side is stored', async () => {
    const { screen, said } = await start(many(12));
    await look();
    await screen.send('b');
    const shown = await screen.waitFor('BLIND');
    expect(shown).not.toMatch(/r \+0\.40|r -1\.00|margin|chosen|rejected side/);
    await judge(screen, 'y');
    await screen.waitFor('blind: 1 and 2 pick the better side');
    await judge(screen, '120');
    await screen.waitFor(/4 of 12/);
    expect(await said()).toMatchObject([
      { decision: 'approve', blind: { picked: 'left' } },
      { decision: 'approve', blind: { picked: 'right' } },
      { decision: 'reject', blind: { picked: 'none' } },
    ]);
    // what D thinks of single picks is not told
    expect(screen.text()).toContain('D agrees - (every 10)');
    await screen.send('b');
    await screen.waitFor('chosen');
  });
});
