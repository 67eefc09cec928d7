/**
 * Where the keyboard is. Each place lists the scopes whose keys work there, innermost first. In a place with the
 * scope `text`, printable characters are text and never commands.
 */
export const PLACES = {
  'chat.composer': ['composer', 'lines', 'text', 'chat', 'global'],
  'chat.transcript': ['transcript', 'chat', 'global'],
  'chat.tree': ['tree', 'choice', 'list', 'ends', 'chat', 'global'],
  sessions: ['sessions', 'choice', 'list', 'ends', 'global'],
  'sessions.search': ['search', 'text', 'global'],
  review: ['review', 'scroll', 'global'],
  statistics: ['statistics', 'scroll', 'global'],
  runs: ['runs', 'onerun', 'choice', 'list', 'ends', 'global'],
  'runs.plots': ['plots', 'run', 'onerun', 'global'],
  'runs.log': ['log', 'run', 'onerun', 'scroll', 'global'],
  'runs.details': ['run', 'onerun', 'scroll', 'ends', 'global'],
  'runs.compare': ['plots', 'global'],
  'runs.form': ['field', 'form', 'choice', 'list', 'ends', 'global'],
  'runs.preflight': ['form', 'scroll', 'ends', 'global'],
  'runs.prompt': ['prompt', 'text', 'global'],
  loop: ['loops', 'choice', 'list', 'ends', 'global'],
  'loop.stage': ['grid', 'oneloop', 'global'],
  'loop.alarms': ['oneloop', 'scroll', 'ends', 'global'],
  'loop.figures': ['oneloop', 'scroll', 'ends', 'global'],
  'loop.form': ['field', 'loopform', 'choice', 'list', 'ends', 'global'],
  'loop.prompt': ['prompt', 'text', 'global'],
  evaluate: ['evals', 'choice', 'list', 'ends', 'global'],
  'evaluate.contents': ['oneeval', 'choice', 'list', 'ends', 'global'],
  'evaluate.exhibit': ['exhibit', 'oneeval', 'list', 'ends', 'global'],
  'evaluate.notes': ['oneeval', 'scroll', 'ends', 'global'],
  'evaluate.form': ['field', 'evalform', 'choice', 'list', 'ends', 'global'],
  'evaluate.draw': ['field', 'drawform', 'choice', 'list', 'ends', 'global'],
  'evaluate.prompt': ['prompt', 'text', 'global'],
  help: ['help', 'choice', 'list', 'ends', 'global'],
  palette: ['choice', 'list', 'text', 'global'],
  alternatives: ['alternatives', 'choice', 'list', 'ends', 'global'],
  context: ['context', 'choice', 'list', 'ends', 'global'],
  'context.search': ['search', 'text', 'global'],
  models: ['models', 'choice', 'list', 'ends', 'global'],
  seats: ['choice', 'list', 'ends', 'global'],
  edit: ['edit', 'lines', 'text', 'global'],
  choose: ['choose', 'choice', 'list', 'text', 'global'],
  steps: ['scroll', 'ends', 'global'],
  label: ['labelling', 'text', 'global'],
  exhibits: ['tables', 'exhibit', 'list', 'ends', 'global'],
  turing: ['guessing', 'text', 'global'],
  why: ['choice', 'list', 'ends', 'global'],
  confirm: ['confirm', 'global'],
} as const satisfies Record<string, readonly string[]>;

export type Place = keyof typeof PLACES;
export type Scope = (typeof PLACES)[Place][number];

/** True where printable keys are text. */
export function isTextPlace(place: Place): boolean {
  return (PLACES[place] as readonly Scope[]).includes('text');
}
