import { commandOf } from '../../core/workflows/evaluate/spec.ts';
import type { EvaluateEvent } from '../../core/workflows/evaluate/types.ts';
import type { EvaluationView, Section } from '../../core/workflows/evaluate/view.ts';
import type { EvaluationRow, OpenEvaluation, RunningEvaluation } from './evaluate.ts';

/** An evaluation that is about to be computed: what an earlier run found shows until the new one begins. */
export function startOf({ spec, view }: OpenEvaluation): RunningEvaluation {
  return { spec, view, notices: [], stopping: false, line: `● ${spec.name}: reading` };
}

/** What an event changes. `titleOf` names a metric by its id. */
export function reduceEvaluation(
  running: RunningEvaluation,
  event: EvaluateEvent,
  titleOf: (metric: string) => string,
): RunningEvaluation {
  switch (event.type) {
    case 'begin': {
      const sections = event.begin.metrics.map(
        (metric): Section => ({ metric, title: titleOf(metric), state: 'pending' }),
      );
      return { ...running, view: { begin: event.begin, sections, end: null } };
    }
    case 'exhibit': {
      const add = (section: Section): Section => ({
        ...{ metric: section.metric, title: section.title, state: 'exhibits', key: '', seconds: 0 },
        exhibits: [...(section.state === 'exhibits' ? section.exhibits : []), event.exhibit],
      });
      return inSection(running, event.metric, add);
    }
    case 'missing': {
      const { metric, title, reason, remedy } = event;
      return inSection(running, metric, () => ({ metric, title, state: 'missing', reason, remedy }));
    }
    case 'progress': {
      const { text, done, of } = event;
      const count = done === null ? '' : ` ${done}${of === null ? '' : ` of ${of}`}`;
      const stop = running.stopping ? ', stopping …' : '';
      return { ...running, line: `● ${running.spec.name}: ${text}${count}${stop}` };
    }
    case 'notice':
      return { ...running, notices: [...running.notices, event.text] };
    case 'done':
      return running;
  }
}

function inSection(running: RunningEvaluation, metric: string, change: (section: Section) => Section) {
  const { view } = running;
  if (!view) return running;
  const sections = view.sections.map((section) => (section.metric === metric ? change(section) : section));
  return { ...running, view: { ...view, sections } };
}

/** What a run has come to, in a line. */
export function doneText({ name, computed, kept, missing, seconds }: Extract<EvaluateEvent, { type: 'done' }>): string {
  const none = missing === 0 ? '' : `, ${missing} could not be computed (their places say why)`;
  return `${name}: ${computed} computed, ${kept} as before${none}; ${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
}

/** An evaluation in the list. */
export function rowOf({ spec, view }: OpenEvaluation): EvaluationRow {
  const sides = view
    ? view.begin.sides.map(({ name, sessions }) => `${name} (${sessions})`).join(', ')
    : `${spec.real}, ${spec.simulated.join(', ')}`;
  return {
    ...{ name: spec.name, sides, at: view?.begin.at ?? null, failed: null },
    state: view === null ? 'new' : view.end ? 'done' : 'unfinished',
    missing: view?.sections.filter(({ state }) => state === 'missing').length ?? 0,
  };
}

/** What an evaluation is of, and what made it: rows of words and what they are about. */
export function aboutRows(
  { spec, view }: OpenEvaluation,
  notices: readonly string[],
): { head: string; text: string }[] {
  const command = { head: 'command', text: commandOf(spec) };
  if (!view) {
    const of = `real sessions of ${spec.real} beside simulated ones of ${spec.simulated.join(', ')}`;
    return [{ head: 'is of', text: of }, { head: '', text: 'It never ran: a computes it.' }, command];
  }
  const { begin, end } = view;
  const sides = begin.sides.map(({ name, kind, sessions, contexts, chatbots, corpora }) => ({
    head: name,
    text: `${sessions} ${kind} sessions on ${contexts} contexts, ${chatbots.length} chatbot${chatbots.length === 1 ? '' : 's'} (${chatbots.join(', ')}); corpus ${corpora.join(', ')}`,
  }));
  const inputs = begin.inputs.map(({ kind, name, role, sha256 }) => ({
    head: kind,
    text: `${name} as ${role}${sha256 === null ? '' : `, sha256 ${sha256.slice(0, 12)}`}`,
  }));
  const told = end === null ? notices : end.notices;
  const { seed, draws } = begin.spec;
  return [
    ...sides,
    { head: 'computed', text: computedText(view) },
    { head: 'intervals', text: `95%, ${draws} bootstrap samples, seed ${seed}` },
    ...told.map((text) => ({ head: '!', text })),
    { head: 'command', text: begin.command },
    ...inputs,
  ];
}

function computedText({ begin, sections, end }: EvaluationView): string {
  const count = (state: Section['state']) => sections.filter((section) => section.state === state).length;
  const open = count('pending');
  const rest = open === 0 ? '' : `, ${open} not computed yet`;
  const when = begin.at.slice(0, 16).replace('T', ' ');
  return `${when} by Foil ${begin.foil}: ${count('exhibits')} of ${sections.length} metrics, ${count('missing')} could not be${rest}${end ? `; ${end.seconds.toFixed(1)} s` : ''}`;
}
