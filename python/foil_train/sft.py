"""Stage `sft`: LoRA fine-tuning of one side of real sessions (the paper's Eq. 1), for a simulator or a chatbot."""

from __future__ import annotations

import time
from pathlib import Path

import torch
from datasets import Dataset
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer

from .base import load_base
from .events import Events, StepEvents
from .rows import IGNORED, Row, encode_sft, preflight, read_rows, read_template
from .spec import Spec
from .training import last_checkpoint, lora_config, prepare, row_record, save_run, subset, trainer_arguments


def trained_loss(model, input_ids: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Summed negative log-likelihood (nats) of the labelled tokens, and their number.

    input_ids, labels: (batch, tokens), right-padded, IGNORED where nothing is learnt. No attention mask: padding stands
    on the right and attention is causal, so no real token sees it, and SDPA keeps its fast path.
    """
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    hidden = causal.model(input_ids=input_ids, use_cache=False).last_hidden_state[:, :-1]
    keep = labels[:, 1:] != IGNORED
    logits = causal.lm_head(hidden[keep]).float()
    return torch.nn.functional.cross_entropy(logits, labels[:, 1:][keep], reduction="sum"), keep.sum()


class TrainedPositions(SFTTrainer):
    """TRL's trainer with its loss computed at trained positions only. TRL's own fused head does that where Triton runs;
    on a CPU it scores every position of a 49,152-word vocabulary, and entropy and top-1 beside, twice the head's cost."""

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        total, count = trained_loss(model, inputs["input_ids"], inputs["labels"])
        return total / (num_items_in_batch if num_items_in_batch is not None else count)


@torch.no_grad()
def mean_loss(model, rows: list[Row]) -> dict:
    """Loss a token (nats) over all labelled tokens of the rows: {loss, tokens, sessions}."""
    was = model.training
    model.eval()
    total, count = 0.0, 0
    device = next(model.parameters()).device
    for row in rows:
        ids = torch.tensor([row.input_ids], device=device)
        loss, n = trained_loss(model, ids, torch.tensor([row.labels], device=device))
        total, count = total + loss.item(), count + int(n)
    model.train(was)
    return {"loss": round(total / count, 4), "tokens": count, "sessions": len(rows)}


class Validate(TrainerCallback):
    """Measures the validation loss every `every` steps, on the same rows each time."""

    def __init__(self, events: Events, rows: list[Row], every: int | None):
        self.events, self.rows, self.every, self.seen = events, rows, every, []

    def on_step_end(self, args, state, control, model=None, **kwargs):
        if self.every and state.global_step % self.every == 0 and state.global_step < state.max_steps:
            found = {"step": state.global_step, **mean_loss(model, self.rows)}
            self.seen.append(found)
            self.events.emit("valid", **found)


def run_sft(spec: Spec, out: Path, resume: bool = False) -> dict:
    """Train an adapter on `spec.rows`, write it to OUT/adapter with OUT/run.json, and return the validation figures.

    Same spec and seed give the same losses on the same machine and thread count. With `resume` a killed run goes on from
    its newest checkpoint. Raises FoilError for rows that cannot be used.
    """
    h, events, start = spec.hyper, Events(out), time.time()
    prepare(spec)
    model, tokenizer = load_base(spec.base, h.dtype)
    template = read_template(spec.template)
    sets, record = {}, {}
    for split, limit in (("train", h.max_sessions), ("valid", h.valid_sessions)):
        rows = [encode_sft(tokenizer, template, r) for r in read_rows(spec.rows[split], discriminator=False)]
        # drawn after the preflight, so that dropped rows do not thin the subset
        sets[split] = subset(preflight(events, tokenizer, split, rows, h.max_length if split == "train" else 8192), limit, spec.seed)
        record[split] = row_record(spec.rows[split], sets[split], len(rows))
    arguments = trainer_arguments(spec, out, len(sets["train"]), 1, int(h.batch))
    validate = Validate(events, sets["valid"], h.eval_every)
    trainer = TrainedPositions(
        model=model,
        # rows come tokenised, with labels from the template's generation markers: what assistant_only_loss would do, but
        # with the preflight able to see and report each row
        args=SFTConfig(**arguments, max_length=None, dataset_kwargs={"skip_prepare_dataset": True}, shuffle_dataset=False),
        train_dataset=Dataset.from_list([{"input_ids": r.input_ids, "labels": r.labels} for r in sets["train"]]),
        processing_class=tokenizer,
        peft_config=lora_config(h),
        callbacks=[StepEvents(events, h.time_limit), validate],
    )
    model = trainer.model
    before = events.earlier("valid", step=0) if resume else None
    if not before:
        before = mean_loss(model, sets["valid"])
        events.emit("valid", step=0, **before)
    trainer.train(resume_from_checkpoint=last_checkpoint(out) if resume else None)
    after = mean_loss(model, sets["valid"])
    events.emit("valid", step=trainer.state.global_step, **after)
    model.save_pretrained(str(out / "adapter"))
    validation = {
        "loss_before": before["loss"], "loss_after": after["loss"], "tokens": after["tokens"],
        "sessions": after["sessions"], "during": [{"step": v["step"], "loss": v["loss"]} for v in validate.seen],
        "steps": trainer.state.global_step, "seconds": round(time.time() - start),
    }
    save_run(spec, out, validation, record)
    events.emit("done", stage="sft", out="adapter", **{k: v for k, v in validation.items() if k != "during"})
    return validation
