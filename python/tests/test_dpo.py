import json
import math

import pytest
import torch
from conftest import events_of, preference_rows, sft_rows, spec_in
from safetensors.torch import load_file

from foil_train.base import sha256
from foil_train.dpo import FromAdapter, beside_pairs, build_dpo, check_start, load_policy, run_dpo
from foil_train.errors import FoilError
from foil_train.events import Events
from foil_train.export import run_export
from foil_train.plan import make_plan
from foil_train.rows import IGNORED, encode_sft
from foil_train.sft import run_sft
from foil_train.stopping import divergence
from foil_train.template import read_template

HYPER = {"lr": 5e-3, "batch": 2, "epochs": 3, "dtype": "float32", "max_length": 200, "save_every": 4, "scheduler": "constant_with_warmup"}
ROWS = {"train": preference_rows(10, 1), "valid": preference_rows(4, 2)}


@pytest.fixture(scope="module")
def previous(tmp_path_factory, base):
    """A finished simulator."""
    out = tmp_path_factory.mktemp("sim")
    rows = {"train": sft_rows(6, 1), "valid": sft_rows(2, 2)}
    run_sft(spec_in(tmp_path_factory.mktemp("spec"), "sft", rows, {"lr": 5e-3, "dtype": "float32", "rank": 4, "dropout": 0.1}, base=str(base)), out)
    return out


@pytest.fixture(scope="module")
def trained(tmp_path_factory, base, previous):
    out = tmp_path_factory.mktemp("dpo")
    run_dpo(spec_in(tmp_path_factory.mktemp("spec"), "dpo", ROWS, {**HYPER, "eval_every": 5}, base=str(base), adapter=str(previous)), out)
    return out


def test_it_learns_the_preference_from_ln_2_on(trained):
    steps = [e for e in events_of(trained) if e["event"] == "step"]
    assert steps[0]["loss"] == pytest.approx(math.log(2), abs=1e-4), "the reference is the policy that it starts from"
    assert steps[0]["rewards/margins"] == 0
    keys = {"rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies", "logps/chosen", "logps/rejected", "tokens_per_s"}
    assert keys <= set(steps[-1])
    assert len(steps) == 15 and steps[-1]["loss"] < 0.4
    valid = [e for e in events_of(trained) if e["event"] == "valid"]
    assert [e["step"] for e in valid] == [0, 5, 10, 15] and valid[0]["loss"] == 0.6931
    assert valid[-1]["accuracy"] == 1.0 and valid[-1]["margins"] > 0.5 and valid[-1]["loss"] < 0.4


def test_the_head_is_computed_where_a_completion_is_predicted_and_nowhere_else(make_spec, base, previous, tmp_path, monkeypatch):
    from trl.trainer import utils

    scored, scorer = [], utils._ChunkedLogProbFunction

    class Watched:
        @staticmethod
        def apply(hidden, *rest):
            scored.append(hidden.shape[0])
            return scorer.apply(hidden, *rest)

    monkeypatch.setattr(utils, "_ChunkedLogProbFunction", Watched)
    monkeypatch.setattr(utils, "_use_triton", lambda device: False)
    rows = preference_rows(2, 1)
    run_dpo(make_spec("dpo", {"train": rows}, {**HYPER, "epochs": 1, "batch": 1}, adapter=str(previous)), tmp_path / "out")
    plan = make_plan(make_spec("dpo", {"train": rows}, HYPER, adapter=str(previous)), Events(tmp_path / "events.jsonl"))
    points = sorted(len(p.chosen_ids) + len(p.rejected_ids) for p in plan.sets["train"])
    # policy and reference, of each pair
    assert sorted(scored) == sorted([*points, *points])


def test_the_output_is_one_standalone_adapter_of_the_same_rank(trained, previous):
    assert sorted(p.name for p in (trained / "adapter").iterdir() if p.name != "README.md") == ["adapter_config.json", "adapter_model.safetensors"]
    assert json.loads((trained / "adapter" / "adapter_config.json").read_text())["r"] == 4
    new, old = (load_file(str(p / "adapter" / "adapter_model.safetensors")) for p in (trained, previous))
    assert new.keys() == old.keys() and any(not torch.equal(new[k], old[k]) for k in new)
    assert not list((trained / "checkpoints").glob("*/ref")), "a reference in a checkpoint would be loaded when it is resumed"


def test_both_sides_are_what_sft_would_train(tokenizer, make_spec, tmp_path, previous):
    rows = preference_rows(2, 1)
    rows[0].update(chosen="my dog", chosen_end=True, rejected="", rejected_end=True)
    spec = make_spec("dpo", {"train": rows}, HYPER, adapter=str(previous))
    first, second = make_plan(spec, Events(tmp_path / "e.jsonl")).sets["train"]
    assert tokenizer.decode(first.chosen_ids) == "my dog<|endoftext|><|im_end|>"
    assert tokenizer.decode(first.rejected_ids) == "<|endoftext|><|im_end|>"
    assert tokenizer.decode(second.chosen_ids) == rows[1]["chosen"] + "<|im_end|>"
    messages = [*rows[1]["prompt"], {"role": "assistant", "content": rows[1]["chosen"]}]
    whole = encode_sft(tokenizer, read_template(spec.template), {"id": "x", "group": "x", "messages": messages})
    count = len(second.chosen_ids)
    ends = [i for i, label in enumerate(whole.labels) if label != IGNORED][-count:]
    assert [whole.labels[i] for i in ends] == second.chosen_ids and whole.input_ids[: ends[0]] == second.prompt_ids


def test_real_sessions_are_learnt_from_beside_the_pairs(tmp_path, make_spec, previous):
    """With a weight so large that nothing else counts, the loss of real users falls; without one it is not asked for."""
    rows = {"train": preference_rows(4, 1), "real": sft_rows(3, 5)}
    spec = make_spec("dpo", rows, {**HYPER, "real_weight": 100, "lr": 2e-2, "epochs": 6}, adapter=str(previous))
    run_dpo(spec, tmp_path / "out")
    losses = [e["real/loss"] for e in events_of(tmp_path / "out") if e["event"] == "step"]
    assert len(losses) == 12 and losses[-1] < losses[0] - 0.1
    assert json.loads((tmp_path / "out" / "run.json").read_text())["rows"]["real"]["sessions"] == 3


def test_each_pair_keeps_its_real_session(tmp_path, make_spec, previous):
    rows = {"train": preference_rows(5, 1), "real": sft_rows(3, 5)}
    spec = make_spec("dpo", rows, {**HYPER, "real_weight": 1}, adapter=str(previous))
    plan = make_plan(spec, Events(tmp_path / "e.jsonl"))
    beside = [[r.id for r in beside_pairs(plan.sets["real"], 5, spec.seed)] for _ in range(2)]
    assert beside[0] == beside[1] and len(set(beside[0][:3])) == 3 and beside[0][3:] == beside[0][:2]


def test_a_weight_without_real_sessions_is_refused_and_sessions_without_a_weight_are_not_read(tmp_path, make_spec, previous):
    spec = make_spec("dpo", {"train": preference_rows(2, 1)}, {**HYPER, "real_weight": 1}, adapter=str(previous))
    with pytest.raises(FoilError, match="rows.real: missing"):
        make_plan(spec, Events(tmp_path / "e.jsonl"))
    spec = make_spec("dpo", {"train": preference_rows(2, 1), "real": sft_rows(1, 5)}, HYPER, adapter=str(previous))
    assert "real" not in make_plan(spec, Events(tmp_path / "e.jsonl")).sets


def test_the_divergence_of_ends_is_that_of_two_coins():
    p, q = torch.tensor([0.5, 0.1, 1e-9]), torch.tensor([0.5, 0.2, 0.5])
    coins = [torch.distributions.kl_divergence(torch.distributions.Bernoulli(a), torch.distributions.Bernoulli(b)) for a, b in zip(p, q)]
    assert torch.allclose(divergence(p.log(), q.log()), torch.stack(coins), atol=1e-5)
    certain = torch.zeros(1, requires_grad=True)
    divergence(torch.tensor([-0.1]), certain).sum().backward()
    assert certain.grad.isfinite().all(), "an end that is certain gives no infinite step"


def test_ends_are_watched_where_completions_are_predicted_and_held_where_they_were(tmp_path, make_spec, previous):
    """The same pairs, whose rejected sides are long: with the weight the chance of an end stays nearer to the reference's."""
    rows = preference_rows(6, 1)
    for row in rows:
        row.update(chosen="yes", rejected="my dog ran away and I am sad about it")
    moved = {}
    for weight in (1e-6, 100):
        out = tmp_path / str(weight)
        run_dpo(make_spec("dpo", {"train": rows}, {**HYPER, "lr": 1e-3, "epochs": 5, "end_weight": weight}, adapter=str(previous)), out)
        steps = [e for e in events_of(out) if e["event"] == "step"]
        assert steps[0]["ends/kl"] == pytest.approx(0, abs=1e-6) and steps[0]["ends/ratio"] == pytest.approx(1, abs=1e-4)
        moved[weight] = sum(step["ends/kl"] for step in steps[-3:])
    assert moved[1e-6] > 0 and moved[100] < moved[1e-6] / 3


def test_pairs_that_cannot_teach_are_dropped_with_their_reason(make_spec, tmp_path, previous):
    rows = preference_rows(5, 1)
    rows[1]["rejected"] = rows[1]["chosen"]
    rows[2]["prompt"][0]["content"] = "sad " * 300
    rows[3]["chosen"] = ""
    make_plan(make_spec("dpo", {"train": rows}, HYPER, adapter=str(previous)), Events(tmp_path / "events.jsonl"))
    seen = next(e for e in events_of(tmp_path) if e["event"] == "preflight")
    why = {w["id"]: w["reason"] for w in seen["why"]}
    assert (seen["rows"], seen["used"], seen["cut"]) == (5, 2, 0.2)
    assert why["c1-1"] == "both sides are the same" and "over max_length 200" in why["c1-2"] and "neither words nor" in why["c1-3"]
    assert seen["example"].count("⟦") == 2 and len(seen["template_sha256"]) == 64


def test_a_person_overrules_the_discriminator_and_is_counted(make_spec, tmp_path, previous):
    rows = preference_rows(5, 1)
    rows[1].update(by="person", r_chosen=-0.5, r_rejected=0.5)
    rows[2].update(by="person", r_chosen=None, r_rejected=None)
    rows[3].update(by="person")
    rows[4].update(by="person", r_chosen=-0.5, r_rejected=0.5, chosen="", chosen_end=False)
    plan = make_plan(make_spec("dpo", {"train": rows}, HYPER, adapter=str(previous)), Events(tmp_path / "events.jsonl"))
    seen = next(e for e in events_of(tmp_path) if e["event"] == "preflight")
    # what is dropped for another reason counts in neither
    assert (seen["used"], seen["by_person"], seen["overruled"]) == (4, 3, 2)
    swapped = next(r for r in plan.sets["train"] if r.id == "c1-1")
    assert plan.tokenizer.decode(swapped.chosen_ids) == rows[1]["chosen"] + "<|im_end|>"


@pytest.mark.parametrize("change, says", [
    ({"r_chosen": -1.0}, "r_chosen: -1.0 is not above r_rejected"),
    ({"chosen_end": 1}, "chosen_end: missing or not a bool"),
    ({"r_rejected": None}, "r_rejected: missing or not a number"),
    ({"prompt": []}, "prompt: missing or empty"),
    ({"by": "discriminator", "r_chosen": -1.0}, "r_chosen: -1.0 is not above r_rejected"),
    ({"by": "person", "r_rejected": "low"}, "r_rejected: missing or not a number"),
    ({"by": "rule"}, "by: 'rule' is none of discriminator, person"),
    ({"by": None}, "by: None is none of discriminator, person"),
])
def test_a_bad_pair_is_named(make_spec, tmp_path, previous, change, says):
    rows = preference_rows(3, 1)
    rows[1].update(change)
    with pytest.raises(FoilError, match=rf"dpo.train.jsonl:2: {says}"):
        make_plan(make_spec("dpo", {"train": rows}, HYPER, adapter=str(previous)), Events(tmp_path / "e.jsonl"))


def test_a_policy_that_is_not_its_reference_takes_no_step(make_spec, tmp_path, previous, monkeypatch):
    plain = FromAdapter.__init__

    def moved(self, *args, **kwargs):
        plain(self, *args, **kwargs)
        with torch.no_grad():
            for name, p in self.model.named_parameters():
                if ".default." in name and "lora_B" in name:
                    p.add_(0.05)

    monkeypatch.setattr(FromAdapter, "__init__", moved)
    with pytest.raises(FoilError, match="not ln 2 = 0.6931"):
        run_dpo(make_spec("dpo", ROWS, HYPER, adapter=str(previous)), tmp_path / "out")
    assert not [e for e in events_of(tmp_path / "out") if e["event"] == "step"] and not (tmp_path / "out" / "adapter").exists()


def test_rewards_that_cancel_out_are_no_ln_2():
    assert check_start(0.0, 0.0) == pytest.approx(math.log(2))
    for rewards in ((0.5, 0.5), (0.0, 0.1), (math.nan, 0.0)):
        with pytest.raises(FoilError, match="not ln 2"):
            check_start(*rewards)


@pytest.mark.parametrize("more", [{"loss": "sigmoid_norm"}, {"loss": "ipo"}, {"loss": "robust", "label_smoothing": 0.1}, {"sft_weight": 0.5}, {"ld_alpha": 0.5}])
def test_other_losses_start_from_the_same_point(make_spec, tmp_path, previous, more):
    spec = make_spec("dpo", ROWS, {**HYPER, "epochs": 0.4, **more}, adapter=str(previous))
    plan = make_plan(spec, Events(tmp_path / "e.jsonl"))
    trainer, _ = build_dpo(spec, plan, tmp_path / "out", [])
    trainer.train()
    assert trainer.first_loss == pytest.approx(math.log(2), abs=1e-3) and trainer.args.loss_type[0] == spec.hyper.loss


def test_the_card_says_where_it_came_from(make_spec, trained, previous, tmp_path):
    card = run_export(make_spec("export", adapter=str(trained)), tmp_path / "model")
    assert card["from"] == {"name": "toy", "sha256": sha256(previous / "adapter" / "adapter_model.safetensors")}
    assert card["kind"] == "simulator" and card["stage"] == "dpo" and card["adapter"]["rank"] == 4
    readme = (tmp_path / "model" / "README.md").read_text()
    assert "Trained on from toy" in readme and "reward margin after" in readme and "10 of 10 pairs" in readme
    # what was exported can be trained on in its turn
    spec = make_spec("dpo", ROWS, HYPER, adapter=str(tmp_path / "model"))
    assert load_policy(spec).peft_config["default"].r == 4


def test_an_adapter_of_another_template_is_refused(make_spec, previous, tmp_path):
    other = tmp_path / "other.jinja"
    other.write_text(read_template(make_spec("dpo", ROWS, HYPER, adapter=str(previous)).template).replace("'user'", "'user' "))
    other.write_text(other.read_text() + "{# another #}")
    spec = make_spec("dpo", ROWS, HYPER, adapter=str(previous), template=str(other))
    with pytest.raises(FoilError, match="template: not the one that the adapter was trained with"):
        make_plan(spec, Events(tmp_path / "e.jsonl"))
