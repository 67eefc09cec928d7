"""Overhead of our training loop and padding of the discriminator's batches, each as a ratio from one run.

    node scripts/python.mjs bench/trainer.py [--base FILE] [--steps 12] [--runs 3] [--batch 2] [--rows DISCRIMINATOR.jsonl] [--json]

Steps a second of stage `sft` (events, preflight, checkpoints and all) against a bare TRL loop on the same tokens, LoRA and
optimiser: the runs alternate, and the medians of each are compared (>= 0.97). Padding: the share of padding in what one
epoch of the discriminator computes at 4 pairs a batch, grouped and in pieces, and as it would be without (<= 0.10).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from foil_train.batches import LengthGrouped, padding
from foil_train.events import Events
from foil_train.plan import make_plan, pair_up
from foil_train.rows import Row, encode_discriminator, read_rows
from foil_train.sft import run_sft
from foil_train.spec import load_spec

ROOT = Path(__file__).resolve().parents[1]
BASE = "~/.cache/foil/weights/SmolLM2-135M-Instruct.Q4_1.gguf"
WORDS = "the of and to in is you that it he was for on are as with his they at be this have from or one had by word but not".split()


def made_up(count: int, seed: int, turns: int = 12) -> list[dict]:
    """Sessions of about 600 tokens, half of them trained on."""
    draw, rows = random.Random(seed), []
    for i in range(count):
        messages = [{"role": "system", "content": " ".join(draw.choices(WORDS, k=60))}]
        for _ in range(turns):
            messages += [{"role": role, "content": " ".join(draw.choices(WORDS, k=draw.randint(8, 30)))} for role in ("user", "assistant")]
        rows.append({"id": f"{seed}-{i}", "group": f"{seed}-{i}", "messages": messages})
    return rows


def spec_of(folder: Path, base: str, steps: int, batch: int) -> Path:
    """A spec of `sft` with made-up rows, in `folder`."""
    for split, rows in (("train", made_up(steps * batch, 1)), ("valid", made_up(1, 2, turns=1))):
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    spec = {
        "stage": "sft", "base": base, "template": str(ROOT / "models" / "chatml.jinja"), "name": "bench", "kind": "simulator", "seed": 1,
        "rows": {"train": "train.jsonl", "valid": "valid.jsonl"}, "hyper": {"batch": batch, "lr": 1e-4, "save_every": max(2, steps // 2), "max_length": 4096},
    }
    path = folder / "spec.json"
    path.write_text(json.dumps(spec), encoding="utf-8")
    return path


def ours(spec, out: Path) -> float:
    """Steps a second of stage `sft`, from its own events: first step to last."""
    run_sft(spec, out)
    times = [e["t"] for e in Events(out / "events.jsonl").every("step")]
    return (len(times) - 1) / (times[-1] - times[0])


def bare(spec, out: Path) -> float:
    """Steps a second of TRL's trainer with the same tokens, labels, LoRA, optimiser and dtype, and nothing of ours."""
    from datasets import Dataset
    from transformers import TrainerCallback, set_seed
    from trl import SFTConfig, SFTTrainer

    from foil_train.base import load_base
    from foil_train.training import lora_config, trainer_arguments

    class Clock(TrainerCallback):
        times: list[float] = []

        def on_log(self, args, state, control, logs=None, **kwargs):
            if logs and "loss" in logs:
                self.times.append(time.time())

    plan = make_plan(spec, Events(None))
    set_seed(spec.seed)
    clock = Clock()
    clock.times = []
    trainer = SFTTrainer(
        model=load_base(spec.base, spec.hyper.dtype),
        args=SFTConfig(
            **{**trainer_arguments(spec, out, len(plan.sets["train"])), "save_strategy": "no"},
            max_length=None, dataset_kwargs={"skip_prepare_dataset": True},
        ),
        train_dataset=Dataset.from_list([{"input_ids": r.input_ids, "labels": r.labels} for r in plan.sets["train"]]),
        processing_class=plan.tokenizer, peft_config=lora_config(spec.hyper), callbacks=[clock],
    )
    trainer.train()
    return (len(clock.times) - 1) / (clock.times[-1] - clock.times[0])


def pairs_of(spec, path: str | None) -> list[tuple[Row, Row]]:
    """Pairs of a file of rows, or made-up ones: sessions of log-normal length, simulated ones mostly shorter."""
    if path:
        plan = make_plan(spec, Events(None))
        rows = [encode_discriminator(plan.tokenizer, plan.template, r, plan.ends.turn_id) for r in read_rows(Path(path), discriminator=True)]
        return pair_up(rows)
    draw, out = random.Random(3), []
    for i in range(400):
        real = min(2000, int(draw.lognormvariate(6.2, 0.6)) + 60)
        lengths = (real, max(60, int(real * draw.uniform(0.55, 1.1))))
        out.append(tuple(Row(f"{i}-{x}", str(i), [1] * n, [], [n - 1], 1 - x, str(i)) for x, n in enumerate(lengths)))
    return out


def share_of_padding(pairs: list[tuple[Row, Row]], batch: int) -> tuple[float, float]:
    """(as the stage computes them, drawn and padded to the longest) for one epoch."""
    def batches(order):
        return [[pairs[i] for i in order[k : k + batch]] for k in range(0, len(order), batch)]

    grouped = list(LengthGrouped([real.length + simulated.length for real, simulated in pairs], batch, 1))
    return padding(batches(grouped)), padding(batches(random.Random(1).sample(range(len(pairs)), len(pairs))), None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default=BASE, help="GGUF or Hugging Face folder")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--rows", help="rows of `foil export discriminator` to measure padding on")
    parser.add_argument("--only", choices=["steps", "padding"])
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spec = load_spec(spec_of(folder, args.base, args.steps, args.batch), "sft")
        if args.only != "padding":
            rates: dict[str, list[float]] = {"ours": [], "bare": []}
            for run in range(args.runs):
                for key, measure in (("ours", ours), ("bare", bare)):
                    with contextlib.redirect_stdout(io.StringIO()):
                        rates[key].append(measure(spec, folder / f"{key}-{run}"))
            one, other = (median(rates[k]) for k in ("ours", "bare"))
            found.append({"what": "sft, steps/s against a bare TRL loop", "ours": one, "bare": other, "ratio": one / other, "limit": 0.97, "met": one / other >= 0.97})
        if args.only != "steps":
            with contextlib.redirect_stdout(io.StringIO()):
                share, plain = share_of_padding(pairs_of(spec, args.rows), 4)
            found.append({"what": "discriminator, padding at 4 pairs a batch", "ours": share, "bare": plain, "ratio": share, "limit": 0.10, "met": share <= 0.10})
    for f in found:
        line = f"{f['what']}: {f['ours']:.3f}, plain {f['bare']:.3f}, ratio {f['ratio']:.3f} (limit {f['limit']}) {'ok' if f['met'] else 'MISSED'}"
        print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in f.items()}) if args.json else line)
    return 0 if all(f["met"] for f in found) else 1


if __name__ == "__main__":
    sys.exit(main())
