"""Logits at chosen positions only, from inside a model's forward.

A 49,152-word (or 128,256-word) head at every position costs more than the whole small model, and only some positions are
learnt from. It stands inside `forward` because DDP hooks it and FSDP2 gathers the sharded head in it: a loss that reached
past it into `model.lm_head` would train nothing together.
"""

from __future__ import annotations

import torch


def answer_at_points(model) -> None:
    """Let `model` (PEFT or plain) take `points`, a bool mask (rows, tokens): it then returns logits (points, words), or
    (points, 2) of a token classifier, in fp32, and nothing else.

    Further arguments with it: `position_ids` (sessions packed into one row), `fp32` (the head is computed in fp32: z_t
    of a bf16 head comes in steps of 0.125), `columns` (these words only). No attention mask: padding stands on the right
    and attention is causal, so no real token sees it.
    """
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    plain = causal.forward

    def forward(*args, points=None, columns=None, fp32=False, **kwargs):
        if points is None:
            return plain(*args, **kwargs)
        places = {k: v for k, v in kwargs.items() if k == "position_ids"}
        states = causal.model(input_ids=kwargs["input_ids"], use_cache=False, **places).last_hidden_state[points]
        if hasattr(causal, "score"):
            return causal.score(causal.dropout(states.float())).float()
        weight = causal.lm_head.weight
        if columns is not None:
            weight = weight[list(columns)]
        return (states.float() @ weight.float().T) if fp32 else torch.nn.functional.linear(states, weight).float()

    causal.forward = forward
