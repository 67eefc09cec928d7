"""Checkpoints that survive a kill at any moment: one counts only once it is sealed, which is the last thing done to it."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

from .errors import FoilError
from .events import is_main

SEAL = "foil.json"
NAME = re.compile(r"^checkpoint-(\d+)$")


def write_json(path: Path, what: dict) -> None:
    """Write a document whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(what, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, path)


def seal(folder: str, step: int, facts: dict) -> None:
    """Mark FOLDER/checkpoint-STEP as whole. facts: what a run must have in common with the one that resumes it."""
    write_json(Path(folder) / f"checkpoint-{step}" / SEAL, {"step": step, **facts})


def _whole(out: Path) -> list[tuple[int, Path, dict]]:
    """(step, folder, seal) of every checkpoint that is whole, oldest first."""
    folder, found = out / "checkpoints", []
    for path in folder.iterdir() if folder.is_dir() else ():
        if name := NAME.match(path.name):
            try:
                found.append((int(name[1]), path, json.loads((path / SEAL).read_text(encoding="utf-8"))))
            except (OSError, ValueError):
                continue  # half-written: it is written anew when the run comes to that step again
    return sorted(found, key=lambda entry: entry[0])


def last_checkpoint_step(out: Path) -> int | None:
    """The step that a resumed run would go on from."""
    return next((step for step, *_ in reversed(_whole(out))), None)


def starting_point(out: Path, resume: bool, facts: dict) -> str | None:
    """The newest whole checkpoint of a killed run in OUT/checkpoints, or None to start anew; without `resume` what an
    earlier run left there is removed.

    Passed to `train()` by hand: the trainer's own argument of that name is not used. Raises FoilError if the run that
    left it had other facts: to go on under another schedule or on other rows is another run.
    """
    if not resume and is_main():
        shutil.rmtree(out / "checkpoints", ignore_errors=True)
    if not resume or not (found := _whole(out)):
        return None
    _, path, was = found[-1]
    for key, value in facts.items():
        if was.get(key) != value:
            raise FoilError(
                f"{path}: {key}: the run that is to be resumed had {json.dumps(was.get(key))[:200]}, this one has {json.dumps(value)[:200]}. "
                "Start a new run for other settings."
            )
    return str(path)
