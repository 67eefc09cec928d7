"""How well a judge tells real from simulated, turn by turn, with intervals over pairs."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import f1_score, matthews_corrcoef, roc_auc_score

ALL, LAST = "all turns", "last turn"


def _figures(labels: np.ndarray, z: np.ndarray) -> dict:
    said = (z > 0).astype(int)
    both = len(set(labels.tolist())) == 2
    return {
        "accuracy": float((said == labels).mean()),
        "f1": float(f1_score(labels, said, zero_division=0)),
        "mcc": float(matthews_corrcoef(labels, said)) if both and len(set(said.tolist())) == 2 else 0.0,
        "auc": float(roc_auc_score(labels, z)) if both else None,
    }


def evaluate(labels, z, pairs, seed: int, draws: int = 1000) -> dict:
    """Accuracy, F1, MCC (real is the positive class) and AUC of log-odds `z` (> 0 says real) against labels 1 and 0.

    pairs: the pair of each entry; the 95% intervals resample whole pairs, `draws` times, with the seed. Also how often
    each side is called real (`called_real`, `called_real_simulated`), the entries n and the number of pairs.
    """
    labels, z, pairs = np.asarray(labels), np.asarray(z, dtype=float), np.asarray(pairs)
    out = _figures(labels, z)
    names, index = np.unique(pairs, return_inverse=True)
    members = [np.flatnonzero(index == i) for i in range(len(names))]
    rng = np.random.default_rng(seed)
    seen: dict[str, list[float]] = {"accuracy": [], "auc": []}
    right = ((z > 0).astype(int) == labels).astype(float)
    for draw in range(draws):
        take = np.concatenate([members[i] for i in rng.integers(0, len(names), len(names))])
        seen["accuracy"].append(right[take].mean())
        # the rank statistic is dear on pooled turns; a fifth of the draws holds its interval
        if draw % 5 == 0 and len(set(labels[take].tolist())) == 2:
            seen["auc"].append(roc_auc_score(labels[take], z[take]))
    for key, values in seen.items():
        out[f"{key}_95"] = [float(np.quantile(values, q)) for q in (0.025, 0.975)] if values else None
    for key, label in (("called_real", 1), ("called_real_simulated", 0)):
        out[key] = float((z[labels == label] > 0).mean()) if (labels == label).any() else None
    out.update(n=len(labels), pairs=len(names))
    return {k: round(v, 4) if isinstance(v, float) else [round(x, 4) for x in v] if isinstance(v, list) else v for k, v in out.items()}


def per_turn(sessions: list[dict], turns: list[int], seed: int, draws: int = 1000) -> dict:
    """`evaluate` at each user turn of `turns` over the sessions that have it, at all turns pooled, and at the last one.

    sessions: [{"label", "pair", "z": [z_1, z_2, ...]}]; a null in z (a judge without an opinion there) is left out.
    A turn that no session has is absent from the result.
    """
    picks: dict[str, list[tuple]] = {}
    for s in sessions:
        for t, z in enumerate(s["z"], 1):
            if z is None:
                continue
            entry = (s["label"], z, s["pair"])
            picks.setdefault(ALL, []).append(entry)
            if t in turns:
                picks.setdefault(str(t), []).append(entry)
            if t == len(s["z"]):
                picks.setdefault(LAST, []).append(entry)
    order = [str(t) for t in turns] + [ALL, LAST]
    return {k: evaluate(*zip(*picks[k]), seed=seed, draws=draws) for k in order if k in picks}
