"""Stage `dpo`: move a simulator towards turns that the discriminator takes for real (the paper's Eq. 5).

The policy starts as the previous simulator's adapter, and the frozen reference is a copy of that adapter on the same
base; a fresh LoRA would make the bare base the reference. On several GPUs start it with `accelerate launch` (FSDP2, full
state dict); what has run of that here is in python/README.md.
"""

from __future__ import annotations

import json
import math
import random
import time
from pathlib import Path

import torch
from datasets import Dataset
from peft import PeftModel
from transformers import TrainerCallback
from trl import DPOConfig, DPOTrainer
from trl.trainer import utils as trl_utils
from trl.trainer.dpo_trainer import DataCollatorForPreference

from .base import load_base, sha256
from .checkpoints import starting_point
from .errors import FoilError
from .events import Events
from .plan import Plan, adapter_folder, at_once, make_plan
from .points import answer_at_points
from .preferences import Preference
from .progress import Counted, StepEvents
from .rows import Row
from .sft import pad, trained_loss
from .spec import Spec
from .stopping import EndsWatched, divergence
from .training import facts_of, prepare, quiet, save_adapter, save_run, trainer_arguments

LN2, CLOSE = math.log(2), 1e-3
KEPT = ("rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies", "logps/chosen", "logps/rejected", "entropy", "ends/ratio", "real/loss")


class FromAdapter(DPOTrainer):
    """TRL's trainer on rows that come tokenised, which refuses to take a step unless policy and reference start as one."""

    checked = False
    events: Events | None = None
    real_weight = end_weight = 0.0
    ends: EndsWatched | None = None

    def _prepare_dataset(self, dataset, processing_class, args, dataset_name):
        # tokenised as `sft` does it, and cut by nobody
        return dataset

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        self.data_collator.take(inputs, self.model.training)
        real = inputs.pop("real", None)
        if self.ends and self.model.training:
            self.ends.watch(inputs["completion_mask"])
        loss = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        if not self.checked and self.state.global_step == 0 and self.model.training:
            self.checked = True
            seen = self._metrics["train"]
            self.first_loss = check_start(*(seen[f"rewards/{side}"][-1] for side in ("chosen", "rejected")))
            if self.events:
                self.events.emit("valid", step=0, loss=round(self.first_loss, 4), margins=0.0)
        if self.ends and self.model.training:
            policy, reference = self.ends.taken()
            moved = divergence(reference, policy).sum() / (len(inputs["completion_mask"]) // 2)
            self._metrics["train"]["ends/kl"].append(moved.item())
            self._metrics["train"]["ends/ratio"].append((policy.exp().mean() / reference.exp().mean()).item())
            loss = loss + self.end_weight * moved
        if real is not None:
            total, count = trained_loss(model, real["input_ids"], real["labels"])
            self._metrics["train"]["real/loss"].append((total / count).item())
            loss = loss + self.real_weight * total / count
        return loss

    def _save(self, output_dir=None, state_dict=None):
        # the reference is the adapter that the run started from: a copy in every checkpoint would be loaded over it
        whole = self.model.save_pretrained
        self.model.save_pretrained = lambda *a, **k: whole(*a, **{**k, "selected_adapters": ["default"]})
        try:
            super()._save(output_dir, state_dict)
        finally:
            self.model.save_pretrained = whole


def check_start(chosen: float, rejected: float) -> float:
    """Eq. 5's loss of the first batch before any step, from its mean rewards beta (log pi - log pi_ref) of both sides.

    Where policy and reference are the same model both rewards are 0 and the loss is ln 2 whatever beta is. Raises FoilError
    if it is farther from ln 2 than 1e-3, or if the rewards cancel out.
    """
    loss = math.log1p(math.exp(rejected - chosen))
    if not abs(loss - LN2) <= CLOSE or not max(abs(chosen), abs(rejected)) <= 4 * CLOSE:
        raise FoilError(
            f"dpo: the loss before the first step is {loss:.4f} (rewards {chosen:.4f} and {rejected:.4f}), not ln 2 = {LN2:.4f}: the policy does "
            "not start as its reference. Give as `adapter` the simulator that wrote the pairs, in the form that a stage wrote it", kind="error",
        )
    return loss


def score_completions_only() -> None:
    """Let TRL compute the head where a token of a completion follows, and nowhere else, on a CPU too.

    It does so wherever Triton is; elsewhere it takes every position, for devices that compile each new shape. A CPU compiles
    nothing, and prompts are nine tenths of what is read: the head there was a quarter of the time and a third of the memory (pairs of
    ESConv on the 135M base; the losses are the same to the last digit).
    """
    if not torch.cuda.is_available():
        # asked once in trl 1.16, for this; its kernels ask a name of their own
        trl_utils._use_triton = lambda device: True


class WithReal:
    """A collator of pairs that adds the sessions of real users which came with them."""

    def __init__(self, collate):
        self.collate = collate

    def __call__(self, items: list) -> dict:
        batch = self.collate(items)
        if "real_ids" in items[0]:
            batch["real"] = pad([{"input_ids": item["real_ids"], "labels": item["real_labels"]} for item in items])
        return batch


def beside_pairs(rows: list[Row], count: int, seed: int) -> list[Row]:
    """A real session for each of `count` pairs: all rows in an order drawn with the seed, begun again when they are used up.

    A pair keeps its session, so that a resumed run sees what the killed one would have seen.
    """
    order = random.Random(seed).sample(rows, len(rows))
    return [order[i % len(order)] for i in range(count)]


class Validate(TrainerCallback):
    """Evaluations of the trainer as `valid` events."""

    def __init__(self, events: Events):
        self.events, self.last, self.at = events, {}, None

    def on_evaluate(self, args, state, control, metrics=None, **kwargs):
        pick = {"loss": "eval_loss", "accuracy": "eval_rewards/accuracies", "margins": "eval_rewards/margins"}
        self.at = state.global_step
        self.last = {k: round(metrics[v], 4) for k, v in pick.items() if v in metrics}
        self.events.emit("valid", step=state.global_step, **self.last)


class Last(TrainerCallback):
    """The figures of the first and the last step, for the record."""

    def __init__(self):
        self.first, self.last = None, None

    def on_log(self, args, state, control, logs=None, **kwargs):
        if logs and "loss" in logs:
            self.last = {k: round(logs[k], 4) for k in ("loss", *KEPT) if k in logs}
            self.first = self.first or self.last


def load_policy(spec: Spec) -> PeftModel:
    """The previous simulator, its adapter trainable; rank, alpha and layers are that adapter's."""
    folder = adapter_folder(spec)
    try:
        return PeftModel.from_pretrained(load_base(spec.base, spec.hyper.dtype), str(folder), is_trainable=True)
    except (RuntimeError, ValueError) as e:
        raise FoilError(f"{folder}: does not fit the base {spec.base}: {str(e).splitlines()[0]}. Give the base that it was trained on.") from None


def provenance(spec: Spec) -> dict:
    """{name, sha256} of the adapter that the run starts from; the name is null where neither card nor run says it."""
    folder, name = adapter_folder(spec), None
    for file in ("card.json", "run.json"):
        for place in (folder, folder.parent):
            if name is None and (place / file).exists():
                name = json.loads((place / file).read_text(encoding="utf-8")).get("name")
    weights = next((folder / n for n in ("adapter_model.safetensors", "adapter_model.bin") if (folder / n).exists()), None)
    if weights is None:
        raise FoilError(f"{folder}: no adapter_model.safetensors. Give a folder of models/, or the output of a training stage.")
    return {"name": name, "sha256": sha256(weights)}


def build_dpo(spec: Spec, plan: Plan, out: Path, callbacks: list) -> tuple[FromAdapter, Counted]:
    """The trainer of this stage and the counter of its tokens."""
    h = spec.hyper
    score_completions_only()
    losses, weights = [h.loss], [1.0]
    if h.sft_weight:
        losses, weights = [*losses, "sft"], [*weights, h.sft_weight]
    together = at_once(spec)
    arguments = {
        **trainer_arguments(spec, out, len(plan.sets["train"])),
        "per_device_train_batch_size": together, "gradient_accumulation_steps": h.batch // together,
    }
    train, valid = plan.sets["train"], plan.sets.get("valid")

    def dataset(rows: list[Preference], real: list[Row] | None = None) -> Dataset:
        pairs = [{"prompt_ids": r.prompt_ids, "chosen_ids": r.chosen_ids, "rejected_ids": r.rejected_ids} for r in rows]
        for pair, session in zip(pairs, real or []):
            pair.update(real_ids=session.input_ids, real_labels=session.labels)
        return Dataset.from_list(pairs)

    counted = Counted(
        WithReal(DataCollatorForPreference(pad_token_id=plan.tokenizer.pad_token_id, max_length=None)),
        lambda item: 2 * len(item["prompt_ids"]) + len(item["chosen_ids"]) + len(item["rejected_ids"]) + len(item.get("real_ids", ())),
    )
    trainer = FromAdapter(
        model=load_policy(spec),
        args=DPOConfig(
            **arguments, beta=h.beta, loss_type=losses, loss_weights=weights, label_smoothing=h.label_smoothing, ld_alpha=h.ld_alpha,
            max_length=None, eval_strategy="steps" if valid and h.eval_every else "no", eval_steps=h.eval_every,
        ),
        train_dataset=dataset(train, beside_pairs(plan.sets["real"], len(train), spec.seed) if h.real_weight else None),
        eval_dataset=dataset(valid) if valid else None,
        data_collator=counted,
        processing_class=plan.tokenizer,
        callbacks=callbacks,
    )
    trainer.real_weight, trainer.end_weight = h.real_weight, h.end_weight
    answer_at_points(trainer.model)
    if h.end_weight:
        trainer.ends = EndsWatched(trainer.model, [plan.ends.turn_id, plan.ends.session_id])
    quiet(trainer)
    return trainer, counted


def run_dpo(spec: Spec, out: Path, resume: bool = False, events: Events | None = None) -> dict:
    """Train on the pairs of spec.rows from spec.adapter on, write OUT/adapter (standalone, of the same rank) with
    OUT/run.json, and return the validation figures (on rows.valid if it is given, else of the last step).

    Raises FoilError for rows that cannot be used, an adapter that does not fit, and a start that is not ln 2.
    """
    events, start = events or Events(out / "events.jsonl"), time.time()
    prepare(spec)
    plan = make_plan(spec, events)
    came_from = provenance(spec)
    validate, last = Validate(events), Last()
    trainer, counted = build_dpo(spec, plan, out, [validate, last])
    trainer.events = events
    facts = {**facts_of(spec, plan, trainer.args.max_steps), "from": came_from["sha256"]}
    trainer.add_callback(StepEvents(events, counted, facts, spec.hyper.time_limit))
    trainer.train(resume_from_checkpoint=starting_point(out, resume, facts))
    if "valid" in plan.sets and validate.at != trainer.state.global_step:
        trainer.evaluate()
    save_adapter(trainer, out / "adapter")
    begun = last.first or {}
    validation = {
        # the same on any pair before the first step: the run would have refused to start otherwise
        "loss_before": round(LN2, 4), "loss_after": validate.last.get("loss", (last.last or {}).get("loss")),
        "accuracy": validate.last.get("accuracy"), "margins": validate.last.get("margins"),
        "first_step": begun, "last_step": last.last or {}, "pairs": len(plan.sets["train"]),
        "valid_pairs": len(plan.sets.get("valid", [])), "steps": trainer.state.global_step, "seconds": round(time.time() - start),
    }
    save_run(spec, out, validation, plan, **{"from": came_from})
    events.emit("done", stage="dpo", out="adapter", **{k: v for k, v in validation.items() if k not in ("first_step", "last_step")})
    return validation
