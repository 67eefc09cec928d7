"""What goes into a training, said before it starts: nothing is dropped or cut in silence."""

from __future__ import annotations

from .errors import FoilError
from .preferences import Preference
from .rows import IGNORED, Row

# of the reasons why rows were dropped so many are listed one by one; `dropped` counts all
LISTED = 500


def _quantiles(lengths: list[int]) -> dict:
    s = sorted(lengths)
    return {"p50": s[len(s) // 2], "p95": s[min(len(s) - 1, int(len(s) * 0.95))], "max": s[-1], "sum": sum(s)}


def _clip(text: str, width: int) -> str:
    half = width // 2
    return text if len(text) <= width else f"{text[:half]} ... {text[-half:]}"


def render_marked(tokenizer, row: Row | Preference, width: int = 2000) -> str:
    """The row as the model sees it, what is trained between ⟦ and ⟧ (a discriminator's reading points as ⟦⟧); of a pair
    both sides. A longer text is clipped in its middle."""
    if isinstance(row, Preference):
        prompt, chosen, rejected = (tokenizer.decode(ids) for ids in (row.prompt_ids, row.chosen_ids, row.rejected_ids))
        return f"{_clip(prompt, width)}⟦{_clip(chosen, width)}⟧\n(rejected:) ⟦{_clip(rejected, width)}⟧"
    parts, run, state = [], [], False
    marks = set(row.marks)
    for i, token in enumerate(row.input_ids):
        trained = bool(row.labels) and row.labels[i] != IGNORED
        if trained != state:
            parts += [tokenizer.decode(run), "⟦" if trained else "⟧"]
            run, state = [], trained
        run.append(token)
        if i in marks:
            parts += [tokenizer.decode(run), "⟦⟧"]
            run = []
    parts += [tokenizer.decode(run), "⟧" if state else ""]
    return _clip("".join(parts), width)


def _unpaired(rows: list[Row], why: dict) -> dict:
    """Reasons of rows that must go because of their pair."""
    both: dict[str, list[Row]] = {}
    for row in rows:
        both.setdefault(row.pair, []).append(row)
    out = {}
    for key, two in both.items():
        reason = None
        if sorted(r.label for r in two) != [0, 1]:
            reason = f"pair {key} is not one real and one simulated row"
        elif len({len(r.marks) for r in two}) != 1:
            reason = f"pair {key} has unequal numbers of user turns: {[len(r.marks) for r in two]}"
        elif any(r.key in why for r in two):
            reason = f"the other row of pair {key} was dropped"
        if reason:
            out.update({row.key: reason for row in two if row.key not in why})
    return out


def preflight(events, tokenizer, name: str, rows: list, max_length: int, template_sha256: str, pairs: bool = False) -> list:
    """Keep what can be trained on, and report rows in, used and dropped with the reason of each.

    rows: Row or Preference. max_length in tokens; a longer row is dropped rather than cut, since its cut end would teach
    a wrong ending. With `pairs`, both rows of a pair are kept or dropped together, and both must have equally many user
    turns. Raises FoilError if nothing is left.
    """
    why: dict[tuple, str] = {}
    long = 0
    for row in rows:
        if row.length > max_length:
            why[row.key] = f"{row.length} tokens, over max_length {max_length}"
            long += 1
        elif not row.trained:
            why[row.key] = "no turn to train on or to judge"
        elif isinstance(row, Preference) and row.fault:
            why[row.key] = row.fault
    if pairs:
        why.update(_unpaired(rows, why))
    used = [row for row in rows if row.key not in why]
    if not used:
        raise FoilError(
            f"{name}: none of {len(rows)} rows can be used, the first because: {next(iter(why.values()))}. Raise max_length or export other rows."
        )
    # of pairs: how many a person ordered, and in how many of them D's rewards say otherwise, or nothing
    persons = [row for row in used if isinstance(row, Preference) and row.by == "person"]
    order = {"by_person": len(persons), "overruled": sum(row.overruled for row in persons)} if isinstance(used[0], Preference) else {}
    events.emit(
        "preflight", split=name, rows=len(rows), used=len(used), dropped=len(why),
        why=[{"id": k[0], "reason": v} for k, v in list(why.items())[:LISTED]], tokens=_quantiles([r.length for r in used]),
        cut=round(long / len(rows), 4), trained_tokens=sum(r.trained for r in used),
        example=render_marked(tokenizer, min(used, key=lambda r: r.length)), template_sha256=template_sha256, **order,
    )
    return used
