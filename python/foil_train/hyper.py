"""Hyper-parameters: `stages.json` is the one table of them, for the checks here and for the forms of the interface."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .errors import FoilError

TABLE = json.loads((Path(__file__).parent / "stages.json").read_text(encoding="utf-8"))


def fields_of(stage: str) -> dict[str, dict]:
    """{name: field of the table} of a stage; empty for one without hyper-parameters."""
    return (TABLE["stages"].get(stage) or TABLE["tools"].get(stage) or {"hyper": {}})["hyper"]


def preset(stage: str, name: str) -> dict[str, Any]:
    """Every value of a preset (`paper`, `small`); a field that the preset does not name has its default."""
    return {key: field.get(name, field["default"]) for key, field in fields_of(stage).items()}


def _fault(field: dict, value: Any) -> tuple[str, str] | None:
    """(what is wrong, the remedy), or None."""
    kind = field["type"]
    if value is None:
        return None if field.get("null") else ("null is no value here", f"Leave it out for the default, {field['default']}.")
    if kind == "choice":
        return None if value in field["choices"] else (f"{value!r} is not one of {', '.join(field['choices'])}", "Choose one of them.")
    if kind == "boolean":
        return None if isinstance(value, bool) else (f"{value!r} is not true or false", "Write true or false.")
    if kind == "list":
        if not isinstance(value, list) or not value:
            return f"{value!r} is not a list", "Give a list with at least one entry."
        held = int if field["items"] == "integer" else str
        for item in value:
            if not isinstance(item, held) or isinstance(item, bool) or item not in field.get("choices", [item]):
                return f"{item!r} has no place in it", f"Choose from {', '.join(field['choices'])}." if "choices" in field else "Give whole numbers."
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"{value!r} is not a number", "Write a number."
    bounds = [f"{word} {field[key]}" for key, word in (("above", "above"), ("min", "from"), ("max", "at most")) if key in field]
    inside = (
        math.isfinite(value) and value > field.get("above", -math.inf)
        and field.get("min", -math.inf) <= value <= field.get("max", math.inf)
    )
    if not inside or kind == "integer" and value != int(value):
        whole = "a whole number" if kind == "integer" else "a number"
        return f"{value!r} is out of range", f"Give {whole} {', '.join(bounds)}."
    return None


def check_hyper(path: Path, stage: str, given: dict) -> SimpleNamespace | None:
    """The hyper-parameters of `stage` with the defaults filled in; None for a stage that has none.

    Raises FoilError naming the spec at `path`, the field and the remedy.
    """
    fields = fields_of(stage)
    for key, value in given.items():
        if not fields:
            raise FoilError(f"{path}: hyper.{key}: stage {stage} has no hyper-parameters. Remove it.")
        if key not in fields:
            raise FoilError(f"{path}: hyper.{key}: unknown key. Known keys: {', '.join(sorted(fields))}.")
        if fault := _fault(fields[key], value):
            raise FoilError(f"{path}: hyper.{key}: {fault[0]}. {fault[1]}")
    if not fields:
        return None
    # 2.0 is a whole number in JSON, and an index or a count in Python must be an int
    return SimpleNamespace(**{
        key: int(value) if field["type"] == "integer" and value is not None else value
        for key, field in fields.items() for value in [given.get(key, field["default"])]
    })
