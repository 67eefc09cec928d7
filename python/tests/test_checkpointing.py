import pytest
from conftest import events_of, judge_rows, preference_rows, sft_rows

from foil_train.__main__ import main

ROWS = {
    "sft": {"train": sft_rows(4, 1), "valid": sft_rows(1, 2)},
    "discriminator": {"train": judge_rows(4, 1), "valid": judge_rows(2, 2)},
    "dpo": {"train": preference_rows(4, 1)},
}


@pytest.mark.parametrize("stage", ["sft", "discriminator", "dpo"])
def test_activations_computed_again_give_the_same_gradients(make_spec, tmp_path, stage):
    hyper = {"lr": 5e-3, "batch": 2, "epochs": 1, "dtype": "float32", "max_length": 200}
    fields = {}
    if stage == "dpo":
        sim = make_spec("sft", ROWS["sft"], {**hyper, "rank": 4})
        assert main(["sft", "--spec", str(sim.path), "--out", str(tmp_path / "sim")]) == 0
        fields["adapter"] = str(tmp_path / "sim")
    elif stage == "discriminator":
        hyper |= {"baselines": False, "bootstrap": 10}
    seen = []
    for on in (False, True):
        spec = make_spec(stage, ROWS[stage], {**hyper, "checkpointing": on}, **fields)
        assert main([stage, "--spec", str(spec.path), "--out", str(tmp_path / f"{stage}-{on}")]) == 0
        seen.append([(e["loss"], e["grad_norm"]) for e in events_of(tmp_path / f"{stage}-{on}") if e["event"] == "step"])
    assert len(seen[0]) == 2 and all(norm > 0 for _, norm in seen[1])
    assert [x for step in seen[0] for x in step] == pytest.approx([x for step in seen[1] for x in step], rel=1e-3)
