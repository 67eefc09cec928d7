"""What a stage tells the outside: JSON lines in `events.jsonl`, the same on standard output."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

from transformers import TrainerCallback


class Events:
    """Appends events to DIR/events.jsonl, each `{"t": seconds since 1970, "event": str, ...}`, and prints them.

    Numbers that are not finite become null: JSON has no NaN, and a reader must not die of one.
    """

    def __init__(self, out: Path):
        out.mkdir(parents=True, exist_ok=True)
        self.path = out / "events.jsonl"
        self._file = self.path.open("a", encoding="utf-8")

    def emit(self, event: str, **fields) -> None:
        """Write one event and flush it, so that a follower sees it at once."""
        fields = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in fields.items()}
        line = json.dumps({"t": round(time.time(), 3), "event": event, **fields}, ensure_ascii=False)
        self._file.write(line + "\n")
        self._file.flush()
        print(line, flush=True)

    def earlier(self, event: str, **fields) -> dict | None:
        """The newest event of that kind with those fields that an earlier run wrote here; torn lines are passed over."""
        found = None
        for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                got = json.loads(line)
            except ValueError:
                continue
            if got.get("event") == event and all(got.get(k) == v for k, v in fields.items()):
                found = got
        return found


class StepEvents(TrainerCallback):
    """Forwards the trainer's logs as `step` events, and stops at the time limit (seconds) if there is one."""

    def __init__(self, events: Events, time_limit: float | None = None):
        self.events, self.limit, self.start, self.first = events, time_limit, time.time(), 0

    def on_train_begin(self, args, state, control, **kwargs):
        # a resumed run's earlier steps cost this process nothing, and must not make its estimate too good
        self.start, self.first = time.time(), state.global_step

    def on_log(self, args, state, control, logs=None, **kwargs):
        if logs and "loss" in logs:
            done = max(state.global_step - self.first, 1)
            left = (time.time() - self.start) / done * max(state.max_steps - state.global_step, 0)
            keep = {k: v for k, v in logs.items() if isinstance(v, (int, float)) and k not in ("epoch", "total_flos")}
            self.events.emit("step", step=state.global_step, steps=state.max_steps, eta=round(left), **keep)

    def on_step_end(self, args, state, control, **kwargs):
        if self.limit and time.time() - self.start > self.limit:
            self.events.emit("stopping", step=state.global_step, why=f"time limit of {self.limit} s")
            control.should_training_stop = True
        return control
