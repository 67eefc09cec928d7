import json

import pytest
from conftest import sft_rows

from foil_train.__main__ import main
from foil_train.errors import FoilError
from foil_train.hyper import TABLE, check_hyper, fields_of, preset

ROWS = {"train": sft_rows(2, 1), "valid": sft_rows(2, 2)}


@pytest.mark.parametrize("hyper, says", [
    ({"learning_rate": 1}, r"hyper.learning_rate: unknown key.*Known keys: alpha"),
    ({"lr": "high"}, "hyper.lr: 'high' is not a number"),
    ({"lr": -1}, "hyper.lr: -1 is out of range"),
    ({"rank": 0}, "hyper.rank: 0 is out of range. Give a whole number from 1"),
    ({"rank": 1.5}, "hyper.rank: 1.5 is out of range"),
    ({"scheduler": "magic"}, "hyper.scheduler: 'magic' is not one of cosine"),
    ({"targets": ["lm_head"]}, "hyper.targets: 'lm_head' has no place in it. Choose from q_proj"),
    ({"epochs": None}, "hyper.epochs: null is no value"),
    ({"head": "lm"}, "hyper.head: unknown key"),
    ({"warmup": 2}, "hyper.warmup: 2 is out of range. Give a number from 0, at most 1"),
    ({"packing": 1}, "hyper.packing: 1 is not true or false"),
])
def test_a_wrong_hyper_parameter_is_named(make_spec, hyper, says):
    with pytest.raises(FoilError, match=says):
        make_spec("sft", ROWS, hyper)


@pytest.mark.parametrize("fields, says", [
    ({"colour": 1}, "colour: unknown key"),
    ({"kind": "user"}, "kind: 'user' is not one of"),
    ({"seed": "x"}, "seed: 'x' is not a whole number"),
    ({"base": "nowhere"}, "base: nowhere does not exist"),
    ({"stage": "export"}, "stage: is 'export', but the stage asked for is 'sft'"),
    ({"name": ""}, "name: missing"),
    ({"tokens": {"end": "x"}}, "tokens.end: not a token's text"),
])
def test_a_wrong_field_is_named(make_spec, write, fields, says):
    with pytest.raises(FoilError, match=says):
        stage = fields.pop("stage", None)
        spec = make_spec("sft", ROWS, **fields)
        if stage:
            from foil_train.spec import load_spec

            raw = json.loads(spec.path.read_text())
            load_spec(write("other.json", {**raw, "stage": stage}), "sft")


def test_missing_rows_are_named(make_spec):
    with pytest.raises(FoilError, match="rows.valid: missing"):
        make_spec("sft", {"train": ROWS["train"]})


def test_the_defaults_are_written_out(make_spec):
    recipe = make_spec("sft", ROWS, {"lr": 1e-3}).recipe()
    assert recipe["lr"] == 1e-3 and recipe["rank"] == 8 and "q_proj" in recipe["targets"]


def test_presets_come_from_the_one_table():
    sft, dpo = preset("sft", "paper"), preset("dpo", "paper")
    # Table 6
    assert (sft["lr"], sft["rank"], sft["alpha"], sft["batch"], sft["epochs"], sft["warmup"]) == (5e-5, 8, 16, 1, 1, 0)
    assert (dpo["lr"], dpo["beta"], dpo["warmup"], dpo["scheduler"], dpo["max_grad_norm"], dpo["weight_decay"]) == (1e-5, 1, 0.1, "constant_with_warmup", 1, 0)
    for stage in TABLE["stages"]:
        for name in ("paper", "small"):
            make = preset(stage, name)
            assert vars(check_hyper(None, stage, make)) == make, "every preset passes its own checks"
        for key, field in fields_of(stage).items():
            assert field["help"].endswith(".") and field["type"] in ("number", "integer", "boolean", "choice", "list"), key


def test_the_command_prints_one_line_and_exits_1(tmp_path, capsys):
    path = tmp_path / "spec.json"
    path.write_text("{")
    assert main(["sft", "--spec", str(path), "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert "not JSON" in error and "Traceback" not in error and error.count("\n") == 1
