import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef, roc_auc_score

from foil_train.baselines import shortcut
from foil_train.metrics import per_turn


def sessions(count=40, seed=0):
    rng = np.random.default_rng(seed)
    out = []
    for i in range(count):
        turns = int(rng.integers(1, 8))
        for label in (0, 1):
            out.append({"label": label, "pair": f"p{i}", "z": list(rng.normal(0.8 * (label - 0.5), 1, turns))})
    return out


def test_figures_at_a_turn_are_scikit_learns():
    found, all_of = per_turn(sessions(), [1, 5, 25], seed=1, draws=200), sessions()
    assert "25" not in found
    for t in (1, 5):
        have = [(s["label"], s["z"][t - 1]) for s in all_of if len(s["z"]) >= t]
        y, z = map(np.array, zip(*have))
        said = (z > 0).astype(int)
        cell = found[str(t)]
        assert cell["n"] == len(y) and cell["pairs"] == len(y) / 2
        assert cell["accuracy"] == pytest.approx(accuracy_score(y, said), abs=1e-4)
        assert cell["f1"] == pytest.approx(f1_score(y, said), abs=1e-4)
        assert cell["mcc"] == pytest.approx(matthews_corrcoef(y, said), abs=1e-4)
        assert cell["auc"] == pytest.approx(roc_auc_score(y, z), abs=1e-4)
        assert cell["accuracy_95"][0] <= cell["accuracy"] <= cell["accuracy_95"][1]
        assert cell["called_real"] == pytest.approx((z[y == 1] > 0).mean(), abs=1e-4)
    assert found["all turns"]["n"] == sum(len(s["z"]) for s in all_of)
    assert found["last turn"]["n"] == len(all_of)


def test_intervals_are_seeded_and_narrow_with_more_pairs():
    one, two = per_turn(sessions(), [1], seed=1, draws=200), per_turn(sessions(), [1], seed=1, draws=200)
    assert one == two
    many = per_turn(sessions(400), [1], seed=1, draws=200)
    width = lambda found: np.diff(found["1"]["accuracy_95"])[0]  # noqa: E731
    assert width(many) < width(one)


def test_length_alone_sees_length_and_not_words():
    def rows(count, seed, long):
        rng, out = np.random.default_rng(seed), []
        for i in range(count):
            for label in (0, 1):
                n = 12 if label and long else 6
                text = " ".join(rng.choice(["cat", "dog"] if label else ["tea", "egg"], n))
                out.append({"messages": [{"role": "user", "content": text}], "label": label, "pair": f"{seed}-{i}", "group": f"{seed}-{i}"})
        return out

    same = shortcut("length", rows(20, 1, False), rows(20, 2, False), [1], 1, 50)["1"]["accuracy"]
    longer = shortcut("length", rows(20, 1, True), rows(20, 2, True), [1], 1, 50)["1"]["accuracy"]
    assert longer == 1.0 and same < 0.8
    assert shortcut("words", rows(20, 1, False), rows(20, 2, False), [1], 1, 50)["1"]["accuracy"] == 1.0
    assert shortcut("chatbot", rows(20, 1, False), rows(20, 2, False), [1], 1, 50) == {}
