import json
import os
import subprocess
import sys
import time

import pytest
import torch
from conftest import PACKAGE, events_of, judge_rows, preference_rows, put, sft_rows

from foil_train import memory
from foil_train.__main__ import main
from foil_train.errors import FoilError, explain
from foil_train.events import Events

ROWS = {"train": sft_rows(6, 1), "valid": sft_rows(2, 2)}
HYPER = {"dtype": "float32", "max_length": 200}


def call(spec, out, *more):
    return main([spec.stage, "--spec", str(spec.path), "--out", str(out), *more])


def last(path):
    return json.loads(path.read_text(encoding="utf-8").splitlines()[-1])


def test_what_is_short_is_told_with_its_remedy():
    with pytest.raises(RuntimeError) as real:
        torch.empty(10**16)
    assert explain(real.value)["kind"] == "out-of-memory"
    for error in (MemoryError(), torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")):
        assert explain(error)["kind"] == "out-of-memory" and "batch" in explain(error)["remedy"]
    full = OSError(28, "No space left on device", "/x/y")
    outer = RuntimeError("could not write")
    outer.__cause__ = full
    for error in (full, outer, RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")):
        assert explain(error)["kind"] == "disk-full" and "resume" in explain(error)["remedy"]
    assert explain(FoilError("a.json: lr: wrong. Write a number.")) == {"kind": "bad-input", "message": "a.json: lr: wrong.", "remedy": "Write a number."}
    assert explain(KeyError("x"))["kind"] == "error"


def test_a_full_disk_ends_as_a_state(make_spec, tmp_path, capsys):
    assert call(make_spec("sft", ROWS, HYPER), tmp_path / "out", "--events", "/dev/full") == 1
    error = capsys.readouterr().err
    assert "The disk is full" in error and "resume" in error and "Traceback" not in error


def test_out_of_memory_in_a_step_ends_as_an_event(make_spec, tmp_path, monkeypatch, capsys):
    from foil_train.sft import TrainedPositions

    def burst(*args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(TrainedPositions, "compute_loss", burst)
    assert call(make_spec("sft", ROWS, HYPER), tmp_path / "out") == 1
    failed = last(tmp_path / "out" / "events.jsonl")
    assert failed["event"] == "failed" and failed["kind"] == "out-of-memory" and "checkpointing" in failed["remedy"]
    assert "Traceback" not in capsys.readouterr().err


def test_anything_else_has_its_trace_in_the_log_and_one_line_in_the_event(make_spec, tmp_path, monkeypatch, capsys):
    from foil_train.sft import TrainedPositions

    def burst(*args, **kwargs):
        raise ZeroDivisionError("no\nsecond line")

    monkeypatch.setattr(TrainedPositions, "compute_loss", burst)
    assert call(make_spec("sft", ROWS, HYPER), tmp_path / "out") == 1
    failed = last(tmp_path / "out" / "events.jsonl")
    assert (failed["kind"], failed["message"]) == ("error", "ZeroDivisionError: no")
    assert "Traceback" in capsys.readouterr().err


def test_bad_input_is_an_event_in_the_file_that_was_asked_for(make_spec, tmp_path):
    spec = make_spec("sft", ROWS, {**HYPER, "max_length": 8})
    assert call(spec, tmp_path / "out", "--events", str(tmp_path / "run" / "events.jsonl")) == 1
    failed = last(tmp_path / "run" / "events.jsonl")
    assert failed["kind"] == "bad-input" and "none of 6 rows" in failed["message"] and "max_length" in failed["remedy"]
    assert not (tmp_path / "out" / "events.jsonl").exists()


def test_what_cannot_fit_is_said_before_a_model_is_loaded(make_spec, tmp_path, monkeypatch):
    import foil_train.sft

    monkeypatch.setattr(memory, "available", lambda: (100_000, "a small one"))
    monkeypatch.setattr(foil_train.sft, "load_base", lambda *a: pytest.fail("it was loaded"))
    spec = make_spec("sft", ROWS, HYPER)
    assert call(spec, tmp_path / "out") == 1
    failed = last(tmp_path / "out" / "events.jsonl")
    assert failed["kind"] == "out-of-memory" and "a small one has 0.0 GB free" in failed["message"]
    # a preflight only looks: another machine may be the one that trains
    assert call(spec, tmp_path / "look", "--preflight") == 0
    assert last(tmp_path / "look" / "events.jsonl")["fits"] is False


def test_the_estimate_grows_with_what_is_asked(base):
    from types import SimpleNamespace

    from foil_train.base import load_config

    config, lora = load_config(base), {"rank": 8, "targets": ["q_proj", "down_proj"]}
    plain = SimpleNamespace(dtype="bfloat16", checkpointing=False)
    likely, least = memory.estimate("sft", config, plain, lora, 1000, 300)
    assert least < likely
    assert memory.estimate("sft", config, plain, lora, 2000, 600)[0] > likely
    assert memory.estimate("sft", config, SimpleNamespace(dtype="bfloat16", checkpointing=True), lora, 1000, 300)[0] < likely
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(str(base))
    # norms are left out of the count
    assert memory.shape(config)["params"] == pytest.approx(sum(p.numel() for p in model.parameters()), rel=0.01)


@pytest.mark.parametrize("stage, rows, splits", [
    ("sft", ROWS, ["train", "valid"]),
    ("discriminator", {"train": judge_rows(4, 1), "valid": judge_rows(2, 2), "test": judge_rows(2, 3)}, ["train", "valid", "test"]),
    ("dpo", {"train": preference_rows(4, 1)}, ["train"]),
])
def test_a_preflight_loads_no_weights_and_writes_nothing_else(make_spec, tmp_path, base, stage, rows, splits):
    fields = {}
    if stage == "dpo":
        (tmp_path / "a").mkdir()
        put(tmp_path / "a", "adapter_config.json", {"r": 4, "target_modules": ["q_proj"], "task_type": "CAUSAL_LM"})
        fields["adapter"] = str(tmp_path / "a")
    spec = make_spec(stage, rows, HYPER, **fields)
    code = (
        "import sys; from foil_train.__main__ import main; code = main(sys.argv[1:]);"
        "assert not {'trl', 'peft', 'foil_train.training'} & set(sys.modules); sys.exit(code)"
    )
    argv = [stage, "--spec", str(spec.path), "--out", str(tmp_path / "out"), "--preflight"]
    done = subprocess.run([sys.executable, "-c", code, *argv], env={**os.environ, "PYTHONPATH": str(PACKAGE)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    seen = events_of(tmp_path / "out")
    assert [e["event"] for e in seen] == [*["preflight"] * len(splits), "memory"]
    assert [e["split"] for e in seen[:-1]] == splits
    assert seen[-1]["estimate_bytes"] > 0 and seen[-1]["available_bytes"] > 0 and seen[-1]["fits"]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["events.jsonl"]


def test_only_rank_0_speaks_and_writes(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RANK", "1")
    events = Events(tmp_path / "events.jsonl")
    events.emit("step", step=1)
    assert not (tmp_path / "events.jsonl").exists() and capsys.readouterr().out == "" and events.every("step") == []


def test_a_number_that_is_none_is_null(tmp_path):
    events = Events(tmp_path / "events.jsonl")
    events.emit("step", step=1, loss=float("nan"))
    assert last(tmp_path / "events.jsonl")["loss"] is None and time.time() - last(tmp_path / "events.jsonl")["t"] < 60
