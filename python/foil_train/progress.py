"""The trainer's progress as events: steps, the estimate from the first ones, checkpoints, and the time limit."""

from __future__ import annotations

import time

from transformers import TrainerCallback

from .checkpoints import seal
from .events import Events, is_main

# steps after which the time is estimated; the very first carries what a runtime does once
ESTIMATES = (3, 10)
# figures of the trainer that say nothing of these stages
UNTOLD = ("epoch", "total_flos", "num_tokens", "logits", "mean_token_accuracy")


class Counted:
    """A collator that writes on each batch how many tokens (without padding) it has; `take` removes and adds them up.

    Not added up where batches are made: loaders make them one step ahead.
    """

    def __init__(self, collate, tokens_of):
        self.collate, self.tokens_of, self.tokens = collate, tokens_of, 0

    def __call__(self, items: list) -> dict:
        return {**self.collate(items), "tokens": sum(self.tokens_of(item) for item in items)}

    def take(self, inputs: dict, training: bool = True) -> None:
        """Remove the count from a batch that goes into a step; one of an evaluation is not added."""
        tokens = inputs.pop("tokens", 0)
        self.tokens += tokens if training else 0


class StepEvents(TrainerCallback):
    """Forwards the trainer's logs as `step` events, says how long it will take, seals checkpoints, and stops at the time
    limit (seconds) if there is one. `tokens_per_s` counts the tokens of all processes since the step before."""

    def __init__(self, events: Events, counted: Counted, facts: dict, time_limit: float | None = None):
        self.events, self.counted, self.facts, self.limit = events, counted, facts, time_limit
        self.start, self.first, self.last, self.began = time.time(), 0, None, None

    def on_train_begin(self, args, state, control, **kwargs):
        # a resumed run's earlier steps cost this process nothing, and must not make its estimate too good
        self.start, self.first = time.time(), state.global_step
        self.last = (self.start, self.counted.tokens)

    def on_step_end(self, args, state, control, **kwargs):
        done, now = state.global_step - self.first, time.time()
        if done == 1:
            self.began = now
        if done in ESTIMATES and done > 1:
            each = (now - self.began) / (done - 1)
            self.events.emit("estimate", seconds=round(each * (state.max_steps - state.global_step)), from_steps=done)
        if self.limit and now - self.start > self.limit:
            self.events.emit("stopping", step=state.global_step, why=f"time limit of {self.limit} s")
            control.should_training_stop = True
        return control

    def on_log(self, args, state, control, logs=None, **kwargs):
        if logs and "loss" in logs:
            now, tokens = time.time(), self.counted.tokens
            done = max(state.global_step - self.first, 1)
            left = (now - self.start) / done * max(state.max_steps - state.global_step, 0)
            rate = (tokens - self.last[1]) * args.world_size / max(now - self.last[0], 1e-6)
            self.last = (now, tokens)
            keep = {k: v for k, v in logs.items() if isinstance(v, (int, float)) and k.split("/")[0] not in UNTOLD}
            self.events.emit("step", step=state.global_step, steps=state.max_steps, eta=round(left), tokens_per_s=round(rate, 1), **keep)

    def on_save(self, args, state, control, **kwargs):
        if is_main():
            seal(args.output_dir, state.global_step, self.facts)
        self.events.emit("saved", step=state.global_step)
