"""Where a simulator stops, held where it was: DPO moves it by accident.

Every token of a rejected turn becomes less likely, and what it loses goes to all others, the end of the turn among them. On
ESConv P(end) inside a turn rose by an eighth to a quarter in every DPO run, whatever the lengths of the pairs, and turns
became shorter (docs/results.md). So the chance of an end is held by a term of its own.
"""

from __future__ import annotations

import torch


class EndsWatched:
    """Notes at each forward of `model` the log-probability of an end (any of `ids`) at the positions of `points`.

    Computed inside `forward`, as `points.py` says why.
    """

    def __init__(self, model, ids: list[int]):
        self.points: torch.Tensor | None = None
        self.seen: list[torch.Tensor] = []
        causal = model.get_base_model() if hasattr(model, "get_base_model") else model
        plain, states = causal.forward, []
        causal.model.register_forward_hook(lambda module, args, output: states.append(output.last_hidden_state))

        def forward(*args, **kwargs):
            states.clear()
            out = plain(*args, **kwargs)
            if self.points is not None:
                logits = torch.nn.functional.linear(states[-1][self.points], causal.lm_head.weight).float()
                self.seen.append(torch.logsumexp(logits[:, ids], -1) - torch.logsumexp(logits, -1))
            states.clear()
            return out

        causal.forward = forward

    def watch(self, completion_mask: torch.Tensor) -> None:
        """From now on: every position that predicts a token of a completion. completion_mask: (rows, tokens)."""
        self.points = torch.zeros_like(completion_mask, dtype=torch.bool)
        self.points[:, :-1] = completion_mask[:, 1:].bool()
        self.seen = []

    def taken(self) -> list[torch.Tensor]:
        """What was noted since, one tensor (positions,) a forward; and watches no more."""
        seen, self.points, self.seen = self.seen, None, []
        return seen


def divergence(reference: torch.Tensor, policy: torch.Tensor) -> torch.Tensor:
    """KL(reference || policy) in nats of "an end, or not" at each position, from the log-probabilities of an end."""
    reference = reference.detach()
    stay, go = reference.exp(), _log1mexp(reference)
    return stay * (reference - policy) + (1 - stay) * (go - _log1mexp(policy))


def _log1mexp(x: torch.Tensor) -> torch.Tensor:
    """log(1 - exp(x)) for x < 0; an end that is certain counts as one of 1 - 1e-6."""
    return torch.log1p(-x.clamp(max=-1e-6).exp())
