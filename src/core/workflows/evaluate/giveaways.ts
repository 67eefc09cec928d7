import { contextIdOf } from '../../evaluate/behaviour/annotations.ts';
import { type Finding, giveawayExhibit } from '../../evaluate/judges/giveaways.ts';
import type { Exhibit } from '../../evaluate/table.ts';
import type { Inputs, Step } from './metrics.ts';
import { CORPUS_WHYS, whysOfCorpus } from './whys.ts';

/** A span of fewer sessions is no habit; rows each way. */
const SHOWN = { leastSessions: 3, most: 20 };

/**
 * Top give-aways of each simulator under its own discriminator, else under the first: every removal is a request.
 * @param sessions of each simulator, at most.
 */
export async function* topGiveaways(inputs: Inputs, sessions: number): AsyncGenerator<Step, Exhibit[]> {
  const { scorers, simulated, draws, signal } = inputs;
  const exhibits: Exhibit[] = [];
  for (const source of simulated) {
    const scorer = scorers.find(({ own }) => own === source.name) ?? scorers[0];
    if (!scorer) continue;
    const judge = await inputs.judge(scorer.name);
    const findings: Finding[] = [];
    for await (const { session, whys, done, of } of whysOfCorpus(
      judge,
      source.sessions.slice(0, sessions),
      CORPUS_WHYS,
      signal,
    )) {
      yield { text: `what ${scorer.name} finds in ${source.name}`, done, of };
      const at = { session: session.id, context: contextIdOf(session) };
      for (const { grain, text, effect } of whys) findings.push({ ...at, grain, text, effect });
    }
    exhibits.push(giveawayExhibit(scorer.name, source.name, source.corpus, findings, { ...SHOWN, ...draws }));
  }
  return exhibits;
}
