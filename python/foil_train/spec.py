"""The description of one stage: `spec.json`, checked field by field before anything is loaded."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .errors import FoilError

STAGES = ("base", "sft", "discriminator", "export", "score")
KINDS = ("simulator", "chatbot", "discriminator")
TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass
class SftHyper:
    """Hyper-parameters of `sft`. Lengths are in tokens, `batch` is sessions per optimiser step, `time_limit` seconds."""

    lr: float = 6e-4
    rank: int = 8
    alpha: int = 16
    dropout: float = 0.0
    targets: list = field(default_factory=lambda: list(TARGETS))
    epochs: float = 1.0
    batch: int = 2
    max_sessions: int | None = None
    max_length: int = 1100
    scheduler: str = "cosine"
    warmup: float = 0.05
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    dtype: str = "bfloat16"
    threads: int = 1
    valid_sessions: int | None = None
    eval_every: int | None = None
    save_every: int = 50
    time_limit: float | None = None


@dataclass
class DiscriminatorHyper(SftHyper):
    """Hyper-parameters of `discriminator`; `batch` counts *pairs*. `mass_weight` scales -log(p_real + p_fake), the part
    of the full-vocabulary cross-entropy that is not the two-way loss: 1 is exactly the full one, 0 the two-way one."""

    lr: float = 3e-4
    epochs: float = 3.0
    batch: int = 2
    max_length: int = 2048
    head: str = "lm"
    input: str = "user-turns"
    two_way_steps: int = 20
    mass_weight: float = 1.0
    label_shuffle: bool = False
    report_turns: list = field(default_factory=lambda: [1, 3, 5, 10, 25])
    bootstrap: int = 1000
    baselines: bool = True


@dataclass
class ScoreHyper:
    """Hyper-parameters of `score`: the precision, and the threads of the pool."""

    dtype: str = "float32"
    threads: int = 1
    max_length: int = 8192


HYPER = {"sft": SftHyper, "discriminator": DiscriminatorHyper, "score": ScoreHyper, "export": None, "base": None}
CHOICES = {
    "scheduler": ("cosine", "constant_with_warmup", "linear"),
    "dtype": ("bfloat16", "float32"),
    "head": ("lm", "linear"),
    "input": ("user-turns", "all"),
}
# what a stage cannot do without, beside `stage` and `base`
NEEDS = {
    "base": (),
    "sft": ("template", "rows", "name", "kind"),
    "discriminator": ("template", "rows", "name", "kind"),
    "export": ("template", "adapter", "name", "kind"),
    "score": ("template", "adapter", "rows"),
}
ROW_KEYS = {
    "sft": ("train", "valid"),
    "discriminator": ("train", "valid", "test", "train_all", "valid_all", "test_all"),
    "score": ("score",),
    "export": (),
    "base": (),
}


@dataclass
class Spec:
    """A checked spec. Paths are as the user wrote them, resolved against the spec's folder."""

    stage: str
    base: Path
    template: Path | None
    rows: dict[str, Path]
    name: str | None
    kind: str | None
    seed: int
    hyper: Any
    card: dict
    adapter: Path | None
    compare: dict[str, Path]
    path: Path

    def recipe(self) -> dict:
        """Every hyper-parameter, with the defaults written out (for the card)."""
        return asdict(self.hyper) if self.hyper is not None else {}


def _fail(path: Path, where: str, why: str, remedy: str) -> FoilError:
    return FoilError(f"{path}: {where}: {why}. {remedy}")


def _check_hyper(path: Path, stage: str, given: dict) -> Any:
    cls = HYPER[stage]
    if cls is None:
        if given:
            raise _fail(path, f"hyper.{next(iter(given))}", f"stage {stage} has no hyper-parameters", "Remove it.")
        return None
    blank = cls()
    for key, value in given.items():
        where = f"hyper.{key}"
        if not hasattr(blank, key):
            raise _fail(path, where, "unknown key", f"Known keys: {', '.join(sorted(asdict(blank)))}.")
        default = getattr(blank, key)
        if key in CHOICES:
            if value not in CHOICES[key]:
                raise _fail(path, where, f"{value!r} is not one of {', '.join(CHOICES[key])}", "Choose one of them.")
        elif isinstance(default, bool):
            if not isinstance(value, bool):
                raise _fail(path, where, f"{value!r} is not true or false", "Write true or false.")
        elif isinstance(default, list):
            if not isinstance(value, list) or not value:
                raise _fail(path, where, f"{value!r} is not a list", "Give a list with at least one entry.")
            if key == "targets" and (bad := [v for v in value if v not in TARGETS]):
                raise _fail(path, where, f"{bad[0]!r} is no linear layer of the base", f"Choose from {', '.join(TARGETS)}.")
        elif isinstance(value, bool) or not isinstance(value, (int, float)) and value is not None:
            raise _fail(path, where, f"{value!r} is not a number", "Write a number.")
        elif value is None:
            if default is not None:
                raise _fail(path, where, "null is no value here", f"Leave it out for the default, {default}.")
        elif value < 0 or isinstance(default, int) and value != int(value):
            raise _fail(path, where, f"{value!r} is out of range", "Give a positive number (a whole one for a count).")
        setattr(blank, key, value)
    for key in ("lr", "rank", "batch", "max_length", "threads", "epochs"):
        if getattr(blank, key, 1) <= 0:
            raise _fail(path, f"hyper.{key}", "must be above 0", "Give a positive number.")
    return blank


def load_spec(path: str | Path, stage: str) -> Spec:
    """Read and check `spec.json` for `stage`.

    Raises FoilError naming the file, the field and the remedy: for a file that is missing or no JSON, an unknown key, a
    missing one, a value of the wrong type, an unknown choice, or a path that does not exist.
    """
    path = Path(path)
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FoilError(f"{path}: no such file. Give the spec with --spec.") from None
    except ValueError as e:
        raise FoilError(f"{path}: not JSON: {e}. Mend the file at that place.") from None
    if not isinstance(raw, dict):
        raise FoilError(f"{path}: the top level is not an object. Start the file with {{.")
    known = {"stage", "base", "template", "rows", "name", "kind", "seed", "hyper", "card", "adapter", "compare"}
    for key in raw:
        if key not in known:
            raise _fail(path, key, "unknown key", f"Known keys: {', '.join(sorted(known))}.")
    if raw.get("stage", stage) != stage:
        raise _fail(path, "stage", f"is {raw['stage']!r}, but the stage asked for is {stage!r}", "Make them agree.")
    for key in ("base", *NEEDS[stage]):
        if not raw.get(key):
            raise _fail(path, key, f"missing, and stage {stage} needs it", "Add it.")
    if "kind" in raw and raw["kind"] not in KINDS:
        raise _fail(path, "kind", f"{raw['kind']!r} is not one of {', '.join(KINDS)}", "Choose one of them.")
    seed = raw.get("seed", 17)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise _fail(path, "seed", f"{seed!r} is not a whole number from 0", "Write one.")
    for key in ("rows", "hyper", "card", "compare"):
        if not isinstance(raw.get(key, {}), dict):
            raise _fail(path, key, "is not an object", "Write {...}.")

    def resolve(where: str, value: Any) -> Path:
        if not isinstance(value, str):
            raise _fail(path, where, f"{value!r} is not a path", "Write a string.")
        found = path.parent / Path(value).expanduser()
        if not found.exists():
            raise _fail(path, where, f"{value} does not exist", "Correct the path (relative ones start at the spec).")
        return found

    rows = {}
    for key, value in raw.get("rows", {}).items():
        if key not in ROW_KEYS[stage]:
            raise _fail(path, f"rows.{key}", "unknown key", f"Stage {stage} reads: {', '.join(ROW_KEYS[stage]) or 'none'}.")
        rows[key] = resolve(f"rows.{key}", value)
    if "rows" in NEEDS[stage]:
        for key in ROW_KEYS[stage][: 2 if stage != "score" else 1]:
            if key not in rows:
                raise _fail(path, f"rows.{key}", "missing", "Add the path of the JSONL file.")
    return Spec(
        stage=stage,
        base=resolve("base", raw["base"]),
        template=resolve("template", raw["template"]) if raw.get("template") else None,
        rows=rows,
        name=raw.get("name"),
        kind=raw.get("kind"),
        seed=seed,
        hyper=_check_hyper(path, stage, raw.get("hyper", {})),
        card=raw.get("card", {}),
        adapter=resolve("adapter", raw["adapter"]) if raw.get("adapter") else None,
        compare={k: resolve(f"compare.{k}", v) for k, v in raw.get("compare", {}).items()},
        path=path,
    )
