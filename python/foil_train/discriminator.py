"""Stage `discriminator`: train D on balanced pairs of real and simulated sessions, and judge it beside its shortcuts."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import Trainer, TrainerCallback, TrainingArguments

from .batches import WASTE, LengthGrouped, collate
from .beside import both_sides, compared_runs, control, shortcuts, verdict
from .checkpoints import starting_point, write_json
from .events import Events, is_main
from .judge import build_judge, judge_loss, score_row
from .metrics import per_turn
from .plan import make_plan, pair_up
from .progress import Counted, StepEvents
from .rows import Row
from .spec import Spec
from .training import facts_of, prepare, quiet, save_adapter, save_run, trainer_arguments

BEST = "best.pt"


class PairTrainer(Trainer):
    """transformers' trainer with the loss at reading points only, and batches of about one length."""

    # the mean over points is taken here, not over the items that the trainer counts
    loss_is_scaled_for_ga = False

    def __init__(self, *args, hyper, ids, **kwargs):
        super().__init__(*args, **kwargs)
        self.hyper, self.ids = hyper, ids

    def _get_train_sampler(self, train_dataset=None):
        # one pair a batch has no neighbours to be like; its order stays the trainer's
        if self.args.per_device_train_batch_size == 1:
            return super()._get_train_sampler(train_dataset)
        lengths = [real.length + simulated.length for real, simulated in self.train_dataset]
        return LengthGrouped(lengths, self.args.per_device_train_batch_size, self.args.data_seed)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        self.data_collator.take(inputs)
        mass = self.hyper.mass_weight if self.state.global_step >= self.hyper.two_way_steps else 0.0
        # two columns of the head are enough while nothing is asked of the others
        columns = self.ids if self.hyper.head == "lm" and mass == 0 else None
        logits = [model(input_ids=p["input_ids"], points=p["points"], columns=columns, fp32=True) for p in inputs["pieces"]]
        real = torch.cat([p["real"] for p in inputs["pieces"]])
        return judge_loss(torch.cat(logits), self.hyper.head, self.ids, real, mass)


def score_all(model, head: str, ids, rows: list[Row]) -> list[dict]:
    """[{"id", "pair", "label", "z"}] for every row."""
    return [{"id": r.id, "pair": r.pair, "label": r.label, "z": score_row(model, head, ids, r)} for r in rows]


def quick(scored: list[dict]) -> dict:
    """Two-way loss (nats) and accuracy over all user turns: what the best step is chosen by."""
    z = torch.tensor([x for s in scored for x in s["z"]])
    y = torch.tensor([float(s["label"]) for s in scored for _ in s["z"]])
    right = ((z > 0).float() == y).float().mean()
    return {"loss": round(binary_cross_entropy_with_logits(z, y).item(), 4), "accuracy": round(right.item(), 4)}


def histogram(scored: list[dict]) -> dict:
    """Counts of p(real) in ten equal bins over all user turns: {real: [10], simulated: [10]}, by what the turn is."""
    bins = {1: [0] * 10, 0: [0] * 10}
    for s in scored:
        for p in torch.sigmoid(torch.tensor(s["z"])).tolist():
            bins[s["label"]][min(int(p * 10), 9)] += 1
    return {"real": bins[1], "simulated": bins[0]}


class KeepBest(TrainerCallback):
    """Judges the validation rows every `every` steps and keeps the trained weights of the lowest two-way loss, also in each
    checkpoint, so that a resumed run still knows them."""

    def __init__(self, events: Events, judge, every: int | None):
        self.events, self.judge, self.every = events, judge, every
        self.seen, self.best, self.weights = [], None, None

    def look(self, model, step: int) -> None:
        scored = self.judge(model)
        found = {"step": step, **quick(scored)}
        self.seen.append(found)
        if self.best is None or found["loss"] < self.best["loss"]:
            self.best = found
            self.weights = {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}
        self.events.emit("valid", best=self.best["step"], histogram=histogram(scored), **found)

    def load(self, checkpoint: str | None) -> None:
        """Take up what a killed run had seen when that checkpoint was written."""
        if checkpoint and (Path(checkpoint) / BEST).exists():
            was = torch.load(Path(checkpoint) / BEST, weights_only=True)
            self.seen, self.best, self.weights = was["seen"], was["best"], was["weights"]

    def on_step_end(self, args, state, control, model=None, **kwargs):
        if self.every and state.global_step % self.every == 0 and state.global_step < state.max_steps:
            self.look(model, state.global_step)

    def on_save(self, args, state, control, **kwargs):
        if self.best and is_main():
            torch.save(
                {"seen": self.seen, "best": self.best, "weights": self.weights},
                Path(args.output_dir) / f"checkpoint-{state.global_step}" / BEST,
            )

    def restore(self, model) -> None:
        with torch.no_grad():
            for name, p in model.named_parameters():
                if name in self.weights:
                    p.copy_(self.weights[name])


def shuffled(rows: list[Row], seed: int) -> None:
    """The control: in half of the pairs real and simulated change places, so that nothing is left to learn."""
    pairs = pair_up(rows)
    # exactly half: a chance majority would leave something to learn
    for real, simulated in random.Random(seed).sample(pairs, len(pairs) // 2):
        real.label, simulated.label = 0, 1


def run_discriminator(spec: Spec, out: Path, resume: bool = False, events: Events | None = None) -> dict:
    """Train D (Eq. 3), keep the step of the lowest two-way loss on `valid`, and write OUT/adapter, OUT/metrics.json,
    OUT/scores.jsonl and OUT/run.json.

    Every reported figure comes from rows.test if it is given, so that nothing was chosen on it, else from `valid`;
    metrics["reported_on"] says which. Figures are taken with fp32 weights, as D is served. Returns the metrics. Raises
    FoilError for unusable rows, and for a group that stands in two splits.
    """
    h, events, start = spec.hyper, events or Events(out / "events.jsonl"), time.time()
    prepare(spec)
    plan = make_plan(spec, events)
    sets, ids = plan.sets, plan.ids
    on = "test" if "test" in sets else "valid"
    # looked at before the training, so that a wrong file is said at once and not hours later; runs beside may end meanwhile
    compared_runs(spec, on)
    texts = both_sides(spec, sets["train"] + sets[on], on)
    if h.label_shuffle:
        shuffled(sets["train"], spec.seed)
    pairs = pair_up(sets["train"])
    model = build_judge(spec)
    if h.checkpointing:
        model.enable_input_require_grads()
    arguments = trainer_arguments(spec, out, len(pairs))
    # sharded processes must run equally many passes; alone, a batch may be computed in pieces
    waste = WASTE if int(os.environ.get("WORLD_SIZE") or 1) == 1 else None
    counted = Counted(lambda items: collate(items, waste), lambda pair: pair[0].cost + pair[1].cost)
    facts = facts_of(spec, plan, arguments["max_steps"])
    checkpoint = starting_point(out, resume, facts)
    keep = KeepBest(events, lambda m: score_all(m, h.head, ids, sets["valid"]), h.eval_every)
    keep.load(checkpoint)
    trainer = PairTrainer(
        model=model, args=TrainingArguments(**arguments), train_dataset=pairs, data_collator=counted, processing_class=plan.tokenizer,
        callbacks=[keep, StepEvents(events, counted, facts, h.time_limit)], hyper=h, ids=ids,
    )
    quiet(trainer)
    trainer.train(resume_from_checkpoint=checkpoint)
    keep.look(trainer.model, trainer.state.global_step)
    keep.restore(trainer.model)
    save_adapter(trainer, out / "adapter")
    trained = round(time.time() - start)
    scored = score_all(trainer.model.float(), h.head, ids, sets[on])
    if not is_main():
        return {}
    own = per_turn(scored, h.report_turns, spec.seed, h.bootstrap)
    compared, missing = compared_runs(spec, on)
    if missing:
        events.emit("beside", left_out=missing)
    beside = {**shortcuts(spec, sets["train"], sets[on], texts), **compared}
    metrics = {
        "reported_on": on, "per_turn": own, "beside": beside,
        "verdict": control(own) if h.label_shuffle else verdict(own, beside, h.input == "all"), "best_step": keep.best["step"],
        "steps": trainer.state.global_step, "during": keep.seen, "sessions": len(sets[on]), "seconds": trained,
        "label_token_ids": {"real": ids[0], "simulated": ids[1]}, "context": any(m["role"] == "system" for r in sets["train"] for m in r.messages),
        "histogram": histogram(scored), **quick(scored),
    }
    write_json(out / "metrics.json", metrics)
    (out / "scores.jsonl").write_text("".join(json.dumps(s) + "\n" for s in scored), encoding="utf-8")
    save_run(spec, out, metrics, plan)
    events.emit("done", stage="discriminator", out="adapter", seconds=trained, reported_on=on, verdict=metrics["verdict"], **quick(scored))
    return metrics
