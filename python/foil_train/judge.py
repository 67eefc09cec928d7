"""The discriminator as a model: where it is read, what its log-odds are, and its loss (the paper's Eq. 2 and 3)."""

from __future__ import annotations

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForTokenClassification

from .base import base_dir, load_base
from .rows import Row, label_tokens
from .training import lora_config


def build_judge(spec):
    """(model, tokenizer, (real id, simulated id)) with a fresh LoRA, for spec.hyper.head:

    `lm`: the two classes are two ordinary tokens of the LM head, so any engine that serves a LoRA serves it.
    `linear`: the paper's own form, a token classifier with a linear head of its own over the same backbone.
    """
    h = spec.hyper
    model, tokenizer = load_base(spec.base, h.dtype)
    ids = label_tokens(tokenizer)
    if h.head == "lm":
        return get_peft_model(model, lora_config(h)), tokenizer, ids
    model = AutoModelForTokenClassification.from_pretrained(
        str(base_dir(spec.base)), num_labels=2, dtype=getattr(torch, h.dtype)
    )
    model = get_peft_model(model, LoraConfig(
        r=int(h.rank), lora_alpha=int(h.alpha), lora_dropout=h.dropout, target_modules=list(h.targets), task_type="TOKEN_CLS",
    ))
    # the head's own weights are learnt from nothing: in bf16 its small steps would round away
    model.get_base_model().score.float()
    return model, tokenizer, ids


def turn_states(model, input_ids: torch.Tensor, marks: torch.Tensor) -> torch.Tensor:
    """Last hidden states at the reading points, in fp32 before any head: (points, hidden).

    input_ids: (rows, tokens), right-padded (no mask is needed: attention is causal). marks: (rows, tokens), bool.
    """
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    return causal.model(input_ids=input_ids, use_cache=False).last_hidden_state[marks].float()


def turn_logits(model, head: str, ids: tuple[int, int], states: torch.Tensor) -> torch.Tensor:
    """(points, 2) logits of real and simulated; z_t is their difference, in which the softmax cancels."""
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    if head == "linear":
        return causal.score(causal.dropout(states)).float()
    return states @ causal.lm_head.weight[list(ids)].float().T


def judge_loss(model, head: str, ids: tuple[int, int], states: torch.Tensor, real: torch.Tensor, mass: float) -> torch.Tensor:
    """Mean over reading points of Eq. 3's binary cross-entropy (nats) + `mass` * -log(p_real + p_simulated).

    real: (points,), 1.0 or 0.0. The sum with mass = 1 is exactly the full-vocabulary cross-entropy on the label tokens:
    it keeps both among the top logprobs, where a served engine can see them. A language model expects neither there, so
    that term starts near 14 nats and would drown the other; it is left out of the first steps. None with a linear head.
    """
    two = turn_logits(model, head, ids, states)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(two[:, 0] - two[:, 1], real)
    if head == "lm" and mass > 0:
        causal = model.get_base_model() if hasattr(model, "get_base_model") else model
        every = torch.logsumexp(states @ causal.lm_head.weight.float().T, dim=-1)
        loss = loss + mass * (every - torch.logsumexp(two, dim=-1)).mean()
    return loss


@torch.no_grad()
def score_row(model, head: str, ids: tuple[int, int], row: Row) -> list[float]:
    """z_t = z_real - z_sim at the end of every user turn of one session, from one pass."""
    was = model.training
    model.eval()
    device = next(model.parameters()).device
    tokens = torch.tensor([row.input_ids], device=device)
    marks = torch.zeros_like(tokens, dtype=torch.bool)
    marks[0, row.marks] = True
    two = turn_logits(model, head, ids, turn_states(model, tokens, marks))
    model.train(was)
    return (two[:, 0] - two[:, 1]).tolist()
