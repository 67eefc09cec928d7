"""The discriminator as a model: where it is read, what its log-odds are, and its loss (the paper's Eq. 2 and 3)."""

from __future__ import annotations

import torch
from peft import get_peft_model
from transformers import AutoModelForTokenClassification

from .base import base_dir, load_base
from .points import answer_at_points
from .rows import Row
from .training import lora_config


def build_judge(spec):
    """A model with a fresh LoRA that answers at points, for spec.hyper.head:

    `lm`: the two classes are two ordinary tokens of the LM head, so any engine that serves a LoRA serves it.
    `linear`: the paper's own form, a token classifier with a linear head of its own over the same backbone.
    """
    h = spec.hyper
    if h.head == "lm":
        model = get_peft_model(load_base(spec.base, h.dtype), lora_config(h))
    else:
        model = AutoModelForTokenClassification.from_pretrained(
            str(base_dir(spec.base)), num_labels=2, dtype=getattr(torch, h.dtype)
        )
        model = get_peft_model(model, lora_config(h, "TOKEN_CLS"))
        # the head's own weights are learnt from nothing: in bf16 its small steps would round away
        model.get_base_model().score.float()
    answer_at_points(model)
    return model


def judge_loss(logits: torch.Tensor, head: str, ids: tuple[int, int], real: torch.Tensor, mass: float) -> torch.Tensor:
    """Mean over reading points of Eq. 3's binary cross-entropy (nats) + `mass` * -log(p_real + p_simulated).

    logits: (points, words), or (points, 2) of real and simulated; z_t is their difference, in which the softmax cancels.
    real: (points,), 1.0 or 0.0. The sum with mass = 1 is exactly the full-vocabulary cross-entropy on the label tokens:
    it keeps both among the top logprobs, where a served engine can see them. A language model expects neither there, so
    that term starts near 14 nats and would drown the other; it is left out of the first steps. None with a linear head.
    """
    two = logits if logits.shape[-1] == 2 else logits[:, list(ids)]
    loss = torch.nn.functional.binary_cross_entropy_with_logits(two[:, 0] - two[:, 1], real)
    if head == "lm" and mass > 0:
        loss = loss + mass * (torch.logsumexp(logits, dim=-1) - torch.logsumexp(two, dim=-1)).mean()
    return loss


@torch.no_grad()
def score_row(model, head: str, ids: tuple[int, int], row: Row) -> list[float]:
    """z_t = z_real - z_sim at the end of every user turn of one session, from one pass."""
    was = model.training
    model.eval()
    device = next(model.parameters()).device
    tokens = torch.tensor([row.input_ids], device=device)
    points = torch.zeros_like(tokens, dtype=torch.bool)
    points[0, row.marks] = True
    two = model(input_ids=tokens, points=points, columns=ids if head == "lm" else None, fp32=True)
    model.train(was)
    return (two[:, 0] - two[:, 1]).tolist()
