"""The shortcuts that a discriminator must beat before its p_t means anything: bag of words, length, the chatbot's words."""

from __future__ import annotations

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .metrics import ALL, LAST, evaluate

STRENGTHS = [0.1, 1.0, 10.0, 100.0]


def _texts(messages: list[dict], role: str) -> list[str]:
    """For each user turn t, what `role` wrote up to and with that turn."""
    out, said = [], []
    for m in messages:
        if m["role"] == role:
            said.append(m["content"])
        if m["role"] == "user":
            out.append(" \n ".join(said))
    return out


def _lengths(messages: list[dict]) -> list[list[float]]:
    """For each user turn t: logs of the user's words so far, words a turn, words and letters of this turn, longest turn; and t."""
    out, words = [], []
    for m in messages:
        if m["role"] == "user":
            words.append(len(m["content"].split()))
            seen = np.array(words, dtype=float)
            out.append([*np.log1p([seen.sum(), seen.mean(), seen[-1], seen.max(), seen.min(), len(m["content"])]), seen.std(), len(words)])
    return out


def _judge(kind: str, groups: list[str], seed: int):
    if kind == "length":
        first = StandardScaler()
    else:
        first = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=r"(?u)\b\w+\b|[^\w\s]")
    pipe = make_pipeline(first, LogisticRegression(max_iter=2000, random_state=seed))
    folds = min(5, len(set(groups)))
    if folds < 2:
        return pipe
    # its strength is chosen by cross-validation inside the training rows, so that the baseline is not a straw man
    return GridSearchCV(pipe, {"logisticregression__C": STRENGTHS}, cv=GroupKFold(folds), scoring="accuracy")


def shortcut(kind: str, train: list[dict], valid: list[dict], turns: list[int], seed: int, draws: int = 1000) -> dict:
    """Per-turn figures of one shortcut: `words` (1- and 2-grams of the user), `length`, or `chatbot` (the chatbot's words).

    train, valid: rows with `messages`, `label`, `pair`, `group`. One classifier a turn t, fitted on the training sessions'
    prefixes up to t, which is more help than a causal discriminator gets; `all turns` fits and judges every prefix.
    A turn at which a fit is impossible (one class, no words) is absent.
    """
    features = {"words": lambda m: _texts(m, "user"), "chatbot": lambda m: _texts(m, "assistant"), "length": _lengths}[kind]
    seen = {split: [(r, features(r["messages"])) for r in rows] for split, rows in (("train", train), ("valid", valid))}

    def at(split: str, where) -> list[tuple]:
        return [(f[t], r["label"], r["pair"], r["group"]) for r, f in seen[split] for t in where(len(f))]

    wheres = {str(t): (lambda n, t=t: [t - 1] if n >= t else []) for t in turns}
    wheres[ALL] = lambda n: range(n)
    wheres[LAST] = lambda n: [n - 1] if n else []
    out = {}
    for name, where in wheres.items():
        fit, test = at("train", where), at("valid", where)
        if len({y for _, y, *_ in fit}) < 2 or not test:
            continue
        x, y, _, groups = zip(*fit)
        judge = _judge(kind, groups, seed)
        try:
            judge.fit(list(x), y, groups=groups) if hasattr(judge, "cv") else judge.fit(list(x), y)
        except ValueError:  # an empty vocabulary: nobody has said a word yet
            continue
        tx, ty, tp, _ = zip(*test)
        out[name] = evaluate(ty, judge.decision_function(list(tx)), tp, seed, draws)
    return out
