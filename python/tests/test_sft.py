import math

import pytest
import torch
from conftest import events_of, sft_rows

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
    assert kinds[:4] == ["preflight", "preflight", "memory", "valid"] and kinds[-1] == "done"
    assert {"estimate", "saved"} <= set(kinds) and all(e["tokens_per_s"] > 0 for e in events_of(first) if e["event"] == "step")
    assert [e["step"] for e in events_of(first) if e["event"] == "saved"] == [4, 8, 12]
    assert (first / "run.json").exists() and (first / "adapter" / "adapter_model.safetensors").exists()
    assert str(first.parent) not in (first / "run.json").read_text()


def test_the_same_spec_and_seed_give_the_same_losses(make_spec, first, tmp_path):
    run_sft(make_spec("sft", ROWS, {**HYPER, "epochs": 2}), tmp_path / "again")
    assert losses(tmp_path / "again") == losses(first)
    run_sft(make_spec("sft", ROWS, {**HYPER, "epochs": 0.5}, seed=6), tmp_path / "other")
    assert losses(tmp_path / "other")[:3] != losses(first)[:3]


def test_validation_loss_is_per_token_over_all_sessions(make_spec, base, tokenizer):
    from transformers import AutoModelForCausalLM

    from foil_train.points import answer_at_points
    from foil_train.rows import IGNORED, encode_sft
    from foil_train.template import read_template

    spec = make_spec("sft", ROWS, HYPER)
    model = AutoModelForCausalLM.from_pretrained(str(base)).eval()
    rows = [encode_sft(tokenizer, read_template(spec.template), r) for r in ROWS["valid"]]
    total, count = 0.0, 0
    for row in rows:
        n = sum(label != IGNORED for label in row.labels)
        with torch.no_grad():
            own = model(input_ids=torch.tensor([row.input_ids]), labels=torch.tensor([row.labels])).loss.item()
        total, count = total + own * n, count + n
    answer_at_points(model)
    found = mean_loss(model, rows)
    assert found["tokens"] == count and math.isclose(found["loss"], total / count, abs_tol=2e-4)


def test_packed_sessions_give_the_loss_of_padded_ones(make_spec, base, tokenizer):
    from foil_train.base import load_base
    from foil_train.points import answer_at_points
    from foil_train.rows import encode_sft
    from foil_train.sft import pack, pad, trained_loss
    from foil_train.template import read_template

    template = read_template(make_spec("sft", ROWS, HYPER).template)
    rows = [encode_sft(tokenizer, template, r) for r in ROWS["train"][:3]]
    rows[1].input_ids, rows[1].labels = rows[1].input_ids[:40], rows[1].labels[:40]
    items = [{"input_ids": r.input_ids, "labels": r.labels} for r in rows]
    model = load_base(base).eval()
    answer_at_points(model)
    with torch.no_grad():
        padded, packed = (trained_loss(model, **batch) for batch in (pad(items), pack(items)))
    assert packed[1] == padded[1] and pack(items)["input_ids"].shape == (1, sum(len(r.input_ids) for r in rows))
    assert packed[0].item() == pytest.approx(padded[0].item(), abs=1e-3)


def test_packing_trains_as_padding_does(make_spec, first, tmp_path):
    run_sft(make_spec("sft", ROWS, {**HYPER, "epochs": 0.5, "packing": True}), tmp_path / "packed")
    # another epochs, another schedule: only the first step is the same one
    assert losses(tmp_path / "packed")[0] == pytest.approx(losses(first)[0], abs=1e-4)
