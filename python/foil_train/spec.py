"""The description of one stage: `spec.json`, checked field by field before anything is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .errors import FoilError
from .hyper import check_hyper

TRAINING = ("sft", "discriminator", "dpo")
STAGES = ("base", *TRAINING, "export", "score")
KINDS = ("simulator", "chatbot", "discriminator")


# what a stage cannot do without, beside `stage` and `base`
NEEDS = {
    "base": (),
    "sft": ("template", "rows", "name", "kind"),
    "discriminator": ("template", "rows", "name", "kind"),
    "dpo": ("template", "rows", "adapter", "name", "kind"),
    "export": ("template", "adapter", "name", "kind"),
    "score": ("template", "adapter", "rows"),
}
# the rows that a stage reads, those it cannot do without first
ROW_KEYS = {
    "sft": (("train", "valid"), ()),
    "discriminator": (("train", "valid"), ("test", "train_all", "valid_all", "test_all")),
    "dpo": (("train",), ("valid", "real")),
    "score": (("score",), ()),
    "export": ((), ()),
    "base": ((), ()),
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
    hyper: SimpleNamespace | None
    card: dict
    adapter: Path | None
    compare: dict[str, Path]
    tokens: dict[str, str]
    path: Path

    def recipe(self) -> dict:
        """Every hyper-parameter, with the defaults written out (for the card)."""
        return dict(vars(self.hyper)) if self.hyper is not None else {}


def _fail(path: Path, where: str, why: str, remedy: str) -> FoilError:
    return FoilError(f"{path}: {where}: {why}. {remedy}")


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
    known = {"stage", "base", "template", "rows", "name", "kind", "seed", "hyper", "card", "adapter", "compare", "tokens"}
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
    for key in ("rows", "hyper", "card", "compare", "tokens"):
        if not isinstance(raw.get(key, {}), dict):
            raise _fail(path, key, "is not an object", "Write {...}.")

    def resolve(where: str, value: Any) -> Path:
        if not isinstance(value, str):
            raise _fail(path, where, f"{value!r} is not a path", "Write a string.")
        found = path.parent / Path(value).expanduser()
        if not found.exists():
            raise _fail(path, where, f"{value} does not exist", "Correct the path (relative ones start at the spec).")
        return found

    required, optional = ROW_KEYS[stage]
    rows = {}
    for key, value in raw.get("rows", {}).items():
        if key not in required + optional:
            raise _fail(path, f"rows.{key}", "unknown key", f"Stage {stage} reads: {', '.join(required + optional) or 'none'}.")
        rows[key] = resolve(f"rows.{key}", value)
    for key in required:
        if key not in rows:
            raise _fail(path, f"rows.{key}", "missing", "Add the path of the JSONL file.")
    tokens = raw.get("tokens", {})
    for key, value in tokens.items():
        if key not in ("turn", "session") or not isinstance(value, str) or not value:
            raise _fail(path, f"tokens.{key}", "not a token's text under turn or session", 'Write {"turn": "...", "session": "..."}.')
    return Spec(
        stage=stage,
        base=resolve("base", raw["base"]),
        template=resolve("template", raw["template"]) if raw.get("template") else None,
        rows=rows,
        name=raw.get("name"),
        kind=raw.get("kind"),
        seed=seed,
        hyper=check_hyper(path, stage, raw.get("hyper", {})),
        card=raw.get("card", {}),
        adapter=resolve("adapter", raw["adapter"]) if raw.get("adapter") else None,
        compare={k: resolve(f"compare.{k}", v) for k, v in raw.get("compare", {}).items()},
        tokens=tokens,
        path=path,
    )
