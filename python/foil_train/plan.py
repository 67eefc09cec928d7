"""All of a training that needs no weights: rows read, rendered and checked, and whether it fits. `--preflight` ends here."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from .base import load_config, load_tokenizer, sha256
from .errors import FoilError
from .events import Events
from .memory import check_memory, estimate
from .preferences import encode_preference, read_preferences
from .preflight import preflight
from .rows import Row, encode_discriminator, encode_sft, label_tokens, read_rows
from .spec import Spec
from .template import Ends, read_ends, read_template

# validation keeps sessions that are too long to train on
VALID_LENGTH = 8192


@dataclass
class Plan:
    """What a stage trains on: `sets` {split: rows}, `record` of them for run.json, the tokenizer, template and its ends."""

    tokenizer: Any
    template: str
    ends: Ends
    sets: dict[str, list]
    record: dict[str, dict]
    ids: tuple[int, int] | None = None
    lora: dict = field(default_factory=dict)


def subset(items: list, limit: int | None, seed: int) -> list:
    """At most `limit` items, drawn with the seed (the same ones every time)."""
    if not limit or limit >= len(items):
        return items
    return random.Random(seed).sample(items, limit)


def pair_up(rows: list[Row]) -> list[tuple[Row, Row]]:
    """[(real, simulated), ...] in the order in which pairs first appear. Rows have passed the preflight."""
    pairs: dict[str, dict[int, Row]] = {}
    for row in rows:
        pairs.setdefault(row.pair, {})[row.label] = row
    return [(two[1], two[0]) for two in pairs.values()]


def row_record(path: Path, used: list, whole: int) -> dict:
    """{file, sha256, sessions, of}: which rows a run saw."""
    return {"file": path.name, "sha256": sha256(path), "sessions": len(used), "of": whole}


def refuse_leaks(spec: Spec, sets: dict[str, list]) -> None:
    """FoilError if a group stands in two splits: what was learnt by heart would then look like a good figure."""
    groups = {split: {r.group for r in rows} for split, rows in sets.items()}
    for one, other in combinations(groups, 2):
        # both are learnt from: pairs are mined on the contexts of the real sessions
        if {one, other} == {"train", "real"}:
            continue
        if shared := groups[one] & groups[other]:
            raise FoilError(f"{spec.path}: rows: {len(shared)} groups stand in {one} and {other} (the first: {sorted(shared)[0][:60]!r}). Split by group.")


def adapter_folder(spec: Spec) -> Path:
    """The folder of spec.adapter that holds adapter_config.json: itself, or its `adapter`."""
    folder = spec.adapter / "adapter" if (spec.adapter / "adapter").is_dir() else spec.adapter
    if not (folder / "adapter_config.json").exists():
        raise FoilError(f"{folder}: no adapter_config.json. Give a folder of models/, or the output of a training stage.")
    return folder


def _previous(spec: Spec) -> dict:
    """{rank, targets} of the adapter that `dpo` goes on with.

    Raises FoilError for a discriminator's head, and for an adapter that was trained with another template.
    """
    folder = adapter_folder(spec)
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    if config.get("task_type") not in (None, "CAUSAL_LM"):
        raise FoilError(f"{folder}/adapter_config.json: task_type: {config['task_type']} is not CAUSAL_LM. Give a simulator's adapter.")
    for name, read in (("run.json", lambda r: r["template_sha256"]), ("card.json", lambda r: r["template"]["sha256"])):
        for place in (folder, spec.adapter):
            if (place / name).exists():
                was = read(json.loads((place / name).read_text(encoding="utf-8")))
                if was != sha256(spec.template):
                    raise FoilError(f"{spec.path}: template: not the one that the adapter was trained with (sha256 {was[:12]}...). Give that one.")
    return {"rank": config["r"], "targets": config["target_modules"]}


def _heaviest(rows: list[list], batch: int) -> tuple[int, int]:
    """(tokens, trained positions) of the dearest batch that can be drawn; each of rows is what counts as one of a batch."""
    top = sorted(rows, key=lambda item: sum(r.cost for r in item))[-batch:]
    return sum(r.cost for item in top for r in item), sum(r.trained for item in top for r in item)


def at_once(spec: Spec) -> int:
    """Items of a batch that go through the model together. `dpo` on a CPU takes one pair at a time and adds up gradients:
    pairs of one batch differ in length, padding is computed like text, and nothing is gained there by width."""
    import torch

    return 1 if spec.stage == "dpo" and not torch.cuda.is_available() else spec.hyper.batch


def make_plan(spec: Spec, events: Events, dry: bool = False) -> Plan:
    """Read, render and check every split of a training stage, and emit `preflight` for each and `memory`.

    dry: only look; a training that cannot fit here is then no error. Raises FoilError for rows that cannot be used.
    """
    h = spec.hyper
    tokenizer, template = load_tokenizer(spec.base), read_template(spec.template)
    ends = read_ends(tokenizer, template, spec.template, spec.tokens)
    limits = {
        "sft": lambda: {"train": h.max_sessions, "valid": h.valid_sessions},
        "discriminator": lambda: {"train": h.max_sessions, "valid": h.valid_sessions, "test": None},
        "dpo": lambda: {"train": h.max_pairs, "valid": h.valid_pairs, **({"real": None} if h.real_weight else {})},
    }[spec.stage]()
    if spec.stage == "dpo" and h.real_weight and "real" not in spec.rows:
        raise FoilError(f"{spec.path}: rows.real: missing, and hyper.real_weight is {h.real_weight}. Add the rows of real sessions (`foil export simulator`), or set it to 0.")
    plan = Plan(tokenizer, template, ends, {}, {})
    digest = sha256(spec.template)
    for split, limit in limits.items():
        if split not in spec.rows:
            continue
        path, longest = spec.rows[split], h.max_length
        if spec.stage == "sft" or split == "real":
            rows = [encode_sft(tokenizer, template, r) for r in read_rows(path, discriminator=False)]
            longest = max(VALID_LENGTH, h.max_length) if split == "valid" else h.max_length
        elif spec.stage == "dpo":
            rows = [encode_preference(tokenizer, template, r) for r in read_preferences(path)]
        else:
            rows = [encode_discriminator(tokenizer, template, r, ends.turn_id) for r in read_rows(path, discriminator=True)]
        # drawn after the preflight, so that dropped rows do not thin the subset
        used = preflight(events, tokenizer, split, rows, longest, digest, pairs=spec.stage == "discriminator")
        if spec.stage == "discriminator":
            used = [row for pair in subset(pair_up(used), limit // 2 if limit else None, spec.seed) for row in pair]
        else:
            used = subset(used, limit, spec.seed)
        plan.sets[split] = used
        plan.record[split] = row_record(path, used, len(rows))
    refuse_leaks(spec, plan.sets)
    items = pair_up(plan.sets["train"]) if spec.stage == "discriminator" else [[r] for r in plan.sets["train"]]
    if real := plan.sets.get("real"):
        # the longest session may come beside any pair
        items = [[*item, max(real, key=lambda r: r.cost)] for item in items]
    plan.lora = _previous(spec) if spec.stage == "dpo" else {"rank": h.rank, "targets": h.targets}
    if spec.stage == "discriminator":
        plan.ids = label_tokens(tokenizer)
    likely, least = estimate(spec.stage, load_config(spec.base), h, plan.lora, *_heaviest(items, at_once(spec)))
    check_memory(events, likely, least, dry)
    return plan
