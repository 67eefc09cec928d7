"""Real processes, killed with -9 in mid-run, which go on from their last whole checkpoint."""

import json
import os
import signal
import time

import pytest
from conftest import events_of, judge_rows, preference_rows, sft_rows, spec_in

from foil_train.__main__ import main
from foil_train.checkpoints import last_checkpoint_step, seal, starting_point
from foil_train.errors import FoilError

HYPER = {"lr": 5e-3, "batch": 2, "dtype": "float32", "max_length": 300, "save_every": 3, "dropout": 0.1}
ROWS = {
    "sft": {"train": sft_rows(12, 1), "valid": sft_rows(2, 2)},
    "discriminator": {"train": judge_rows(12, 1), "valid": judge_rows(3, 2)},
    "dpo": {"train": preference_rows(12, 1), "valid": preference_rows(2, 2)},
}
MORE = {
    "sft": {"epochs": 2, "eval_every": 2},
    "discriminator": {"epochs": 2, "eval_every": 2, "two_way_steps": 4, "baselines": False, "bootstrap": 20, "report_turns": [1]},
    "dpo": {"epochs": 2, "eval_every": 4},
}


class Child:
    """A stage in a process of its own, forked: the libraries are loaded already, and a kill is a kill."""

    def __init__(self, spec, out, *more):
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                out.mkdir(parents=True, exist_ok=True)
                log = os.open(str(out / "log.txt"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                os.dup2(log, 1)
                os.dup2(log, 2)
                code = main([spec.stage, "--spec", str(spec.path), "--out", str(out), *more])
            finally:
                os._exit(code)

    def code(self, block=True):
        """The exit code; None while it runs (unless `block`); -9 if it was killed."""
        pid, status = os.waitpid(self.pid, 0 if block else os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None


def finish(spec, out, *more):
    assert Child(spec, out, *more).code() == 0, (out / "log.txt").read_text()[-3000:]


def steps(out):
    return {e["step"]: e["loss"] for e in events_of(out) if e["event"] == "step"}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory, base):
    from foil_train.sft import run_sft

    out = tmp_path_factory.mktemp("sim")
    run_sft(spec_in(tmp_path_factory.mktemp("spec"), "sft", ROWS["sft"], {**HYPER, "epochs": 0.4}, base=str(base)), out)
    return out


@pytest.mark.parametrize("stage", ["sft", "discriminator", "dpo"])
def test_a_run_killed_at_any_step_ends_as_one_that_was_not(make_spec, tmp_path, simulator, stage):
    hyper = {k: v for k, v in {**HYPER, **MORE[stage]}.items() if stage != "dpo" or k != "dropout"}
    fields = {"adapter": str(simulator)} if stage == "dpo" else {}
    spec = make_spec(stage, ROWS[stage], hyper, **fields)
    finish(spec, tmp_path / "whole")
    cut = tmp_path / "cut"
    child = Child(spec, cut)
    while not (cut / "events.jsonl").exists() or max(steps(cut), default=0) < 7:
        assert child.code(block=False) is None, (cut / "log.txt").read_text()[-3000:]
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGKILL)
    assert child.code() == -signal.SIGKILL
    reached = last_checkpoint_step(cut)
    assert reached in (6, 9, 12)
    # killed while it wrote the next one: files are there, and torn
    torn = cut / "checkpoints" / "checkpoint-11"
    torn.mkdir()
    (torn / "trainer_state.json").write_text('{"global_step": 1')
    (torn / "adapter_model.safetensors").write_bytes(b"\0\0\0")
    lines = len(events_of(cut))
    finish(spec, cut, "--resume")
    again = [e for e in events_of(cut)[lines:] if e["event"] == "step"]
    assert [e["step"] for e in again] == list(range(reached + 1, 13))
    assert [e["loss"] for e in again] == pytest.approx([steps(tmp_path / "whole")[s] for s in range(reached + 1, 13)], abs=1e-5)
    ends = [next(e for e in reversed(events_of(out)) if e["event"] == "done") for out in (tmp_path / "whole", cut)]
    assert ends[0].get("loss", ends[0].get("loss_after")) == pytest.approx(ends[1].get("loss", ends[1].get("loss_after")), abs=1e-4)
    used = [[e["used"] for e in events_of(out) if e["event"] == "preflight"][:2] for out in (tmp_path / "whole", cut)]
    assert used[0] == used[1]
    if stage == "discriminator":
        looks = [[(v["step"], v["loss"]) for v in json.loads((out / "metrics.json").read_text())["during"]] for out in (tmp_path / "whole", cut)]
        assert [s for s, _ in looks[0]] == [s for s, _ in looks[1]] == [2, 4, 6, 8, 10, 12]
        assert [x for _, x in looks[0]] == pytest.approx([x for _, x in looks[1]], abs=1e-4)


def test_a_run_goes_on_only_as_what_it_was(tmp_path):
    (tmp_path / "checkpoints" / "checkpoint-4").mkdir(parents=True)
    facts = {"steps": 12, "recipe": {"lr": 0.1}}
    assert starting_point(tmp_path, True, facts) is None, "without its seal it is half-written"
    seal(str(tmp_path / "checkpoints"), 4, facts)
    assert starting_point(tmp_path, True, facts).endswith("checkpoint-4")
    with pytest.raises(FoilError, match='recipe: the run that is to be resumed had {"lr": 0.1}'):
        starting_point(tmp_path, True, {**facts, "recipe": {"lr": 0.2}})
    assert starting_point(tmp_path, False, facts) is None
    assert not (tmp_path / "checkpoints").exists(), "a new run must not find an old one's checkpoints"
