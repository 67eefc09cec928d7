import { placeOf } from '../core/workflows/turing/machine.ts';
import type { TuringRecord, TuringSettings, TuringView } from '../core/workflows/turing/types.ts';
import type { Cli } from './cli.ts';

/** What a person is shown, for programs and for people. Of a session that is still judged, nothing but its words. */
export function tellView({ out }: Cli, name: string, view: TuringView, { scale }: Pick<TuringSettings, 'scale'>): void {
  const { phase, ...rest } = view;
  out.event({
    event: phase === 'guess' ? 'item' : phase,
    sitting: name,
    at: placeOf(view.phase === 'end' ? null : { ...view.standing, phase }),
    ...rest,
    ...(phase === 'guess' ? { scale } : {}),
  });
  if (view.phase === 'end') {
    out.line(
      `${view.judged} of ${view.sessions} sessions judged, ${view.skipped} skipped: foil eval turing show ${name}`,
    );
    return;
  }
  const { session, sessions, t, turns, guesses } = view.standing;
  out.line(`session ${session} of ${sessions}, user turn ${t} of ${turns}`);
  if (view.phase === 'truth') {
    const { real, simulator, corpus, session: id, judges } = view.truth;
    out.line(`${real ? 'real' : `simulated by ${simulator}`}: ${corpus}/${id}`);
    out.line(`  p(real) by you     ${guesses.map(shown).join(' ')}`);
    for (const judge of judges) out.line(`  by ${judge.name}  ${judge.p.map(shown).join(' ')}`);
    return;
  }
  if (view.text.context !== null) for (const line of view.text.context.split('\n')) out.line(`  ${line}`);
  for (const { role, content } of view.text.turns) out.line(`${role === 'user' ? 'user' : ' bot'}  ${content}`);
  if (guesses.length > 0) out.line(`so far: ${guesses.map(shown).join(' ')}`);
  if (view.phase === 'judged') out.line(`all turns are guessed: foil eval turing truth ${name} shows what it was`);
  else
    out.line(`p(real)?  ${scale.map((p, at) => `${at + 1}: ${p}`).join('  ')}   (foil eval turing guess ${name} KEY)`);
}

export function tellWritten({ out }: Cli, record: TuringRecord): void {
  out.event({ event: 'written', record });
  if (record.type === 'truth') return;
  const what = record.type === 'guess' ? `p(real) ${record.p}` : record.type === 'undo' ? 'taken back' : record.type;
  out.line(`session ${record.item}${'t' in record ? `, turn ${record.t}` : ''}: ${what}`);
}

const shown = (p: number) => p.toFixed(2).replace(/^0/u, '');
