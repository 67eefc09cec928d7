import type { ChatModel } from '../../ports.ts';
import type { Sampling } from '../../session/schema.ts';

/**
 * A simulator whose alternatives are sampled otherwise than its turns. The paper leaves open how alternatives are drawn;
 * the simulator's own sampling makes pairs of what it really says, a higher temperature makes wider ones.
 */
export function sampledWith(model: ChatModel, sampling: Sampling): ChatModel {
  if (Object.keys(sampling).length === 0) return model;
  const { name, served, system, flip, window, price, place } = model;
  return {
    ...{ name, system, flip, window, sampling: { ...model.sampling, ...sampling } },
    ...(served === undefined ? {} : { served }),
    ...(price === undefined ? {} : { price }),
    ...(place === undefined ? {} : { place }),
    generate: (request, signal) => model.generate(request, signal),
    countTokens: (texts, signal) => model.countTokens(texts, signal),
  };
}
