"""Stage `sft`: LoRA fine-tuning of one side of real sessions (the paper's Eq. 1), for a simulator or a chatbot."""

from __future__ import annotations

import time
from pathlib import Path

import torch
from datasets import Dataset
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer

from .base import load_base
from .checkpoints import starting_point
from .events import Events
from .plan import make_plan
from .points import answer_at_points
from .progress import Counted, StepEvents
from .rows import IGNORED, Row
from .spec import Spec
from .training import facts_of, lora_config, prepare, quiet, save_adapter, save_run, trainer_arguments


def trained_loss(model, input_ids: torch.Tensor, labels: torch.Tensor, position_ids: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Summed negative log-likelihood (nats) of the labelled tokens, and their number.

    input_ids, labels: (rows, tokens), right-padded or packed, IGNORED where nothing is learnt. The model answers at points.
    """
    points = torch.zeros_like(labels, dtype=torch.bool)
    points[:, :-1] = labels[:, 1:] != IGNORED
    places = {} if position_ids is None else {"position_ids": position_ids}
    logits = model(input_ids=input_ids, points=points, **places)
    return torch.nn.functional.cross_entropy(logits, labels[:, 1:][points[:, :-1]], reduction="sum"), points.sum()


class TrainedPositions(SFTTrainer):
    """TRL's trainer with its loss computed at trained positions only: TRL's head scores every position, and its entropy and
    top-1 beside, which on a CPU is twice the head's cost."""

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        self.data_collator.take(inputs)
        total, count = trained_loss(model, inputs["input_ids"], inputs["labels"], inputs.get("position_ids"))
        if num_items_in_batch is None:
            return total / count
        # the trainer counts the labels of all processes, and averages their gradients
        return total * self.accelerator.num_processes / num_items_in_batch


def pad(items: list[dict]) -> dict:
    """Rows of tokens and labels side by side, padded on the right with what is not learnt from."""
    longest = max(len(item["input_ids"]) for item in items)
    ids = torch.zeros(len(items), longest, dtype=torch.long)
    labels = torch.full((len(items), longest), IGNORED)
    for i, item in enumerate(items):
        ids[i, : len(item["input_ids"])] = torch.tensor(item["input_ids"])
        labels[i, : len(item["labels"])] = torch.tensor(item["labels"])
    return {"input_ids": ids, "labels": labels}


def pack(items: list[dict]) -> dict:
    """Rows of tokens in one row; positions begin anew at each, by which transformers keeps attention within a session."""
    ids = [t for item in items for t in item["input_ids"]]
    # the first token of a session is not learnt from the last one of the session before
    labels = [x for item in items for x in (IGNORED, *item["labels"][1:])]
    places = [p for item in items for p in range(len(item["input_ids"]))]
    return {"input_ids": torch.tensor([ids]), "labels": torch.tensor([labels]), "position_ids": torch.tensor([places])}


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
    """Measures the validation loss before the first step and every `every` steps, on the same rows each time."""

    def __init__(self, events: Events, rows: list[Row], every: int | None):
        self.events, self.rows, self.every, self.seen = events, rows, every, {}

    def look(self, model, step: int) -> dict:
        self.seen[step] = mean_loss(model, self.rows)
        self.events.emit("valid", step=step, **self.seen[step])
        return self.seen[step]

    def on_train_begin(self, args, state, control, model=None, **kwargs):
        # what a killed run saw before its checkpoint belongs to this one
        earlier = self.events.every("valid") if state.global_step else []
        self.seen = {v["step"]: {k: v[k] for k in ("loss", "tokens", "sessions")} for v in earlier if v["step"] <= state.global_step}
        if 0 not in self.seen and not state.global_step:
            self.look(model, 0)

    def on_step_end(self, args, state, control, model=None, **kwargs):
        if self.every and state.global_step % self.every == 0 and state.global_step < state.max_steps:
            self.look(model, state.global_step)


def build_sft(spec: Spec, plan, out: Path, callbacks: list) -> tuple[TrainedPositions, Counted]:
    """The trainer of this stage and the counter of its tokens."""
    h = spec.hyper
    counted = Counted(pack if h.packing else pad, lambda item: len(item["input_ids"]))
    trainer = TrainedPositions(
        model=load_base(spec.base, h.dtype),
        # rows come tokenised, with labels from the template's generation markers: what assistant_only_loss would do, but
        # with the preflight able to see and report each row
        args=SFTConfig(
            **trainer_arguments(spec, out, len(plan.sets["train"])), max_length=None, dataset_kwargs={"skip_prepare_dataset": True},
            shuffle_dataset=False,
        ),
        train_dataset=Dataset.from_list([{"input_ids": r.input_ids, "labels": r.labels} for r in plan.sets["train"]]),
        data_collator=counted,
        processing_class=plan.tokenizer,
        peft_config=lora_config(h),
        callbacks=callbacks,
    )
    answer_at_points(trainer.model)
    quiet(trainer)
    return trainer, counted


def run_sft(spec: Spec, out: Path, resume: bool = False, events: Events | None = None) -> dict:
    """Train an adapter on `spec.rows`, write it to OUT/adapter with OUT/run.json, and return the validation figures.

    Same spec and seed give the same losses on the same machine and thread count. With `resume` a killed run goes on from
    its newest whole checkpoint. Raises FoilError for rows that cannot be used.
    """
    h, events, start = spec.hyper, events or Events(out / "events.jsonl"), time.time()
    prepare(spec)
    plan = make_plan(spec, events)
    validate = Validate(events, plan.sets["valid"], h.eval_every)
    trainer, counted = build_sft(spec, plan, out, [validate])
    facts = facts_of(spec, plan, trainer.args.max_steps)
    trainer.add_callback(StepEvents(events, counted, facts, h.time_limit))
    checkpoint = starting_point(out, resume, facts)
    trainer.train(resume_from_checkpoint=checkpoint)
    last = trainer.state.global_step
    after = validate.look(trainer.model, last)
    save_adapter(trainer, out / "adapter")
    validation = {
        "loss_before": validate.seen.get(0, {}).get("loss"), "loss_after": after["loss"], "tokens": after["tokens"], "sessions": after["sessions"],
        "during": [{"step": step, "loss": v["loss"]} for step, v in validate.seen.items() if 0 < step < last],
        "steps": last, "seconds": round(time.time() - start),
    }
    save_run(spec, out, validation, plan)
    events.emit("done", stage="sft", out="adapter", **{k: v for k, v in validation.items() if k != "during"})
    return validation
