"""What the training stages share: seeds, LoRA, the trainer's arguments, and the record of a run."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.metadata import version
from pathlib import Path

import torch
from peft import LoraConfig
from transformers import PrinterCallback, set_seed

from .base import base_dir, base_stamp, sha256
from .checkpoints import write_json
from .events import is_main
from .plan import Plan
from .spec import Spec

PACKAGES = ("torch", "transformers", "peft", "trl", "accelerate", "gguf", "scikit-learn")


def prepare(spec: Spec) -> None:
    """Seed everything and take exactly the asked threads: two processes with more threads than cores slow all down."""
    torch.set_num_threads(spec.hyper.threads)
    set_seed(spec.seed)


def lora_config(hyper, task: str = "CAUSAL_LM") -> LoraConfig:
    """LoRA on the named linear layers. The layers are named, not `all-linear`: in PEFT that takes a classifier's head too."""
    return LoraConfig(
        r=hyper.rank, lora_alpha=hyper.alpha, lora_dropout=hyper.dropout, target_modules=list(hyper.targets), task_type=task,
    )


def trainer_arguments(spec: Spec, out: Path, count: int) -> dict:
    """Arguments of the transformers trainer for `count` training items; checkpoints land in OUT/checkpoints.

    Where `accelerate launch` runs several processes (DDP, FSDP2), each takes `batch` items a step; the trainer, not this
    code, places and shards the model.
    """
    h = spec.hyper
    processes = int(os.environ.get("WORLD_SIZE") or 1)
    steps = max(1, round(count * h.epochs / (h.batch * processes)))
    return dict(
        output_dir=str(out / "checkpoints"), per_device_train_batch_size=h.batch, per_device_eval_batch_size=1,
        gradient_accumulation_steps=1, max_steps=steps, learning_rate=h.lr, weight_decay=h.weight_decay,
        max_grad_norm=h.max_grad_norm, lr_scheduler_type=h.scheduler, warmup_steps=max(1, round(h.warmup * steps)) if h.warmup else 0,
        logging_steps=1, logging_first_step=True, save_strategy="steps", save_steps=h.save_every, save_total_limit=2,
        report_to=[], seed=spec.seed, data_seed=spec.seed, disable_tqdm=True, use_cpu=not torch.cuda.is_available(),
        gradient_checkpointing=h.checkpointing, gradient_checkpointing_kwargs={"use_reentrant": False} if h.checkpointing else None,
        bf16=False, dataloader_num_workers=0, remove_unused_columns=False,
    )


def quiet(trainer) -> None:
    """Without the trainer's own lines: events say the same, and a log of both says everything twice."""
    trainer.remove_callback(PrinterCallback)


def facts_of(spec: Spec, plan: Plan, steps: int) -> dict:
    """What a resumed run must have in common with the one that was killed."""
    return {"stage": spec.stage, "seed": spec.seed, "steps": steps, "rows": plan.record["train"], "recipe": _schedule(spec)}


def _schedule(spec: Spec) -> dict:
    # how often one looks or saves, for how long and on how many threads does not change what is learnt
    free = ("eval_every", "save_every", "time_limit", "threads", "bootstrap", "baselines", "report_turns")
    return {k: v for k, v in spec.recipe().items() if k not in free}


def save_adapter(trainer, folder: Path) -> None:
    """Write the adapter `default` alone, in PEFT's form, from whatever it is sharded over; rank 0 writes.

    Under FSDP the gathering is a collective call, so that every rank has to come here.
    """
    model = trainer.accelerator.unwrap_model(trainer.model)
    state = trainer.accelerator.get_state_dict(trainer.model_wrapped) if trainer.is_fsdp_enabled else None
    if is_main():
        part = folder.with_name(f".{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        model.save_pretrained(str(part), state_dict=state, selected_adapters=["default"])
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)


def save_run(spec: Spec, out: Path, validation: dict, plan: Plan, **more) -> None:
    """Write OUT/run.json: all that a card says of how the adapter came about. Paths of this machine stay out of it."""
    if not is_main():
        return
    write_json(out / "run.json", {
        "stage": spec.stage, "name": spec.name, "kind": spec.kind, "seed": spec.seed, "recipe": spec.recipe(),
        "base": base_stamp(base_dir(spec.base)), "template_sha256": sha256(spec.template),
        "stop": {"turn": plan.ends.turn, "session": plan.ends.session}, "rows": plan.record, "validation": validation, **more,
        "versions": {"python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
    })
