"""What a stage tells the outside: JSON lines in a file, the same on standard output."""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path


def is_main() -> bool:
    """Whether this process speaks and writes for the run: the only one, or rank 0 of several."""
    return int(os.environ.get("RANK") or 0) == 0


class Events:
    """Appends events to the file `path` (None: no file), each `{"t": seconds since 1970, "event": str, ...}`, and prints
    them; nothing at all in a process that is not rank 0.

    Numbers that are not finite become null: JSON has no NaN, and a reader must not die of one.
    """

    def __init__(self, path: Path | None):
        self.path = path
        self._file = None
        self._speaks = is_main()
        if self._speaks and path:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")

    def emit(self, event: str, **fields) -> None:
        """Write one event and flush it, so that a follower sees it at once."""
        if not self._speaks:
            return
        fields = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in fields.items()}
        line = json.dumps({"t": round(time.time(), 3), "event": event, **fields}, ensure_ascii=False)
        print(line, flush=True)
        if self._file:
            self._file.write(line + "\n")
            self._file.flush()

    def last_words(self, **fields) -> None:
        """The event `failed`; a disk that is full must not hide why."""
        try:
            self.emit("failed", **fields)
        except OSError:
            pass

    def every(self, event: str) -> list[dict]:
        """All events of that kind that are in the file, also of earlier runs; torn lines are passed over."""
        if not self.path:
            return []
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return []
        found = []
        for line in lines:
            try:
                got = json.loads(line)
            except ValueError:
                continue
            if isinstance(got, dict) and got.get("event") == event:
                found.append(got)
        return found

    def earlier(self, event: str, **fields) -> dict | None:
        """The newest event of that kind with those fields."""
        return next((e for e in reversed(self.every(event)) if all(e.get(k) == v for k, v in fields.items())), None)
