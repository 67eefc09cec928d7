import math
import shutil

import pytest
import torch
from conftest import events_of, sft_rows

from foil_train.events import StepEvents
from foil_train.sft import mean_loss, run_sft

ROWS = {"train": sft_rows(12, 1), "valid": sft_rows(4, 2)}
HYPER = {"lr": 5e-3, "batch": 2, "epochs": 2, "dtype": "float32", "max_length": 200, "save_every": 4}


def losses(out):
    return [e["loss"] for e in events_of(out) if e["event"] == "step"]


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    return tmp_path_factory.mktemp("first")


def test_it_learns_and_says_so(make_spec, first):
    validation = run_sft(make_spec("sft", ROWS, HYPER), first)
    assert validation["loss_after"] < validation["loss_before"] - 0.25
    assert validation["steps"] == 12 and len(losses(first)) == 12
    kinds = [e["event"] for e in events_of(first)]
    assert kinds[:3] == ["preflight", "preflight", "valid"] and kinds[-1] == "done"
    assert (first / "run.json").exists() and (first / "adapter" / "adapter_model.safetensors").exists()
    assert str(first.parent) not in (first / "run.json").read_text()


def test_the_same_spec_and_seed_give_the_same_losses(make_spec, first, tmp_path):
    run_sft(make_spec("sft", ROWS, {**HYPER, "epochs": 2}), tmp_path / "again")
    assert losses(tmp_path / "again") == losses(first)
    run_sft(make_spec("sft", ROWS, {**HYPER, "epochs": 0.5}, seed=6), tmp_path / "other")
    assert losses(tmp_path / "other")[:3] != losses(first)[:3]


def test_a_killed_run_goes_on_where_it_was(make_spec, first, tmp_path, monkeypatch):
    spec, out = make_spec("sft", ROWS, HYPER), tmp_path / "killed"
    whole = StepEvents.on_step_end

    def die(self, args, state, control, **kwargs):
        if state.global_step == 6:
            raise KeyboardInterrupt
        return whole(self, args, state, control, **kwargs)

    monkeypatch.setattr(StepEvents, "on_step_end", die)
    with pytest.raises(KeyboardInterrupt):
        run_sft(spec, out)
    monkeypatch.setattr(StepEvents, "on_step_end", whole)
    shutil.move(out / "events.jsonl", out / "before.jsonl")
    run_sft(spec, out, resume=True)
    # the checkpoint of step 4 is the newest: steps 5 to 12 come again, the same as in the run that was not killed
    assert [e["step"] for e in events_of(out) if e["event"] == "step"] == list(range(5, 13))
    assert losses(out) == pytest.approx(losses(first)[4:], abs=1e-5)


def test_validation_loss_is_per_token_over_all_sessions(make_spec, base, tokenizer):
    from transformers import AutoModelForCausalLM

    from foil_train.rows import IGNORED, encode_sft, read_template

    spec = make_spec("sft", ROWS, HYPER)
    model = AutoModelForCausalLM.from_pretrained(str(base)).eval()
    rows = [encode_sft(tokenizer, read_template(spec.template), r) for r in ROWS["valid"]]
    total, count = 0.0, 0
    for row in rows:
        n = sum(label != IGNORED for label in row.labels)
        with torch.no_grad():
            own = model(input_ids=torch.tensor([row.input_ids]), labels=torch.tensor([row.labels])).loss.item()
        total, count = total + own * n, count + n
    found = mean_loss(model, rows)
    assert found["tokens"] == count and math.isclose(found["loss"], total / count, abs_tol=2e-4)
