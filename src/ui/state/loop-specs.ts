import { PRESETS } from '../../core/stage/table.ts';
import type { FormOption } from './form-fields.ts';
import type { LoopForm } from './loop-form.ts';
import { plain, type Spec } from './settings.ts';

const NONE: FormOption = { value: 'none', help: '' };

/** The settings that the form shows, in the order in which they stand. */
export function specs({ settings, choices }: LoopForm): Spec[] {
  const corpora = choices.corpora.map(({ name, sessions }) => ({ value: name, help: `${sessions} sessions` }));
  const presets: FormOption[] = PRESETS.map((value) => ({
    value,
    help: value === 'small' ? 'the recipe for the 135M base that ships with Foil' : 'Table 6 of the paper',
  }));
  const launchers = plain(choices.launchers);
  const yes = plain(['true', 'false']);
  // biome-ignore format: one setting a line, so that a table reads as a table
  return [
    { key: 'name', label: 'name', section: 'Loop', kind: 'text', help: 'Its models, corpora and sets of pairs are named after it' },
    { key: 'simulator', label: 'simulator 0', section: 'Loop', kind: 'name', options: plain(choices.simulators), help: 'The simulator of the first iteration, from SFT' },
    { key: 'iterations', label: 'iterations', section: 'Loop', kind: 'whole', help: 'Rounds of Algorithm 1; 3 in the paper' },
    { key: 'judge_last', label: 'judge the last one', section: 'Loop', kind: 'yes', options: yes, help: 'Sessions and a judge of the last simulator too, which has none otherwise' },
    { key: 'contexts.train', label: 'training contexts', section: 'Contexts', kind: 'name', options: corpora, help: 'Real sessions whose contexts are simulated and learnt from' },
    { key: 'contexts.valid', label: 'held-out contexts', section: 'Contexts', kind: 'name', options: corpora, help: 'Real sessions of other contexts: what is judged stands on these' },
    { key: 'contexts.test', label: 'test contexts', section: 'Contexts', kind: 'none', options: [NONE, ...corpora], help: 'Real sessions of a third kind of contexts, for the figures of D' },
    { key: 'limits.train', label: 'training: first', section: 'Contexts', kind: 'any', help: 'How many training contexts; all: every one' },
    { key: 'limits.valid', label: 'held-out: first', section: 'Contexts', kind: 'any', help: 'How many held-out contexts; all: every one' },
    ...(settings.contexts.test === null ? [] : [{ key: 'limits.test', label: 'test: first', section: 'Contexts', kind: 'any' as const, help: 'How many test contexts; all: every one' }]),
    { key: 'given.sessions.train', label: 'training sessions', section: 'Iteration 0 from what is there', kind: 'none', options: [NONE, ...corpora], help: 'Sessions of simulator 0 on training contexts; none: they are made' },
    { key: 'given.sessions.valid', label: 'held-out sessions', section: 'Iteration 0 from what is there', kind: 'none', options: [NONE, ...corpora], help: 'Sessions of simulator 0 on held-out contexts' },
    { key: 'given.discriminator', label: 'discriminator', section: 'Iteration 0 from what is there', kind: 'none', options: [NONE, ...plain(choices.discriminators)], help: 'A judge that learnt from these sessions; none: it is trained' },
    { key: 'chatbots', label: 'chatbots', section: 'Simulate', kind: 'list', options: [{ value: 'all', help: 'every configuration (the paper has 14)' }, ...plain(choices.chatbots)], help: 'Who the simulators talk to: configurations or models' },
    { key: 'chatbots_a_context', label: 'chatbots a context', section: 'Simulate', kind: 'name', options: [{ value: 'one', help: 'each context meets one chatbot, in turn' }, { value: 'all', help: 'each context meets every chatbot' }], help: 'Which contexts meet which chatbots; the same in every iteration' },
    { key: 'per_context', label: 'sessions a context', section: 'Simulate', kind: 'whole', help: 'Sessions a context and chatbot; 2 in the paper (4.2)' },
    { key: 'max_user_turns', label: 'user turns at most', section: 'Simulate', kind: 'whole', help: 'One cap for every simulator; real sessions have 12 on average' },
    { key: 'seed', label: 'seed', section: 'Simulate', kind: 'whole', help: 'Of all sampling; simulating takes the same draws in every iteration' },
    { key: 'mine.n', label: 'alternatives', section: 'Mine', kind: 'whole', help: 'Texts that are sampled at a critical turn; 8 in the paper (3.5)' },
    { key: 'mine.critical.highest', label: 'highest turns', section: 'Mine', kind: 'whole', help: 'Turns of highest r a session that are critical' },
    { key: 'mine.critical.lowest', label: 'lowest turns', section: 'Mine', kind: 'whole', help: 'Turns of lowest r a session that are critical' },
    { key: 'mine.critical.random', label: 'random turns', section: 'Mine', kind: 'yes', options: yes, help: 'The control: as many turns at random instead of critical ones' },
    { key: 'review.by', label: 'who opens the gate', section: 'Review', kind: 'name', options: [{ value: 'person', help: 'you look at the pairs and open it' }, { value: 'rule', help: 'a rule approves, and signs as rule:loop' }], help: 'Whether pairs wait for a person before DPO' },
    ...(settings.review.by === 'rule' ? [{ key: 'review.rule.margin', label: 'margin of the rule', section: 'Review', kind: 'number' as const, help: 'Least r_chosen - r_rejected of a pair that the rule approves' }] : []),
    { key: 'dpo.floor', label: 'pairs at least', section: 'Review', kind: 'whole', help: 'Approved pairs without which DPO refuses to train' },
    { key: 'check.contexts', label: 'contexts to check', section: 'Check', kind: 'whole', help: 'Held-out contexts that the next simulator is tried on' },
    { key: 'held_out', label: 'held-out judge', section: 'Check', kind: 'none', options: [NONE, ...plain(choices.discriminators)], help: 'A judge that no round trains or mines with: a second opinion' },
    { key: 'discriminator.preset', label: 'preset', section: 'Discriminator', kind: 'name', options: presets, help: 'Where its hyper-parameters come from; your changes stay' },
    { key: 'discriminator.match', label: 'match lengths by', section: 'Discriminator', kind: 'name', options: plain(['turns', 'words', 'none']), help: 'How real and simulated sessions are paired: length must say nothing' },
    { key: 'discriminator.launcher', label: 'launcher', section: 'Discriminator', kind: 'name', options: launchers, help: 'Where it is trained; launchers stand in foil.yaml' },
    { key: 'discriminator.resources.gpus', label: 'GPUs', section: 'Discriminator', kind: 'whole', help: 'How many GPUs it asks for; 0 trains on the CPU' },
    { key: 'dpo.preset', label: 'preset', section: 'DPO', kind: 'name', options: presets, help: 'Where its hyper-parameters come from; your changes stay' },
    { key: 'dpo.launcher', label: 'launcher', section: 'DPO', kind: 'name', options: launchers, help: 'Where it is trained; launchers stand in foil.yaml' },
    { key: 'dpo.resources.gpus', label: 'GPUs', section: 'DPO', kind: 'whole', help: 'How many GPUs it asks for; 0 trains on the CPU' },
  ];
}
