"""Stage `discriminator`: train D on balanced pairs of real and simulated sessions, and judge it beside its shortcuts."""

from __future__ import annotations

import json
import random
import time
from itertools import combinations
from pathlib import Path

import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import Trainer, TrainerCallback, TrainingArguments

from .baselines import shortcut
from .errors import FoilError
from .events import Events, StepEvents
from .judge import build_judge, judge_loss, score_row, turn_states
from .metrics import ALL, per_turn
from .rows import Row, encode_discriminator, preflight, read_rows, read_template
from .spec import Spec
from .training import last_checkpoint, prepare, row_record, save_run, subset, trainer_arguments


# runs that may stand beside a discriminator without being a shortcut that it must beat
NO_SHORTCUT = ("linear head", "lm head", "label shuffle")


def pair_up(rows: list[Row]) -> list[tuple[Row, Row]]:
    """[(real, simulated), ...] in the order in which pairs first appear. Rows have passed the preflight."""
    pairs: dict[str, dict[int, Row]] = {}
    for row in rows:
        pairs.setdefault(row.pair, {})[row.label] = row
    return [(two[1], two[0]) for two in pairs.values()]


def collate(pairs: list[tuple[Row, Row]]) -> dict:
    """Both rows of each pair in one batch, so that every batch is balanced: input_ids and marks (rows, tokens), and
    `real` (points,) in the order in which marks are read."""
    rows = [row for pair in pairs for row in pair]
    longest = max(len(r.input_ids) for r in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    marks = torch.zeros(len(rows), longest, dtype=torch.bool)
    for i, row in enumerate(rows):
        ids[i, : len(row.input_ids)] = torch.tensor(row.input_ids)
        marks[i, row.marks] = True
    real = torch.cat([torch.full((len(r.marks),), float(r.label)) for r in rows])
    return {"input_ids": ids, "marks": marks, "real": real}


class PairTrainer(Trainer):
    """transformers' trainer with the loss at reading points only."""

    def __init__(self, *args, hyper, ids, **kwargs):
        super().__init__(*args, **kwargs)
        self.hyper, self.ids = hyper, ids

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        states = turn_states(model, inputs["input_ids"], inputs["marks"])
        mass = self.hyper.mass_weight if self.state.global_step >= self.hyper.two_way_steps else 0.0
        return judge_loss(model, self.hyper.head, self.ids, states, inputs["real"], mass)


def score_all(model, head: str, ids, rows: list[Row]) -> list[dict]:
    """[{"id", "pair", "label", "z"}] for every row."""
    return [{"id": r.id, "pair": r.pair, "label": r.label, "z": score_row(model, head, ids, r)} for r in rows]


def quick(scored: list[dict]) -> dict:
    """Two-way loss (nats) and accuracy over all user turns: what the best step is chosen by."""
    z = torch.tensor([x for s in scored for x in s["z"]])
    y = torch.tensor([float(s["label"]) for s in scored for _ in s["z"]])
    right = ((z > 0).float() == y).float().mean()
    return {"loss": round(binary_cross_entropy_with_logits(z, y).item(), 4), "accuracy": round(right.item(), 4)}


class KeepBest(TrainerCallback):
    """Judges the validation rows every `every` steps and keeps the trained weights of the lowest two-way loss."""

    def __init__(self, events: Events, judge, every: int | None):
        self.events, self.judge, self.every = events, judge, every
        self.seen, self.best, self.weights = [], None, None

    def look(self, model, step: int) -> None:
        found = {"step": step, **quick(self.judge(model))}
        self.seen.append(found)
        if self.best is None or found["loss"] < self.best["loss"]:
            self.best = found
            self.weights = {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}
        self.events.emit("valid", best=self.best["step"], **found)

    def on_step_end(self, args, state, control, model=None, **kwargs):
        if self.every and state.global_step % self.every == 0 and state.global_step < state.max_steps:
            self.look(model, state.global_step)

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


def verdict(own: dict, beside: dict, sees_chatbot: bool = False) -> str:
    """An honest sentence for the card: ahead of its shortcuts or not, where, and by how much. A shortcut through the
    chatbot's words counts only if D sees them; else it is named as what D is kept from."""
    hidden = {k: v for k, v in beside.items() if "chatbot" in k and not sees_chatbot}
    shortcuts = {k: v for k, v in beside.items() if not k.startswith(NO_SHORTCUT) and k not in hidden}
    if not shortcuts:
        return "No shortcut was measured beside it: its p_t is not shown to mean anything."
    parts = []
    for where in own:
        known = {k: v[where]["accuracy"] for k, v in ((k, v["per_turn"]) for k, v in shortcuts.items()) if where in v}
        if known:
            name = max(known, key=known.get)
            gap = own[where]["accuracy"] - known[name]
            word = "ahead of" if gap > 0 else "behind" if gap < 0 else "level with"
            at = f"t = {where}" if where.isdigit() else where
            parts.append(f"at {at} {own[where]['accuracy']:.2f}, {word} its best shortcut ({name}, {known[name]:.2f}) by {abs(gap):.2f}")
    said = "Accuracy " + "; ".join(parts) + "."
    for name, judge in hidden.items():
        if ALL in judge["per_turn"]:
            said += f" The chatbot's words, which its input hides, would tell the sides apart by themselves ({name}: {judge['per_turn'][ALL]['accuracy']:.2f})."
    return said


def control(own: dict) -> str:
    """The verdict on a run with shuffled labels: how near to chance it stayed."""
    low, high = own[ALL]["accuracy_95"]
    return (
        f"A control: its training labels were shuffled, so nothing could be learnt. Accuracy over all turns {own[ALL]['accuracy']:.2f} "
        f"[{low:.2f}, {high:.2f}], where 0.50 is chance."
    )


def _compared(spec: Spec, on: str) -> tuple[dict, dict]:
    """({name: per-turn figures} of the runs given as `compare`, {name: why} of those that have none yet).

    Raises FoilError if one of them was judged on another split.
    """
    out, missing = {}, {}
    for name, path in spec.compare.items():
        try:
            other = json.loads(path.read_text(encoding="utf-8"))
            table, where = other["per_turn"], other.get("reported_on", "valid")
        except (OSError, ValueError, KeyError):
            missing[name] = "no metrics.json of a finished stage discriminator"
            continue
        if where != on:
            raise FoilError(f"{path}: compare.{name}: its figures come from split {where}, this run's from {on}. Run it again with the same rows.")
        out[name] = {"per_turn": table}
    return out, missing


def _both_sides(spec: Spec, rows: list[Row], on: str) -> dict | None:
    """{row key: messages with the chatbot's words} from the `all` input of the same sessions; None if it was not given."""
    full = ("train_all", f"{on}_all")
    if not spec.hyper.baselines or not all(s in spec.rows for s in full):
        return None
    texts = {(r["id"], r["pair"]): r["messages"] for s in full for r in read_rows(spec.rows[s], discriminator=True)}
    if missing := [r.id for r in rows if r.key not in texts]:
        raise FoilError(f"{spec.path}: rows.train_all: lacks {missing[0]} ({len(missing)} ids in all). Export both inputs from the same sessions.")
    return texts


def _beside(spec: Spec, train: list[Row], judged: list[Row], texts: dict | None) -> dict:
    """The shortcuts on the very rows that D saw and was judged on."""
    h, out = spec.hyper, {}

    def plain(rows, texts=None):
        return [{"messages": (texts or {}).get(r.key, r.messages), "label": r.label, "pair": r.pair, "group": r.group} for r in rows]

    kinds = {"bag of words (user)": ("words", None), "length alone (user)": ("length", None)} if h.baselines else {}
    if texts:
        kinds["bag of words (chatbot only)"] = ("chatbot", texts)
    for name, (kind, said) in kinds.items():
        out[name] = {"per_turn": shortcut(kind, plain(train, said), plain(judged, said), h.report_turns, spec.seed, int(h.bootstrap))}
    return out


def _refuse_leaks(spec: Spec, sets: dict[str, list[Row]]) -> None:
    groups = {split: {r.group for r in rows} for split, rows in sets.items()}
    for one, other in combinations(groups, 2):
        if shared := groups[one] & groups[other]:
            raise FoilError(f"{spec.path}: rows: {len(shared)} groups stand in {one} and {other} (the first: {sorted(shared)[0][:60]!r}). Split by group.")


def run_discriminator(spec: Spec, out: Path, resume: bool = False) -> dict:
    """Train D (Eq. 3), keep the step of the lowest two-way loss on `valid`, and write OUT/adapter, OUT/metrics.json,
    OUT/scores.jsonl and OUT/run.json.

    Every reported figure comes from rows.test if it is given, so that nothing was chosen on it, else from `valid`;
    metrics["reported_on"] says which. Figures are taken with fp32 weights, as D is served. Returns the metrics. Raises
    FoilError for unusable rows, and for a group that stands in two splits.
    """
    h, events, start = spec.hyper, Events(out), time.time()
    prepare(spec)
    model, tokenizer, ids = build_judge(spec)
    template = read_template(spec.template)
    sets, record = {}, {}
    limits = {"train": h.max_sessions, "valid": h.valid_sessions, "test": None}
    for split, limit in limits.items():
        if split not in spec.rows:
            continue
        rows = [encode_discriminator(tokenizer, template, r) for r in read_rows(spec.rows[split], discriminator=True)]
        used = preflight(events, tokenizer, split, rows, h.max_length, pairs=True)
        kept = subset(pair_up(used), limit // 2 if limit else None, spec.seed)
        sets[split] = [row for pair in kept for row in pair]
        record[split] = row_record(spec.rows[split], sets[split], len(rows))
    _refuse_leaks(spec, sets)
    on = "test" if "test" in sets else "valid"
    # looked at before the training, so that a wrong file is said at once and not hours later; runs beside may end meanwhile
    _compared(spec, on)
    texts = _both_sides(spec, sets["train"] + sets[on], on)
    if h.label_shuffle:
        shuffled(sets["train"], spec.seed)
    pairs = pair_up(sets["train"])
    keep = KeepBest(events, lambda m: score_all(m, h.head, ids, sets["valid"]), h.eval_every)
    trainer = PairTrainer(
        model=model, args=TrainingArguments(**trainer_arguments(spec, out, len(pairs), 1, int(h.batch))), train_dataset=pairs,
        data_collator=collate, processing_class=tokenizer, callbacks=[StepEvents(events, h.time_limit), keep], hyper=h, ids=ids,
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(out) if resume else None)
    keep.look(model, trainer.state.global_step)
    keep.restore(model)
    model.save_pretrained(str(out / "adapter"))
    trained = round(time.time() - start)
    scored = score_all(model.float(), h.head, ids, sets[on])
    own = per_turn(scored, h.report_turns, spec.seed, int(h.bootstrap))
    compared, missing = _compared(spec, on)
    if missing:
        events.emit("beside", left_out=missing)
    beside = {**_beside(spec, sets["train"], sets[on], texts), **compared}
    metrics = {
        "reported_on": on, "per_turn": own, "beside": beside,
        "verdict": control(own) if h.label_shuffle else verdict(own, beside, h.input == "all"), "best_step": keep.best["step"],
        "steps": trainer.state.global_step, "during": keep.seen, "sessions": len(sets[on]), "seconds": trained,
        "label_token_ids": {"real": ids[0], "simulated": ids[1]}, "context": any(m["role"] == "system" for r in sets["train"] for m in r.messages),
        **quick(scored),
    }
    (out / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    (out / "scores.jsonl").write_text("".join(json.dumps(s) + "\n" for s in scored), encoding="utf-8")
    save_run(spec, out, metrics, record)
    events.emit("done", stage="discriminator", out="adapter", seconds=trained, reported_on=on, verdict=metrics["verdict"], **quick(scored))
    return metrics
