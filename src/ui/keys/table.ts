import type { Binding } from './binding.ts';
import {
  can,
  first,
  needsAgreement,
  needsBlind,
  needsIdleEvaluation,
  needsIdleLoop,
  needsLoop,
  needsModel,
  needsOpen,
  needsOpenEnd,
  needsPair,
  needsRun,
  needsStage,
  needsTables,
  needsTurn,
  needsUserTurn,
  needsWatch,
} from './conditions.ts';
import type { Place } from './places.ts';
import { PLACES } from './places.ts';

/**
 * Every key of Foil. Decoder, footer, help, palette and docs/keys.md all read this table. Invariant, checked by a
 * test: within one place no key stands for two commands.
 */
// biome-ignore format: one key a line, so that a table reads as a table
export const KEYS = [
  { command: 'app.chat', keys: ['f2'], where: 'global', label: 'chat', help: 'Go to the Chat screen' },
  { command: 'app.sessions', keys: ['f3'], where: 'global', label: 'sessions', help: 'Go to the Sessions screen' },
  { command: 'app.review', keys: ['f4'], where: 'global', label: 'review', help: 'Go to the Review screen' },
  { command: 'app.runs', keys: ['f5'], where: 'global', label: 'runs', help: 'Go to the Runs screen' },
  { command: 'app.evaluate', keys: ['f6'], where: 'global', label: 'evaluate', help: 'Go to the Evaluate screen' },
  { command: 'app.loop', keys: ['f7'], where: 'global', label: 'loop', help: 'Go to the Loop screen' },
  { command: 'app.help', keys: ['f1', '?'], where: 'global', label: 'help', rank: 90, sign: '?', help: 'Show the keys that work here' },
  { command: 'app.palette', keys: ['ctrl+p', ':'], where: 'global', label: 'commands', rank: 91, sign: ':', help: 'Find a command by name' },
  { command: 'app.back', keys: ['esc'], where: 'global', label: 'back', rank: 80, help: 'Close what is on top, or leave the field' },
  { command: 'app.cancel', keys: ['ctrl+c'], where: 'global', label: 'cancel', rank: 95, help: 'Cancel what runs; pressed again, leave Foil' },
  { command: 'app.quit', keys: ['ctrl+q'], where: 'global', label: 'quit', help: 'Leave Foil; the session is saved' },

  { command: 'chat.focusNext', keys: ['tab'], where: 'chat', label: 'pane', rank: 10, help: 'Go to the next pane' },
  { command: 'chat.focusPrevious', keys: ['shift+tab'], where: 'chat', label: 'pane back', help: 'Go to the previous pane' },
  { command: 'chat.dump', keys: ['ctrl+t'], where: 'chat', label: 'dump', help: 'Write the transcript to a file and to the scroll-back' },
  { command: 'chat.step', keys: ['n'], where: 'chat', label: 'step', rank: 20, help: 'Let the next speaker say one turn', disabled: first(needsOpenEnd, needsModel) },
  { command: 'chat.run', keys: ['r'], where: 'chat', label: 'run/pause', rank: 21, help: 'Let the two models talk, or pause after the turn under way', disabled: (facts) => (facts.running ? null : first(needsWatch, needsOpenEnd, needsModel)(facts)) },
  { command: 'chat.stop', keys: ['X'], where: 'chat', label: 'stop', rank: 22, help: 'Stop the reply at once and keep what has arrived', disabled: (facts) => (facts.busy || facts.running ? null : 'nothing runs') },
  { command: 'chat.seats', keys: ['s'], where: 'chat', label: 'seats', rank: 30, help: 'Choose who sits where: you as the chatbot, you as the user, or watch' },
  { command: 'chat.tree', keys: ['t'], where: 'chat', label: 'tree', rank: 31, help: 'Show or hide the tree of branches' },
  { command: 'chat.context', keys: ['c'], where: 'chat', label: 'context', rank: 32, help: 'Choose or write the context of the simulator, and see what was cut' },
  { command: 'chat.models', keys: ['M'], where: 'chat', label: 'models', rank: 33, help: 'Switch simulator, chatbot or discriminator' },
  { command: 'chat.new', keys: ['N'], where: 'chat', label: 'new', rank: 34, help: 'Start a new session', disabled: (facts) => (facts.busy ? 'a reply is being written; cancel it with Ctrl+C' : null) },
  { command: 'chat.retry', keys: ['R'], where: 'chat', label: 'retry', rank: 2, help: 'Ask again for a turn that was cut off, or for scores that failed', disabled: first((facts) => (facts.partial || (facts.unjudged && !facts.busy) ? null : 'no turn was cut off: n lets the next speaker say one'), needsModel) },
  { command: 'chat.scores', keys: ['w'], where: 'chat', label: 'scores', rank: 40, help: 'Show or hide p_t and r_t in the transcript' },

  { command: 'composer.send', keys: ['enter'], where: 'composer', label: 'send', rank: 1, help: 'Send the text as your turn', disabled: first(needsOpenEnd, needsModel) },
  { command: 'composer.editor', keys: ['ctrl+g'], where: 'composer', label: '$EDITOR', rank: 45, help: 'Write the turn in $EDITOR' },
  { command: 'transcript.pageUp', keys: ['pageup'], where: 'composer', label: 'page up', help: 'Scroll the transcript a page up' },
  { command: 'transcript.pageDown', keys: ['pagedown'], where: 'composer', label: 'page down', help: 'Scroll the transcript a page down' },

  { command: 'transcript.up', keys: ['up'], where: 'transcript', label: 'scroll', rank: 50, sign: '↑↓', help: 'Scroll a row up' },
  { command: 'transcript.down', keys: ['down'], where: 'transcript', label: 'scroll', help: 'Scroll a row down' },
  { command: 'transcript.pageUp', keys: ['pageup'], where: 'transcript', label: 'page up', help: 'Scroll the transcript a page up' },
  { command: 'transcript.pageDown', keys: ['pagedown'], where: 'transcript', label: 'page down', help: 'Scroll the transcript a page down' },
  { command: 'transcript.top', keys: ['home', 'g'], where: 'transcript', label: 'top', help: 'Go to the first turn' },
  { command: 'transcript.bottom', keys: ['end', 'G'], where: 'transcript', label: 'bottom', help: 'Go to the last turn and follow new ones' },
  { command: 'transcript.previous', keys: ['k'], where: 'transcript', label: 'turn', rank: 11, sign: 'j k', help: 'Select the previous turn' },
  { command: 'transcript.next', keys: ['j'], where: 'transcript', label: 'next turn', help: 'Select the next turn' },
  { command: 'transcript.previousUser', keys: ['['], where: 'transcript', label: 'user turn', rank: 12, sign: '[ ]', help: 'Select the previous user turn' },
  { command: 'transcript.nextUser', keys: [']'], where: 'transcript', label: 'next user turn', help: 'Select the next user turn' },
  { command: 'turn.alternatives', keys: ['a'], where: 'transcript', label: '8 alternatives', rank: 2, help: 'Sample 8 alternatives of the selected user turn, ranked by reward', disabled: first(needsUserTurn, needsModel) },
  { command: 'turn.branch', keys: ['b'], where: 'transcript', label: 'branch', rank: 3, help: 'Continue from the selected turn in a new branch', disabled: first(needsTurn, (facts) => (facts.busy ? 'a reply is being written; cancel it with Ctrl+C' : null)) },
  { command: 'turn.edit', keys: ['e'], where: 'transcript', label: 'edit', rank: 4, help: 'Edit the selected turn in a new branch and rescore it', disabled: first(needsTurn, (facts) => (facts.busy ? 'a reply is being written; cancel it with Ctrl+C' : null)) },
  { command: 'turn.pair', keys: ['m'], where: 'transcript', label: 'make pair', rank: 5, help: 'Make a preference pair of the selected user turn and one of its siblings', disabled: first(needsUserTurn, (facts) => facts.branches ? null : 'the turn has no sibling yet (a samples alternatives, e edits)') },

  { command: 'turn.why', keys: ['x'], where: 'transcript', label: 'why', rank: 6, help: 'Ask why the selected user turn looks real or simulated: the parts that move z most', disabled: first(needsUserTurn, (facts) => (facts.scored ? null : 'no discriminator is in use (M chooses one)'), (facts) => facts.noModel) },

  { command: 'list.up', keys: ['up', 'k'], where: 'list', label: 'select', rank: 50, sign: '↑↓', help: 'Go one row up' },
  { command: 'list.down', keys: ['down', 'j'], where: 'list', label: 'select', help: 'Go one row down' },
  { command: 'list.pageUp', keys: ['pageup'], where: 'list', label: 'page up', help: 'Go one page up' },
  { command: 'list.pageDown', keys: ['pagedown'], where: 'list', label: 'page down', help: 'Go one page down' },
  { command: 'list.choose', keys: ['enter'], where: 'choice', label: 'choose', rank: 1, help: 'Choose or open the selected row' },
  { command: 'list.first', keys: ['home', 'g'], where: 'ends', label: 'first', help: 'Go to the first row' },
  { command: 'list.last', keys: ['end', 'G'], where: 'ends', label: 'last', help: 'Go to the last row' },

  { command: 'scroll.up', keys: ['up', 'k'], where: 'scroll', label: 'scroll', rank: 50, sign: '↑↓', help: 'Scroll a row up' },
  { command: 'scroll.down', keys: ['down', 'j'], where: 'scroll', label: 'scroll', help: 'Scroll a row down' },
  { command: 'scroll.pageUp', keys: ['pageup'], where: 'scroll', label: 'page up', help: 'Scroll a page up' },
  { command: 'scroll.pageDown', keys: ['pagedown'], where: 'scroll', label: 'page down', help: 'Scroll a page down' },

  { command: 'tree.parent', keys: ['left', 'h'], where: 'tree', label: 'fork', rank: 12, sign: '←→', help: 'Go to the turn above' },
  { command: 'tree.child', keys: ['right', 'l'], where: 'tree', label: 'child', help: 'Go to the first turn below' },

  { command: 'sessions.search', keys: ['/'], where: 'sessions', label: 'search', rank: 2, help: 'Search the text of sessions' },
  { command: 'sessions.sort', keys: ['s'], where: 'sessions', label: 'sort', rank: 3, help: 'Sort by the next column: updated, p_T, lowest r, length' },
  { command: 'sessions.reverse', keys: ['v'], where: 'sessions', label: 'reverse', rank: 4, help: 'Reverse the order' },
  { command: 'sessions.origin', keys: ['o'], where: 'sessions', label: 'origin', rank: 5, help: 'Show live, real, simulated or all sessions' },
  { command: 'sessions.corpus', keys: ['c'], where: 'sessions', label: 'corpus', rank: 6, help: 'Show one corpus, or all' },
  { command: 'sessions.risk', keys: ['z'], where: 'sessions', label: 'risk', rank: 8, help: 'Hide or show sessions with risk language' },
  { command: 'sessions.score', keys: ['p'], where: 'sessions', label: 'score', rank: 7, help: 'Score the selected session with the discriminator in use', disabled: needsModel },

  { command: 'review.approve', keys: ['y'], where: 'review', label: 'approve', rank: 1, help: 'Approve the pair as it stands', disabled: needsOpen },
  { command: 'review.reject', keys: ['n'], where: 'review', label: 'reject', rank: 2, help: 'Reject the pair: it teaches nothing, or the wrong thing', disabled: needsOpen },
  { command: 'review.left', keys: ['1'], where: 'review', label: 'better', rank: 1, sign: '1 2', help: 'Blind: the left (upper) side is the better one', disabled: needsBlind },
  { command: 'review.right', keys: ['2'], where: 'review', label: 'better', help: 'Blind: the right (lower) side is the better one', disabled: needsBlind },
  { command: 'review.none', keys: ['0'], where: 'review', label: 'none', rank: 2, help: 'Blind: none is better, which rejects the pair', disabled: needsBlind },
  { command: 'review.skip', keys: ['s'], where: 'review', label: 'skip', rank: 3, help: 'Skip the pair; the filter finds it again', disabled: needsPair },
  { command: 'review.undo', keys: ['u'], where: 'review', label: 'undo', rank: 4, help: 'Take back your last key, of earlier sittings too, and go to its pair' },
  { command: 'review.swap', keys: ['w'], where: 'review', label: 'swap', rank: 6, help: 'Exchange chosen and rejected', disabled: needsOpen },
  { command: 'review.editLeft', keys: ['e'], where: 'review', label: 'edit', rank: 5, sign: 'e E', help: 'Edit the chosen (blind: the left) side and have it scored', disabled: needsPair },
  { command: 'review.editRight', keys: ['E'], where: 'review', label: 'edit rejected', help: 'Edit the rejected (blind: the right) side and have it scored', disabled: needsPair },
  { command: 'review.note', keys: ['c'], where: 'review', label: 'note', rank: 8, help: 'Write a note on the pair', disabled: needsPair },
  { command: 'review.previous', keys: ['[', 'left'], where: 'review', label: 'look', rank: 7, sign: '[ ]', help: 'Look at the pair before without deciding' },
  { command: 'review.next', keys: [']', 'right'], where: 'review', label: 'look on', help: 'Look at the next pair without deciding', disabled: needsPair },
  { command: 'review.blind', keys: ['b'], where: 'review', label: 'blind', rank: 9, help: 'Hide rewards and put the sides left and right at random, or show them again' },
  { command: 'review.filter', keys: ['f'], where: 'review', label: 'filter', rank: 10, help: 'Choose which pairs show: decided or not, set, kind, warnings' },
  { command: 'review.order', keys: ['o'], where: 'review', label: 'order', rank: 11, help: 'Order the queue: as made, by margin, by disagreement, at random' },
  { command: 'review.pass', keys: ['p'], where: 'review', label: 'pass', rank: 12, help: 'Judge your own labels again in another pass, or change the reviewer' },
  { command: 'review.statistics', keys: ['g'], where: 'review', label: 'statistics', rank: 13, help: 'Show pace, agreement with D, with yourself and with others, and all remarks on the pair' },
  { command: 'review.pane', keys: ['tab', 'shift+tab'], where: 'review', label: 'pane', rank: 14, sign: 'Tab', help: 'Scroll the sides, or the history' },
  { command: 'review.reload', keys: ['r'], where: 'review', label: 'read again', help: 'Read the sets again, where mining or another reviewer writes' },
  { command: 'review.top', keys: ['home'], where: 'review', label: 'top', help: 'Go to the context, or to the first row of the sides' },
  { command: 'review.bottom', keys: ['end'], where: 'review', label: 'bottom', help: 'Go to the newest turn, or to the last row of the sides' },

  { command: 'statistics.close', keys: ['g', 'q'], where: 'statistics', label: 'close', rank: 1, sign: 'g', help: 'Close the statistics' },

  { command: 'runs.new', keys: ['n'], where: 'runs', label: 'new run', rank: 2, help: 'Start a new run: SFT, a discriminator, or DPO' },
  { command: 'runs.filter', keys: ['/'], where: 'runs', label: 'filter', rank: 8, help: 'Show only runs that hold some words: name, stage, state, launcher, notes' },
  { command: 'runs.mark', keys: ['m'], where: 'runs', label: 'mark', rank: 9, help: 'Mark the run to compare another one with it', disabled: needsRun },
  { command: 'runs.compare', keys: ['='], where: 'runs', label: 'compare', rank: 3, help: 'Compare the run with the marked one on one plot', disabled: (facts) => !facts.runMarked ? 'mark a run first (m), then go to another one' : facts.run?.marked ? 'this is the marked run: go to another one' : null },

  { command: 'run.adopt', keys: ['a'], where: 'onerun', label: 'adopt', rank: 4, help: 'Make a model of what the run wrote, ready in Chat; of a run that is adopted, again', disabled: can('adopt'), offered: (facts) => facts.run?.adopted === false },
  { command: 'run.chat', keys: ['C'], where: 'onerun', label: 'chat with it', rank: 2, help: 'Go to Chat with the model that the run was adopted as', disabled: first(needsRun, (facts) => (facts.run?.adopted ? null : 'it was not adopted yet (a)')) },
  { command: 'run.resume', keys: ['R'], where: 'onerun', label: 'resume', rank: 4, help: 'Go on from the last checkpoint of a run that ended or was lost', disabled: can('resume') },
  { command: 'run.cancel', keys: ['x'], where: 'onerun', label: 'cancel', rank: 5, help: 'End the run: TERM to all of its processes, then KILL', disabled: can('cancel') },
  { command: 'run.clone', keys: ['c'], where: 'onerun', label: 'clone', rank: 6, help: 'Open the form filled as this run was, to start another one with changes', disabled: can('clone') },
  { command: 'run.note', keys: ['w'], where: 'onerun', label: 'note', rank: 7, help: 'Write a note on the run', disabled: needsRun },

  { command: 'run.nextPane', keys: ['tab'], where: 'run', label: 'pane', rank: 1, help: 'Go to the next pane: plots, log, details' },
  { command: 'run.previousPane', keys: ['shift+tab'], where: 'run', label: 'previous pane', help: 'Go to the previous pane' },
  { command: 'plots.next', keys: [']'], where: 'plots', label: 'plots', rank: 3, sign: '[ ]', help: 'Show the next plots, or compare by the next figure' },
  { command: 'plots.previous', keys: ['['], where: 'plots', label: 'previous plots', help: 'Show the previous plots, or compare by the previous figure' },

  { command: 'log.search', keys: ['/'], where: 'log', label: 'search', rank: 2, help: 'Search the log, whatever its length' },
  { command: 'log.nextMatch', keys: ['n'], where: 'log', label: 'next match', rank: 3, sign: 'n N', help: 'Go to the next line that was searched for', disabled: (facts) => (facts.searched ? null : 'search for something first (/)') },
  { command: 'log.previousMatch', keys: ['N'], where: 'log', label: 'previous match', help: 'Go to the previous line that was searched for', disabled: (facts) => (facts.searched ? null : 'search for something first (/)') },
  { command: 'log.first', keys: ['home', 'g'], where: 'log', label: 'first line', help: 'Go to the first line of the log' },
  { command: 'log.follow', keys: ['end', 'G'], where: 'log', label: 'follow', rank: 4, sign: 'G', help: 'Go to the end of the log and follow it' },
  { command: 'log.left', keys: ['left'], where: 'log', label: 'left', help: 'Show what stands further to the left in long lines' },
  { command: 'log.right', keys: ['right'], where: 'log', label: 'right', help: 'Show what stands further to the right in long lines' },

  { command: 'field.next', keys: ['right'], where: 'field', label: 'value', rank: 3, sign: '←→', help: 'Take the next value, where the field has a few' },
  { command: 'field.previous', keys: ['left'], where: 'field', label: 'previous value', help: 'Take the previous value, where the field has a few' },
  { command: 'field.reset', keys: ['backspace', 'delete'], where: 'field', label: 'reset', rank: 5, help: 'Take the value of the preset again, or what the form began with' },
  { command: 'form.preflight', keys: ['p'], where: 'form', label: 'check', rank: 2, help: 'Check the run without starting it: rows, tokens, memory, time, one example', disabled: (facts) => facts.formBusy },
  { command: 'form.start', keys: ['ctrl+s'], where: 'form', label: 'start', rank: 4, help: 'Start the run; it is checked first', disabled: (facts) => facts.formBusy },
  { command: 'form.pane', keys: ['tab', 'shift+tab'], where: 'form', label: 'form or check', rank: 6, sign: 'Tab', help: 'Go from the form to what the check found, and back' },

  { command: 'loops.new', keys: ['n'], where: 'loops', label: 'new loop', rank: 2, help: 'Make a loop: corpora, simulator, chatbots, iterations, training, review' },
  { command: 'loops.reload', keys: ['r'], where: 'loops', label: 'read again', rank: 9, help: 'Read all loops again' },

  { command: 'grid.up', keys: ['up', 'k'], where: 'grid', label: 'cell', rank: 50, sign: '↑↓←→', help: 'Go to the iteration above' },
  { command: 'grid.down', keys: ['down', 'j'], where: 'grid', label: 'iteration below', help: 'Go to the iteration below' },
  { command: 'grid.left', keys: ['left', 'h'], where: 'grid', label: 'stage before', help: 'Go to the stage before' },
  { command: 'grid.right', keys: ['right', 'l'], where: 'grid', label: 'stage after', help: 'Go to the stage after' },
  { command: 'grid.next', keys: ['g', 'home'], where: 'grid', label: 'what is next', rank: 12, sign: 'g', help: 'Go to the stage that comes next' },
  { command: 'grid.open', keys: ['enter'], where: 'grid', label: 'look', rank: 4, help: 'Go to what the stage made: its training run, its pairs in Review, its sessions' },
  { command: 'grid.pageUp', keys: ['pageup'], where: 'grid', label: 'page up', help: 'Scroll what is said of the stage a page up' },
  { command: 'grid.pageDown', keys: ['pagedown'], where: 'grid', label: 'page down', help: 'Scroll what is said of the stage a page down' },

  { command: 'loop.stage', keys: ['s'], where: 'oneloop', label: 'stage', rank: 1, help: 'Run the stage that comes next, or go on with it', disabled: first(needsLoop, needsIdleLoop, needsStage) },
  { command: 'loop.iteration', keys: ['i'], where: 'oneloop', label: 'iteration', rank: 2, help: 'Run the rest of the iteration that is next, as far as the gate', disabled: first(needsLoop, needsIdleLoop, needsStage) },
  { command: 'loop.all', keys: ['a'], where: 'oneloop', label: 'all', rank: 3, help: 'Run all that is left, as far as the next gate', disabled: first(needsLoop, needsIdleLoop, needsStage) },
  { command: 'loop.stop', keys: ['x'], where: 'oneloop', label: 'stop', rank: 1, help: 'Stop the loop that is run here; a training job goes on, and what was begun is gone on with later', disabled: (facts) => (facts.loopHere === null ? 'nothing is run here' : facts.loopStopping ? 'it is stopping' : null) },
  { command: 'loop.gate', keys: ['o'], where: 'oneloop', label: 'gate', rank: 2, help: 'Open the gate that waits: what is approved by now is trained on', disabled: first(needsLoop, needsIdleLoop, (facts) => (facts.loop?.waiting ? null : 'no gate waits')) },
  { command: 'loop.nextPane', keys: ['tab'], where: 'oneloop', label: 'pane', rank: 5, help: 'Go to the next pane: stage, alarms, figures' },
  { command: 'loop.previousPane', keys: ['shift+tab'], where: 'oneloop', label: 'previous pane', help: 'Go to the previous pane' },
  { command: 'loop.new', keys: ['n'], where: 'oneloop', label: 'new loop', rank: 11, help: 'Make another loop' },
  { command: 'loop.list', keys: ['L'], where: 'oneloop', label: 'all loops', rank: 13, help: 'Go to the list of loops' },
  { command: 'loop.reload', keys: ['r'], where: 'oneloop', label: 'read again', rank: 10, help: 'Read the loop and all that it reads again: what has changed shows as stale' },

  { command: 'loopform.create', keys: ['ctrl+s'], where: 'loopform', label: 'make it', rank: 2, help: 'Make the loop as the form says; nothing is started' },

  { command: 'evals.new', keys: ['n'], where: 'evals', label: 'new', rank: 2, help: 'Make an evaluation: corpora, simulators, judges, annotators, metrics' },
  { command: 'evals.label', keys: ['l'], where: 'evals', label: 'label', rank: 3, help: 'Label a drawn sample by hand, to measure annotators against' },
  { command: 'evals.turing', keys: ['t'], where: 'evals', label: 'Turing', rank: 4, help: 'Guess blind, turn by turn, whether users are real, beside the discriminators' },
  { command: 'evals.reload', keys: ['r'], where: 'evals', label: 'read again', rank: 9, help: 'Read all evaluations again' },

  { command: 'eval.run', keys: ['a'], where: 'oneeval', label: 'compute', rank: 2, help: 'Compute what is missing, or what has changed; tables come as they are computed', disabled: needsIdleEvaluation },
  { command: 'eval.again', keys: ['A'], where: 'oneeval', label: 'compute all', help: 'Compute everything again', disabled: needsIdleEvaluation },
  { command: 'eval.stop', keys: ['x'], where: 'oneeval', label: 'stop', rank: 2, help: 'Stop the evaluation that is computed here; what is computed is kept', disabled: (facts) => (facts.evaluationHere === null ? 'nothing is computed here' : facts.evaluationStopping ? 'it is stopping' : null) },
  { command: 'eval.nextPane', keys: ['tab'], where: 'oneeval', label: 'pane', rank: 3, help: 'Go to the next pane: contents, exhibit, notes' },
  { command: 'eval.previousPane', keys: ['shift+tab'], where: 'oneeval', label: 'previous pane', help: 'Go to the previous pane' },
  { command: 'eval.next', keys: [']'], where: 'oneeval', label: 'exhibit', rank: 4, sign: '[ ]', help: 'Show the next table or figure' },
  { command: 'eval.previous', keys: ['['], where: 'oneeval', label: 'previous exhibit', help: 'Show the previous table or figure' },
  { command: 'eval.write', keys: ['w'], where: 'oneeval', label: 'write report', rank: 5, help: 'Write the HTML report and each table as CSV, and say where' },
  { command: 'eval.change', keys: ['e'], where: 'oneeval', label: 'change', rank: 11, help: 'Change what is evaluated; what it does not decide is not computed again', disabled: needsIdleEvaluation },
  { command: 'eval.new', keys: ['n'], where: 'oneeval', label: 'new', rank: 12, help: 'Make another evaluation' },
  { command: 'eval.list', keys: ['L'], where: 'oneeval', label: 'all', rank: 13, help: 'Go to the list of evaluations' },
  { command: 'eval.reload', keys: ['r'], where: 'oneeval', label: 'read again', rank: 10, help: 'Read the evaluation again, where another process computes it' },

  { command: 'exhibit.sessions', keys: ['enter'], where: 'exhibit', label: 'its sessions', rank: 1, help: 'Go to the sessions behind the row or the point under the cursor', disabled: (facts) => (facts.exhibit ? null : 'no sessions stand behind this: [ and ] go to tables and figures') },
  { command: 'exhibit.left', keys: ['left', 'h'], where: 'exhibit', label: 'column', rank: 6, sign: '←→', help: 'Go to the column to the left' },
  { command: 'exhibit.right', keys: ['right', 'l'], where: 'exhibit', label: 'column to the right', help: 'Go to the column to the right' },

  { command: 'tables.next', keys: [']'], where: 'tables', label: 'table', rank: 3, sign: '[ ]', help: 'Show the next table', disabled: needsTables },
  { command: 'tables.previous', keys: ['['], where: 'tables', label: 'previous table', help: 'Show the previous table', disabled: needsTables },
  { command: 'tables.notes', keys: ['tab'], where: 'tables', label: 'notes', rank: 4, help: 'Show the notes in full, and go back' },
  { command: 'tables.annotator', keys: ['b'], where: 'tables', label: 'by another', rank: 2, help: 'Measure another annotator against the same labels', disabled: needsAgreement },
  { command: 'tables.keep', keys: ['s'], where: 'tables', label: 'keep', rank: 5, help: 'Keep the agreement in labels/agreement.json, to stand beside every figure of this annotator', disabled: needsAgreement },

  { command: 'evalform.create', keys: ['ctrl+s'], where: 'evalform', label: 'keep it', rank: 2, help: 'Keep the evaluation as the form says; nothing is started' },

  { command: 'drawform.create', keys: ['ctrl+s'], where: 'drawform', label: 'draw it', rank: 2, help: 'Draw the sitting or the sample as the form says, and open it' },

  { command: 'label.confirm', keys: ['enter'], where: 'labelling', label: 'keep', rank: 1, help: 'Keep the categories that are marked, none if none is, and go on; a letter marks its category' },
  { command: 'label.skip', keys: ['tab'], where: 'labelling', label: 'skip', rank: 2, help: 'Leave the message out' },
  { command: 'label.undo', keys: ['shift+tab'], where: 'labelling', label: 'undo', rank: 3, sign: 'Ctrl+Z', help: 'Take back your last label or skip, of earlier sittings too; Ctrl+Z does the same, and left and right look at other messages' },
  { command: 'label.agreement', keys: ['ctrl+g'], where: 'labelling', label: 'kappa', rank: 4, help: 'Show how far annotators agree with what you have labelled so far' },
  { command: 'label.up', keys: ['up'], where: 'labelling', label: 'scroll', rank: 6, sign: '↑↓', help: 'Scroll the session up' },
  { command: 'label.down', keys: ['down'], where: 'labelling', label: 'scroll down', help: 'Scroll the session down' },

  { command: 'turing.next', keys: ['enter'], where: 'guessing', label: 'go on', rank: 1, help: 'Show what a session was once all its turns are guessed, then go to the next; a digit guesses the turn that is marked' },
  { command: 'turing.skip', keys: ['tab'], where: 'guessing', label: 'skip', rank: 2, help: 'Leave the session out' },
  { command: 'turing.undo', keys: ['shift+tab'], where: 'guessing', label: 'undo', rank: 3, sign: 'Ctrl+Z', help: 'Take back your last guess or skip, of earlier sittings too, until the truth was shown; Ctrl+Z does the same' },
  { command: 'turing.note', keys: ['ctrl+n'], where: 'guessing', label: 'note', rank: 4, help: 'Write a note on the session' },
  { command: 'turing.figures', keys: ['ctrl+g'], where: 'guessing', label: 'figures', rank: 5, help: 'Show how often you were right in the sessions that you have judged, beside the discriminators' },
  { command: 'turing.up', keys: ['up'], where: 'guessing', label: 'scroll', rank: 7, sign: '↑↓', help: 'Scroll the session up' },
  { command: 'turing.down', keys: ['down'], where: 'guessing', label: 'scroll down', help: 'Scroll the session down' },

  { command: 'prompt.apply', keys: ['enter'], where: 'prompt', label: 'take it', rank: 1, help: 'Take what is written' },
  { command: 'choose.mark', keys: ['tab'], where: 'choose', label: 'mark', rank: 2, help: 'Mark one of several, where several can be chosen', disabled: (facts) => (facts.many ? null : 'only one can be chosen here: Enter takes it') },

  { command: 'choose.new', keys: ['ctrl+n'], where: 'choose', label: 'draw a new one', rank: 3, help: 'Draw a new sitting or sample, where these are offered', disabled: (facts) => (facts.drawn ? null : 'nothing is drawn here') },

  { command: 'search.apply', keys: ['enter'], where: 'search', label: 'search', rank: 1, help: 'Search and go back to the list' },
  { command: 'search.down', keys: ['down'], where: 'search', label: 'to the list', rank: 2, help: 'Go to the list' },

  { command: 'help.close', keys: ['q'], where: 'help', label: 'close', help: 'Close the help' },

  { command: 'alternatives.mark', keys: ['space'], where: 'alternatives', label: 'mark', rank: 2, help: 'Mark for a pair: the first marked is chosen, the second rejected' },
  { command: 'alternatives.pair', keys: ['m'], where: 'alternatives', label: 'make pair', rank: 3, help: 'Make a preference pair of the two marked alternatives', disabled: (facts) => (facts.marked === 2 ? null : 'mark two alternatives with Space: the chosen one first') },
  { command: 'alternatives.edit', keys: ['e'], where: 'alternatives', label: 'edit', rank: 4, help: 'Edit the alternative and rescore it', disabled: needsModel },
  { command: 'alternatives.more', keys: ['n'], where: 'alternatives', label: 'sample again', rank: 5, help: 'Sample 8 more from the same prefix', disabled: needsModel },

  { command: 'context.edit', keys: ['e'], where: 'context', label: 'edit', rank: 2, help: 'Edit the selected component' },
  { command: 'context.blank', keys: ['N'], where: 'context', label: 'write new', rank: 4, help: 'Start from an empty context' },
  { command: 'context.pick', keys: ['p'], where: 'context', label: 'from a corpus', rank: 3, help: 'Take the context of a session in a corpus' },
  { command: 'context.search', keys: ['/'], where: 'context', label: 'search', rank: 6, help: 'Search the contexts of the corpora' },

  { command: 'models.nextKind', keys: ['tab', 'right'], where: 'models', label: 'kind', rank: 2, help: 'Go to the next kind: simulator, chatbot, discriminator' },
  { command: 'models.previousKind', keys: ['shift+tab', 'left'], where: 'models', label: 'previous kind', help: 'Go to the previous kind' },

  { command: 'edit.save', keys: ['enter'], where: 'edit', label: 'save', rank: 1, help: 'Save the text' },
  { command: 'edit.editor', keys: ['ctrl+g'], where: 'edit', label: '$EDITOR', rank: 3, help: 'Write the text in $EDITOR' },

  { command: 'confirm.yes', keys: ['y', 'enter'], where: 'confirm', label: 'yes', rank: 1, help: 'Yes' },
  { command: 'confirm.no', keys: ['n'], where: 'confirm', label: 'no', rank: 2, help: 'No' },

  { command: 'text.newline', keys: ['alt+enter', 'shift+enter', 'ctrl+j'], where: 'lines', label: 'new line', rank: 2, sign: 'Alt+Enter', help: 'Begin a new line' },
  { command: 'text.up', keys: ['up'], where: 'lines', label: 'up', help: 'Go a row up; in the first row, to the previous text you sent' },
  { command: 'text.down', keys: ['down'], where: 'lines', label: 'down', help: 'Go a row down; in the last row, to the next text you sent' },
  { command: 'text.left', keys: ['left', 'ctrl+b'], where: 'text', label: 'left', help: 'Go a character left' },
  { command: 'text.right', keys: ['right', 'ctrl+f'], where: 'text', label: 'right', help: 'Go a character right' },
  { command: 'text.wordLeft', keys: ['alt+left', 'ctrl+left', 'alt+b'], where: 'text', label: 'word left', help: 'Go a word left' },
  { command: 'text.wordRight', keys: ['alt+right', 'ctrl+right', 'alt+f'], where: 'text', label: 'word right', help: 'Go a word right' },
  { command: 'text.home', keys: ['home', 'ctrl+a'], where: 'text', label: 'line start', help: 'Go to the start of the line' },
  { command: 'text.end', keys: ['end', 'ctrl+e'], where: 'text', label: 'line end', help: 'Go to the end of the line' },
  { command: 'text.backspace', keys: ['backspace'], where: 'text', label: 'delete left', help: 'Delete the character to the left' },
  { command: 'text.delete', keys: ['delete', 'ctrl+d'], where: 'text', label: 'delete', help: 'Delete the character to the right' },
  { command: 'text.wordBackspace', keys: ['ctrl+w', 'alt+backspace', 'ctrl+backspace'], where: 'text', label: 'delete word', help: 'Delete the word to the left' },
  { command: 'text.wordDelete', keys: ['alt+d', 'alt+delete', 'ctrl+delete'], where: 'text', label: 'delete word right', help: 'Delete the word to the right' },
  { command: 'text.killStart', keys: ['ctrl+u'], where: 'text', label: 'delete to start', help: 'Delete to the start of the line' },
  { command: 'text.killEnd', keys: ['ctrl+k'], where: 'text', label: 'delete to end', help: 'Delete to the end of the line' },
  { command: 'text.undo', keys: ['ctrl+z'], where: 'text', label: 'undo', help: 'Take back the last change' },

] as const satisfies readonly Binding[];

export type Command = (typeof KEYS)[number]['command'];
export type TextCommand = Extract<Command, `text.${string}`>;
/** A line of the table with its command narrowed to the commands there are. */
export type Key = Omit<Binding, 'command'> & { readonly command: Command };

/** The bindings that work in a place, innermost scope first, in the order of the table within a scope. */
export function bindingsIn(place: Place): readonly Key[] {
  const keys: readonly Key[] = KEYS;
  return PLACES[place].flatMap((scope) => keys.filter((key) => key.where === scope));
}
