import json

import pytest
import torch
from conftest import TEMPLATE, events_of, judge_rows

from foil_train.discriminator import pair_up, run_discriminator, shuffled
from foil_train.errors import FoilError
from foil_train.judge import build_judge, judge_loss, turn_states
from foil_train.rows import encode_discriminator

HYPER = {
    "lr": 1e-2, "batch": 2, "epochs": 4, "dtype": "float32", "two_way_steps": 4, "eval_every": 8, "bootstrap": 50,
    "report_turns": [1, 3, 9], "max_length": 300,
}
ROWS = {"train": judge_rows(10, 1), "valid": judge_rows(6, 2)}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return tmp_path_factory.mktemp("judge")


def test_the_lm_head_learns_what_is_separable(make_spec, trained):
    metrics = run_discriminator(make_spec("discriminator", {**ROWS, "train_all": ROWS["train"], "valid_all": ROWS["valid"]}, HYPER, kind="discriminator"), trained)
    assert metrics["per_turn"]["all turns"]["accuracy"] > 0.95
    assert metrics["per_turn"]["3"]["auc"] > 0.95
    assert "9" not in metrics["per_turn"], "no session has a ninth user turn"
    beside = metrics["beside"]
    assert beside["bag of words (user)"]["per_turn"]["3"]["accuracy"] == 1.0
    # the chatbot says `...` on both sides, and both sides are equally long in words
    assert beside["bag of words (chatbot only)"]["per_turn"]["3"]["accuracy"] == 0.5
    assert metrics["context"] is False and "ahead" in metrics["verdict"] or "level" in metrics["verdict"]
    assert json.loads((trained / "metrics.json").read_text())["best_step"] > 0
    assert {e["event"] for e in events_of(trained)} == {"preflight", "step", "valid", "done"}


def test_the_papers_linear_head_learns_it_too(make_spec, trained, tmp_path):
    compare = {"lm head": str(trained / "metrics.json")}
    spec = make_spec("discriminator", ROWS, {**HYPER, "head": "linear", "baselines": False}, kind="discriminator", compare=compare)
    metrics = run_discriminator(spec, tmp_path / "out")
    assert metrics["per_turn"]["all turns"]["accuracy"] > 0.9
    assert metrics["beside"]["lm head"]["per_turn"]["all turns"]["accuracy"] > 0.9


def test_the_control_leaves_pairs_whole_and_swaps_half(tokenizer):
    template = TEMPLATE.read_text()
    rows = [encode_discriminator(tokenizer, template, r) for r in judge_rows(10, 1)]
    truth = {r.id: r.label for r in rows}
    shuffled(rows, 5)
    swapped = [r.id for r in rows if r.label != truth[r.id]]
    assert len(swapped) == 10, "five pairs of two rows"
    assert all({real.label, simulated.label} == {0, 1} for real, simulated in pair_up(rows))


def test_the_two_losses_sum_to_full_cross_entropy(make_spec):
    model, tokenizer, ids = build_judge(make_spec("discriminator", ROWS, HYPER, kind="discriminator"))
    tokens = torch.tensor([[1, 30, 31, 2, 1, 40, 2]])
    marks = torch.tensor([[False] * 3 + [True] + [False] * 2 + [True]])
    real = torch.tensor([1.0, 0.0])
    loss = judge_loss(model, "lm", ids, turn_states(model, tokens, marks), real, mass=1.0)
    logits = model(input_ids=tokens).logits[0][[3, 6]]
    assert torch.allclose(loss, torch.nn.functional.cross_entropy(logits, torch.tensor(ids)), atol=1e-5)


def test_a_group_on_both_sides_of_the_split_is_refused(make_spec, tmp_path):
    with pytest.raises(FoilError, match="10 groups stand in train and valid"):
        run_discriminator(make_spec("discriminator", {"train": ROWS["train"], "valid": ROWS["train"]}, HYPER, kind="discriminator"), tmp_path)


def test_scores_are_the_same_from_the_shipped_form(make_spec, trained, tmp_path):
    from foil_train.export import run_export
    from foil_train.reference import run_score

    if not (trained / "run.json").exists():
        pytest.skip("needs the run of the first test")
    card = run_export(make_spec("export", kind="discriminator", adapter=str(trained)), tmp_path / "model")
    assert card["discriminator"] == {
        "input": "user-turns", "context": False, "head": "lm", "labels": {"real": " real", "simulated": " fake"},
        "label_token_ids": card["validation"]["label_token_ids"], "logit_p0": 0,
    }
    readme = (tmp_path / "model" / "README.md").read_text()
    assert "bag of words (user)" in readme and "t = 3" in readme
    scored = run_score(make_spec("score", {"score": ROWS["valid"]}, adapter=str(tmp_path / "model")), tmp_path / "scores")
    own = [json.loads(line) for line in (trained / "scores.jsonl").read_text().splitlines()]
    by_id = {s["id"]: s["z"] for s in own}
    for row in scored:
        assert row["z"] == pytest.approx(by_id[row["id"]], abs=0.02)
    assert TEMPLATE.read_bytes() == (tmp_path / "model" / "template.jinja").read_bytes()
