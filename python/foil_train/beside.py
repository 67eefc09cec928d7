"""What stands beside a discriminator's figures: its shortcuts on the same rows, other runs, and the sentence that says who wins."""

from __future__ import annotations

import json

from .baselines import shortcut
from .errors import FoilError
from .metrics import ALL
from .rows import Row, read_rows
from .spec import Spec

# runs that may stand beside a discriminator without being a shortcut that it must beat
NO_SHORTCUT = ("linear head", "lm head", "label shuffle")


def verdict(own: dict, beside: dict, sees_chatbot: bool = False) -> str:
    """An honest sentence for the card: ahead of its shortcuts or not, where, and by how much. A shortcut through the
    chatbot's words counts only if D sees them; else it is named as what D is kept from."""
    hidden = {k: v for k, v in beside.items() if "chatbot" in k and not sees_chatbot}
    rivals = {k: v for k, v in beside.items() if not k.startswith(NO_SHORTCUT) and k not in hidden}
    if not rivals:
        return "No shortcut was measured beside it: its p_t is not shown to mean anything."
    parts = []
    for where in own:
        known = {k: v[where]["accuracy"] for k, v in ((k, v["per_turn"]) for k, v in rivals.items()) if where in v}
        if known:
            name = max(known, key=known.get)
            gap = own[where]["accuracy"] - known[name]
            word = "ahead of" if gap > 0 else "behind" if gap < 0 else "level with"
            at = f"t = {where}" if where.isdigit() else where
            parts.append(f"at {at} {own[where]['accuracy']:.2f}, {word} its best shortcut ({name}, {known[name]:.2f}) by {abs(gap):.2f}")
    said = "Accuracy " + "; ".join(parts) + "."
    for name, judge in hidden.items():
        if ALL in judge["per_turn"]:
            said += f" The chatbot's words, which its input hides, would tell the sides apart by themselves ({name}: {judge['per_turn'][ALL]['accuracy']:.2f})."
    return said


def control(own: dict) -> str:
    """The verdict on a run with shuffled labels: how near to chance it stayed."""
    low, high = own[ALL]["accuracy_95"]
    return (
        f"A control: its training labels were shuffled, so nothing could be learnt. Accuracy over all turns {own[ALL]['accuracy']:.2f} "
        f"[{low:.2f}, {high:.2f}], where 0.50 is chance."
    )


def compared_runs(spec: Spec, on: str) -> tuple[dict, dict]:
    """({name: per-turn figures} of the runs given as `compare`, {name: why} of those that have none yet).

    Raises FoilError if one of them was judged on another split.
    """
    out, missing = {}, {}
    for name, path in spec.compare.items():
        try:
            other = json.loads(path.read_text(encoding="utf-8"))
            table, where = other["per_turn"], other.get("reported_on", "valid")
        except (OSError, ValueError, KeyError):
            missing[name] = "no metrics.json of a finished stage discriminator"
            continue
        if where != on:
            raise FoilError(f"{path}: compare.{name}: its figures come from split {where}, this run's from {on}. Run it again with the same rows.")
        out[name] = {"per_turn": table}
    return out, missing


def both_sides(spec: Spec, rows: list[Row], on: str) -> dict | None:
    """{row key: messages with the chatbot's words} from the `all` input of the same sessions; None if it was not given."""
    full = ("train_all", f"{on}_all")
    if not spec.hyper.baselines or not all(s in spec.rows for s in full):
        return None
    texts = {(r["id"], r["pair"]): r["messages"] for s in full for r in read_rows(spec.rows[s], discriminator=True)}
    if missing := [r.id for r in rows if r.key not in texts]:
        raise FoilError(f"{spec.path}: rows.train_all: lacks {missing[0]} ({len(missing)} ids in all). Export both inputs from the same sessions.")
    return texts


def shortcuts(spec: Spec, train: list[Row], judged: list[Row], texts: dict | None) -> dict:
    """The shortcuts on the very rows that D saw and was judged on."""
    h, out = spec.hyper, {}

    def plain(rows, texts=None):
        return [{"messages": (texts or {}).get(r.key, r.messages), "label": r.label, "pair": r.pair, "group": r.group} for r in rows]

    kinds = {"bag of words (user)": ("words", None), "length alone (user)": ("length", None)} if h.baselines else {}
    if texts:
        kinds["bag of words (chatbot only)"] = ("chatbot", texts)
    for name, (kind, said) in kinds.items():
        out[name] = {"per_turn": shortcut(kind, plain(train, said), plain(judged, said), h.report_turns, spec.seed, int(h.bootstrap))}
    return out
