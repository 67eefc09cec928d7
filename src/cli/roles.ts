import type { ModelEntry, SeatKind } from '../core/ports.ts';
import type { LiveSession } from '../core/session/schema.ts';

/** The models that ship with Foil and were trained for these seats (design 4). */
const SHIPPED = { simulator: 'simulator-it0', chatbot: 'supporter', discriminator: 'discriminator-it0' } as const;

/**
 * The models that a session starts with: what foil.yaml says, else the shipped one, else the first that can be used.
 * A discriminator may be missing or switched off (null); the seats never are, since the base itself can take them.
 */
export function chooseRoles(
  configured: { readonly [Kind in SeatKind]?: string | null | undefined },
  models: readonly ModelEntry[],
): LiveSession['roles'] {
  const choose = (kind: SeatKind): string | null => {
    const wanted = configured[kind];
    if (wanted !== undefined) return wanted;
    const usable = models.filter((model) => model.kind === kind && model.unavailable === null);
    return (usable.find(({ name }) => name === SHIPPED[kind]) ?? usable[0])?.name ?? null;
  };
  return {
    simulator: choose('simulator') ?? SHIPPED.simulator,
    chatbot: choose('chatbot') ?? SHIPPED.chatbot,
    discriminator: choose('discriminator'),
  };
}
