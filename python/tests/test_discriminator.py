import json

import pytest
import torch
from conftest import TEMPLATE, events_of, judge_rows, spec_in

from foil_train.beside import verdict
from foil_train.discriminator import run_discriminator, shuffled
from foil_train.errors import FoilError
from foil_train.judge import build_judge, judge_loss
from foil_train.plan import pair_up
from foil_train.rows import encode_discriminator, label_tokens

HYPER = {
    "lr": 1e-2, "batch": 2, "epochs": 4, "dtype": "float32", "two_way_steps": 4, "eval_every": 8, "bootstrap": 50,
    "report_turns": [1, 3, 9], "max_length": 300,
}
ROWS = {"train": judge_rows(10, 1), "valid": judge_rows(6, 2)}
TEST = judge_rows(8, 3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, base):
    """A finished run with a third split, and the shortcuts beside it."""
    out = tmp_path_factory.mktemp("judge")
    rows = {**ROWS, "test": TEST, "train_all": ROWS["train"], "valid_all": ROWS["valid"], "test_all": TEST}
    run_discriminator(spec_in(tmp_path_factory.mktemp("spec"), "discriminator", rows, HYPER, kind="discriminator", base=str(base)), out)
    return out


def read(out):
    return json.loads((out / "metrics.json").read_text())


def test_the_lm_head_learns_what_is_separable(trained):
    metrics = read(trained)
    assert metrics["per_turn"]["all turns"]["accuracy"] > 0.95
    assert metrics["per_turn"]["3"]["auc"] > 0.95
    assert "9" not in metrics["per_turn"], "no session has a ninth user turn"
    beside = metrics["beside"]
    assert beside["bag of words (user)"]["per_turn"]["3"]["accuracy"] == 1.0
    # the chatbot says `...` on both sides, and both sides are equally long in words
    assert beside["bag of words (chatbot only)"]["per_turn"]["3"]["accuracy"] == 0.5
    assert metrics["context"] is False and ("ahead" in metrics["verdict"] or "level" in metrics["verdict"])
    assert metrics["best_step"] > 0
    assert {e["event"] for e in events_of(trained)} == {"preflight", "memory", "estimate", "step", "valid", "saved", "done"}


def test_a_third_split_is_reported_and_the_second_chooses_the_step(trained):
    metrics, run = read(trained), json.loads((trained / "run.json").read_text())
    assert metrics["reported_on"] == "test" and metrics["sessions"] == 16
    assert metrics["per_turn"]["3"]["pairs"] == 8 and metrics["beside"]["length alone (user)"]["per_turn"]["3"]["pairs"] == 8
    scores = [json.loads(line) for line in (trained / "scores.jsonl").read_text().splitlines()]
    assert {s["id"] for s in scores} == {r["id"] for r in TEST}
    assert {k: v["sessions"] for k, v in run["rows"].items()} == {"train": 20, "valid": 12, "test": 16}
    assert min(metrics["during"], key=lambda v: v["loss"])["step"] == metrics["best_step"]
    # `during` is of the validation rows: at the chosen step it cannot be the very loss of other sessions
    assert min(v["loss"] for v in metrics["during"]) != metrics["loss"]
    seen = [e for e in events_of(trained) if e["event"] == "valid"]
    # six pairs of three user turns on each side, in ten bins of p(real)
    assert all(len(e["histogram"][side]) == 10 and sum(e["histogram"][side]) == 18 for e in seen for side in ("real", "simulated"))
    assert sum(seen[-1]["histogram"]["real"][5:]) > 15 and sum(seen[-1]["histogram"]["simulated"][:5]) > 15
    assert [e["split"] for e in events_of(trained) if e["event"] == "preflight"] == ["train", "valid", "test"]


def test_the_papers_linear_head_learns_it_too(make_spec, tmp_path):
    spec = make_spec("discriminator", ROWS, {**HYPER, "head": "linear", "baselines": False}, kind="discriminator")
    metrics = run_discriminator(spec, tmp_path / "out")
    assert metrics["reported_on"] == "valid" and metrics["sessions"] == 12
    assert metrics["per_turn"]["all turns"]["accuracy"] > 0.9


def test_shuffled_labels_teach_nothing_and_are_no_shortcut(make_spec, trained, tmp_path):
    fields = {"kind": "discriminator", "compare": {"label shuffle (nothing to learn)": str(trained / "metrics.json")}}
    rows = {**ROWS, "test": TEST}
    metrics = run_discriminator(make_spec("discriminator", rows, {**HYPER, "epochs": 2, "label_shuffle": True, "baselines": False}, **fields), tmp_path / "out")
    assert 0.2 < metrics["per_turn"]["all turns"]["accuracy"] < 0.8
    assert metrics["verdict"].startswith("A control")
    assert "label shuffle (nothing to learn)" in metrics["beside"]
    said = verdict(read(trained)["per_turn"], {**read(trained)["beside"], **metrics["beside"]})
    assert "label shuffle" not in said and ("length alone" in said or "bag of words (user)" in said)


def test_a_run_beside_it_that_has_no_figures_yet_is_left_out(make_spec, write, tmp_path):
    compare = {"linear head": str(write("unfinished.json", {}))}
    spec = make_spec("discriminator", ROWS, {**HYPER, "epochs": 0.2, "baselines": False}, compare=compare)
    assert run_discriminator(spec, tmp_path / "out")["beside"] == {}
    assert [e["left_out"] for e in events_of(tmp_path / "out") if e["event"] == "beside"][0].keys() == {"linear head"}


def test_figures_of_another_split_do_not_stand_beside(make_spec, trained, tmp_path):
    spec = make_spec("discriminator", ROWS, {**HYPER, "epochs": 0.2, "baselines": False}, compare={"lm head": str(trained / "metrics.json")})
    with pytest.raises(FoilError, match="compare.lm head: its figures come from split test, this run's from valid"):
        run_discriminator(spec, tmp_path / "out")
    assert not [e for e in events_of(tmp_path / "out") if e["event"] == "step"], "it is said before hours of training"


def test_the_control_leaves_pairs_whole_and_swaps_half(tokenizer):
    template = TEMPLATE.read_text()
    rows = [encode_discriminator(tokenizer, template, r, 2) for r in judge_rows(10, 1)]
    truth = {r.id: r.label for r in rows}
    shuffled(rows, 5)
    swapped = [r.id for r in rows if r.label != truth[r.id]]
    assert len(swapped) == 10, "five pairs of two rows"
    assert all({real.label, simulated.label} == {0, 1} for real, simulated in pair_up(rows))


def test_the_two_losses_sum_to_full_cross_entropy(make_spec, tokenizer):
    model = build_judge(make_spec("discriminator", ROWS, HYPER, kind="discriminator"))
    ids = label_tokens(tokenizer)
    tokens = torch.tensor([[1, 30, 31, 2, 1, 40, 2]])
    points = torch.tensor([[False] * 3 + [True] + [False] * 2 + [True]])
    real = torch.tensor([1.0, 0.0])
    loss = judge_loss(model(input_ids=tokens, points=points, fp32=True), "lm", ids, real, mass=1.0)
    logits = model(input_ids=tokens).logits[0][[3, 6]]
    assert torch.allclose(loss, torch.nn.functional.cross_entropy(logits, torch.tensor(ids)), atol=1e-5)
    few = model(input_ids=tokens, points=points, columns=ids, fp32=True)
    assert torch.allclose(few, logits[:, list(ids)], atol=1e-5)


@pytest.mark.parametrize("rows, says", [
    ({"train": ROWS["train"], "valid": ROWS["train"]}, "10 groups stand in train and valid"),
    ({**ROWS, "test": ROWS["valid"]}, "6 groups stand in valid and test"),
    ({**ROWS, "test": TEST + ROWS["train"][:2]}, "1 groups stand in train and test"),
])
def test_a_group_in_two_splits_is_refused(make_spec, tmp_path, rows, says):
    rows = {k: [{**r, "pair": f"{k}{r['pair']}{r['id'][:3]}"} for r in v] for k, v in rows.items()}
    with pytest.raises(FoilError, match=says):
        run_discriminator(make_spec("discriminator", rows, HYPER, kind="discriminator"), tmp_path)


def test_scores_are_the_same_from_the_shipped_form(make_spec, trained, tmp_path):
    from foil_train.export import run_export
    from foil_train.reference import run_score

    given = {"data": {"name": "toy", "licence": "none", "attribution": "ours"}}
    card = run_export(make_spec("export", kind="discriminator", adapter=str(trained), card=given), tmp_path / "model")
    assert card["discriminator"] == {
        "input": "user-turns", "context": False, "head": "lm", "labels": {"real": " real", "simulated": " fake"},
        "label_token_ids": card["validation"]["label_token_ids"], "logit_p0": 0,
    }
    readme = (tmp_path / "model" / "README.md").read_text()
    assert "bag of words (user)" in readme and "t = 3" in readme
    assert "16 test sessions" in readme and "chosen on the validation rows" in readme
    assert {k: v["used"] for k, v in card["data"]["splits"].items()} == {"train": 20, "valid": 12, "test": 16}
    assert card["data"]["splits"]["test"]["sha256"] == card["rows"]["test"]["sha256"]
    scored = run_score(make_spec("score", {"score": TEST}, adapter=str(tmp_path / "model")), tmp_path / "scores")
    own = [json.loads(line) for line in (trained / "scores.jsonl").read_text().splitlines()]
    by_id = {s["id"]: s["z"] for s in own}
    for row in scored:
        assert row["z"] == pytest.approx(by_id[row["id"]], abs=0.02)
    assert TEMPLATE.read_bytes() == (tmp_path / "model" / "template.jinja").read_bytes()
