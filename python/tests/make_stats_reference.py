"""Writes test/fixtures/statistics.json: what scipy and scikit-learn give on random inputs, for test/core/statistics.test.ts.

    node scripts/python.mjs python/tests/make_stats_reference.py > test/fixtures/statistics.json
"""

import json
import math

import numpy as np
from scipy import optimize, special, stats
from sklearn import metrics
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE

rng = np.random.default_rng(6)


def number(x):
    return None if x is None or not math.isfinite(x) else float(x)


def numbers(xs):
    return [float(x) for x in xs]


def correlations():
    out = []
    for n in [3, 4, 5, 14, 14, 14, 33, 40, 200]:
        for step, slope in [(None, 0.8), (None, 0.0), (0.5, 0.7), (None, -3.0)]:
            x = rng.normal(size=n)
            y = slope * x + rng.normal(size=n) * (1.0 if abs(slope) < 2 else 0.01)
            if step:  # ties on both sides
                x, y = np.round(x / step) * step, np.round(y / step) * step
            x, y = np.round(x, 6), np.round(y, 6)
            if len(set(x)) < 2 or len(set(y)) < 2:
                continue
            each = {"pearson": stats.pearsonr(x, y), "spearman": stats.spearmanr(x, y), "kendall": stats.kendalltau(x, y)}
            out.append({"x": numbers(x), "y": numbers(y)} | {k: [number(v.statistic), number(v.pvalue)] for k, v in each.items()})
    return out


def divergences():
    out = []
    for size in [2, 5, 37]:
        for smoothing in [1e-6, 0.5, 1.0]:
            p, q = rng.poisson(4, size), rng.poisson(3, size)
            out.append({"p": numbers(p), "q": numbers(q), "smoothing": smoothing, "kl": number(stats.entropy(p + smoothing, q + smoothing))})
    return out


def cross_entropies():
    out = []
    for size in [1, 4, 22]:
        p, q = rng.beta(0.5, 2, size), rng.beta(0.5, 2, size)
        # the log loss of one outcome of each kind, weighed by the real rate, a category at a time
        each = [metrics.log_loss([1, 0], [b, b], sample_weight=[a, 1 - a]) for a, b in zip(p, q)]
        out.append({"p": numbers(p), "q": numbers(q), "bce": number(np.mean(each)), "least": number(np.mean([stats.bernoulli(a).entropy() for a in p]))})
    return out


def proportions():
    out = []
    for n in [1, 7, 50, 400, 12700]:
        for m in [9, 300]:
            k, j = int(rng.integers(0, n + 1)), int(rng.integers(0, m + 1))
            chi2 = None
            if 0 < k + j < n + m:  # the pooled z-test is the chi-square test without Yates' correction
                result = stats.chi2_contingency([[k, n - k], [j, m - j]], correction=False)
                chi2 = [number(result.statistic), number(result.pvalue)]
            exact = stats.binomtest(k, n).proportion_ci(method="exact")
            wilson = stats.binomtest(k, n).proportion_ci(method="wilson")
            out.append({"k": k, "n": n, "j": j, "m": m, "chi2": chi2, "exact": numbers(exact), "wilson": numbers(wilson)})
    return out


def powers():
    out = []
    for a, b, n in [(0.0265, 0.0325, 12700), (0.02, 0.03, 500), (0.3, 0.5, 90), (0.5, 0.5, 30)]:
        middle = (a + b) / 2
        critical = stats.norm.ppf(0.975) * math.sqrt(2 * middle * (1 - middle) / n)
        scale = math.sqrt((a * (1 - a) + b * (1 - b)) / n)
        out.append({"a": a, "b": b, "n": n, "power": stats.norm.sf(critical, abs(b - a), scale) + stats.norm.cdf(-critical, abs(b - a), scale)})
    return out


def judges():
    out = []
    for n, shift, scale in [(10, 1.0, 1.0), (300, 0.5, 3.0), (300, 2.0, 0.4), (80, 0.0, 1.0)]:
        real = rng.integers(0, 2, n)
        real[:2] = [0, 1]
        z = np.round((shift * (2 * real - 1) + rng.normal(size=n)) * scale, 2)
        said = (z > 0).astype(int)
        p = special.expit(z)
        bins = np.minimum((p * 10).astype(int), 9)
        ece = sum(abs(p[bins == b].mean() - real[bins == b].mean()) * (bins == b).sum() for b in set(bins)) / n
        nll = lambda log_t: metrics.log_loss(real, special.expit(z / math.exp(log_t)))  # noqa: E731
        best = optimize.minimize_scalar(nll, bounds=(-math.log(100), math.log(100)), method="bounded", options={"xatol": 1e-10})
        out.append({
            "z": numbers(z), "real": [bool(r) for r in real],
            "accuracy": metrics.accuracy_score(real, said), "f1": metrics.f1_score(real, said, zero_division=0),
            "mcc": metrics.matthews_corrcoef(real, said), "auc": metrics.roc_auc_score(real, z), "ece": float(ece),
            "nll": metrics.log_loss(real, p), "temperature": math.exp(best.x),
        })  # fmt: skip
    return out


def bags():
    words = [f"w{i}" for i in range(30)] + ["?", "!", "don't"]
    weights = rng.dirichlet(np.full(len(words), 0.4), size=2)
    texts = [" ".join(rng.choice(words, size=rng.integers(1, 25), p=weights[i % 2])) for i in range(60)]
    labels = [i % 2 == 0 for i in range(60)]
    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=r"(?u)\w+(?:'\w+)*|[^\w\s]")
    x = vectors.fit_transform(texts[:50])
    rest = vectors.transform(texts[50:])
    out = []
    for c in [0.1, 1.0, 10.0]:
        fit = LogisticRegression(C=c, tol=1e-8, max_iter=10000).fit(x, labels[:50])
        out.append({"c": c, "z": numbers(fit.decision_function(rest)), "norm": float(np.linalg.norm(fit.coef_)), "intercept": float(fit.intercept_[0])})
    return {"texts": texts, "labels": labels, "fitted": 50, "features": x.shape[1], "fits": out}


def maps():
    centres = rng.normal(size=(4, 6)) * 2
    x = np.round(np.concatenate([c + rng.normal(size=(20, 6)) * 0.5 for c in centres]), 3)
    fits = [TSNE(perplexity=15, method="exact", init="random", random_state=s, max_iter=1000).fit(x).kl_divergence_ for s in range(5)]
    return {"x": [numbers(row) for row in x], "perplexity": 15, "kl": numbers(fits)}


def tails():
    return {
        "normal": [[z, stats.norm.sf(z)] for z in [-3.0, -0.5, 0.0, 0.3, 1.0, 1.96, 1.9999, 2.0, 3.3, 5.0, 9.0, 30.0]],
        "quantile": [[p, stats.norm.ppf(p)] for p in [1e-9, 0.01, 0.2, 0.5, 0.8, 0.975, 0.9999]],
        "student": [[t, df, 2 * stats.t.sf(t, df)] for t in [0.0, 0.3, 2.2, 9.0, 40.0] for df in [1, 2, 12, 100, 5000]],
    }


print(json.dumps({
    "correlations": correlations(), "divergences": divergences(), "cross_entropies": cross_entropies(),
    "proportions": proportions(), "powers": powers(), "judges": judges(), "tails": tails(),
    "bags": bags(), "maps": maps(),
}))  # fmt: skip
