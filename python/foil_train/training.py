"""What both training stages share: seeds, LoRA, the trainer's arguments, resuming, and the record of a run."""

from __future__ import annotations

import json
import platform
import random
from importlib.metadata import version
from pathlib import Path

import torch
from peft import LoraConfig
from transformers import set_seed
from transformers.trainer_utils import get_last_checkpoint

from .base import base_dir, base_stamp, sha256
from .spec import Spec

PACKAGES = ("torch", "transformers", "peft", "trl", "accelerate", "gguf", "scikit-learn")


def prepare(spec: Spec) -> None:
    """Seed everything and take exactly the asked threads: two processes with more threads than cores slow all down."""
    torch.set_num_threads(int(spec.hyper.threads))
    set_seed(spec.seed)


def lora_config(hyper) -> LoraConfig:
    """LoRA on the named linear layers. The layers are named, not `all-linear`: in PEFT that takes a classifier's head too."""
    return LoraConfig(
        r=int(hyper.rank), lora_alpha=int(hyper.alpha), lora_dropout=hyper.dropout,
        target_modules=list(hyper.targets), task_type="CAUSAL_LM",
    )


def trainer_arguments(spec: Spec, out: Path, count: int, batch: int, accumulate: int) -> dict:
    """Arguments of the transformers trainer for `count` training items; checkpoints land in OUT/checkpoints."""
    h = spec.hyper
    steps = max(1, round(count * h.epochs / (batch * accumulate)))
    return dict(
        output_dir=str(out / "checkpoints"), per_device_train_batch_size=batch, per_device_eval_batch_size=1,
        gradient_accumulation_steps=accumulate, max_steps=steps, learning_rate=h.lr, weight_decay=h.weight_decay,
        max_grad_norm=h.max_grad_norm, lr_scheduler_type=h.scheduler, warmup_steps=max(1, round(h.warmup * steps)),
        logging_steps=1, logging_first_step=True, save_strategy="steps", save_steps=h.save_every, save_total_limit=2,
        report_to=[], seed=spec.seed, data_seed=spec.seed, disable_tqdm=True, use_cpu=not torch.cuda.is_available(),
        gradient_checkpointing=False, bf16=False, dataloader_num_workers=0, remove_unused_columns=False,
    )


def subset(items: list, limit: int | None, seed: int) -> list:
    """At most `limit` items, drawn with the seed (the same ones every time)."""
    if not limit or limit >= len(items):
        return items
    return random.Random(seed).sample(items, int(limit))


def last_checkpoint(out: Path) -> str | None:
    """The newest checkpoint of a killed run in `out`, or None. Passed to `train()` by hand: the trainer's own argument
    of that name is not used."""
    folder = out / "checkpoints"
    return get_last_checkpoint(str(folder)) if folder.is_dir() else None


def save_run(spec: Spec, out: Path, validation: dict, used: dict) -> None:
    """Write OUT/run.json: all that a card says of how the adapter came about. Paths of this machine stay out of it."""
    record = {
        "stage": spec.stage, "name": spec.name, "kind": spec.kind, "seed": spec.seed, "recipe": spec.recipe(),
        "base": base_stamp(base_dir(spec.base)), "template_sha256": sha256(spec.template), "rows": used,
        "validation": validation,
        "versions": {"python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
    }
    (out / "run.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def row_record(path: Path, used: list, whole: int) -> dict:
    """{file, sha256, sessions, of}: which rows a run saw."""
    return {"file": path.name, "sha256": sha256(path), "sessions": len(used), "of": whole}
