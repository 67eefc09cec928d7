"""Rows in, tokens out: reading JSONL, rendering with the one template, and a preflight that drops nothing in silence."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from .errors import FoilError

ROLES = ("system", "user", "assistant")
IGNORED = -100
REAL, FAKE = " real", " fake"


@dataclass
class Row:
    """One tokenised session. `labels` has IGNORED where nothing is learnt; `marks` are the positions at which a
    discriminator is read (the `<|im_end|>` of each user turn)."""

    id: str
    group: str
    input_ids: list[int]
    labels: list[int] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    label: int | None = None
    pair: str | None = None
    messages: list[dict] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str | None]:
        """What a row is known by: one real session may stand in several pairs."""
        return self.id, self.pair


def read_rows(path: Path, discriminator: bool, labelled: bool = True) -> list[dict]:
    """Read and check a JSONL file of rows.

    discriminator: rows need `pair` and `label` too (unless `labelled` is false, as for scoring).
    Raises FoilError with file, line, field and remedy; an id may occur once only (once a pair).
    """
    rows, seen = [], {}
    need = {"id": str, "group": str, **({"pair": str, "label": int} if discriminator and labelled else {})}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as e:
        raise FoilError(f"{path}: not UTF-8 at byte {e.start}. Write the rows again with `foil export`.") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue

        def bad(where: str, why: str, number: int = number) -> FoilError:
            return FoilError(f"{path}:{number}: {where}: {why}. Write the rows again with `foil export`, or mend the line.")

        try:
            row = json.loads(line)
        except ValueError as e:
            raise bad("line", f"not JSON ({e}); a torn last line means that the writer was stopped") from None
        if not isinstance(row, dict):
            raise bad("line", "not an object")
        for key, kind in need.items():
            if not isinstance(row.get(key), kind) or isinstance(row.get(key), bool):
                raise bad(key, f"missing or not a {kind.__name__}")
        if "label" in need and row["label"] not in (0, 1):
            raise bad("label", f"{row['label']} is neither 1 (real) nor 0 (simulated)")
        messages = row.get("messages")
        if not isinstance(messages, list) or not messages:
            raise bad("messages", "missing or empty")
        for i, m in enumerate(messages):
            if not isinstance(m, dict) or m.get("role") not in ROLES or not isinstance(m.get("content"), str):
                raise bad(f"messages[{i}]", f"needs a role of {', '.join(ROLES)} and a content that is a string")
        key = (row["id"], row.get("pair"))
        if key in seen:
            raise bad("id", f"{row['id']} stands on line {seen[key]} already")
        seen[key] = number
        rows.append(row)
    if not rows:
        raise FoilError(f"{path}: no rows. Export some sessions first.")
    return rows


def read_template(path: Path) -> str:
    """The template's text; it must carry generation markers, without which the loss would fall on every token."""
    text = path.read_text(encoding="utf-8")
    if "generation" not in text:
        raise FoilError(f"{path}: no {{% generation %}} markers. Use models/chatml.jinja.")
    return text


def encode_sft(tokenizer, template: str, row: dict) -> Row:
    """Tokens of one session; labels on every assistant turn with its end marks (Eq. 1 in one causal pass)."""
    out = tokenizer.apply_chat_template(
        row["messages"], chat_template=template, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    ids = list(out["input_ids"])
    labels = [i if keep else IGNORED for i, keep in zip(ids, out["assistant_masks"])]
    return Row(row["id"], row["group"], ids, labels)


def encode_discriminator(tokenizer, template: str, row: dict) -> Row:
    """Tokens of one session with the positions of the `<|im_end|>` that closes each user turn (Eq. 2: one p_t each)."""
    text = tokenizer.apply_chat_template(row["messages"], chat_template=template, tokenize=False)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    # the template breaks up `<|` in texts, so the n-th <|im_end|> is the n-th message's
    ends = [i for i, token in enumerate(ids) if token == end]
    marks = [i for i, m in zip(ends, row["messages"]) if m["role"] == "user"]
    return Row(row["id"], row["group"], ids, [], marks, row.get("label"), row.get("pair"), row["messages"])


def label_tokens(tokenizer) -> tuple[int, int]:
    """Token ids of ` real` and ` fake`; FoilError if the tokenizer has no single token for one of them."""
    ids = []
    for word in (REAL, FAKE):
        got = tokenizer(word, add_special_tokens=False)["input_ids"]
        if len(got) != 1:
            raise FoilError(f"label {word!r} is {len(got)} tokens in this base, not one. Use the base named in the card.")
        ids.append(got[0])
    return ids[0], ids[1]


def _quantiles(lengths: list[int]) -> dict:
    s = sorted(lengths)
    return {"p50": s[len(s) // 2], "p95": s[min(len(s) - 1, int(len(s) * 0.95))], "max": s[-1], "sum": sum(s)}


def render_marked(tokenizer, row: Row, width: int = 1200) -> str:
    """The row as the model sees it, what is trained between ⟦ and ⟧ (a discriminator's reading points as ⟦⟧)."""
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
    return "".join(parts)[:width]


def preflight(events, tokenizer, name: str, rows: list[Row], max_length: int, pairs: bool = False) -> list[Row]:
    """Keep what can be trained on, and report rows in, used and dropped with the reason of each.

    max_length in tokens; a longer session is dropped rather than cut, since its cut end would teach a wrong ending. With
    `pairs`, both rows of a pair are kept or dropped together, and both must have equally many user turns.
    Raises FoilError if nothing is left.
    """
    why: dict[tuple, str] = {}
    for row in rows:
        if len(row.input_ids) > max_length:
            why[row.key] = f"{len(row.input_ids)} tokens, over max_length {max_length}"
        elif not row.marks and all(label == IGNORED for label in row.labels):
            why[row.key] = "no turn to train on or to judge"
    if pairs:
        both: dict[str, list[Row]] = {}
        for row in rows:
            both.setdefault(row.pair, []).append(row)
        for key, two in both.items():
            reason = None
            if sorted(r.label for r in two) != [0, 1]:
                reason = f"pair {key} is not one real and one simulated row"
            elif len({len(r.marks) for r in two}) != 1:
                reason = f"pair {key} has unequal numbers of user turns: {[len(r.marks) for r in two]}"
            elif any(r.key in why for r in two):
                reason = f"the other row of pair {key} was dropped"
            if reason:
                for row in two:
                    why.setdefault(row.key, reason)
    used = [row for row in rows if row.key not in why]
    if not used:
        raise FoilError(f"{name}: none of {len(rows)} rows can be used, the first because: {next(iter(why.values()))}.")
    events.emit(
        "preflight", split=name, rows=len(rows), used=len(used), dropped=len(why),
        why=[{"id": k[0], "reason": v} for k, v in why.items()], tokens=_quantiles([len(r.input_ids) for r in used]),
        trained_tokens=sum(label != IGNORED for r in used for label in r.labels) or sum(len(r.marks) for r in used),
        example=render_marked(tokenizer, min(used, key=lambda r: len(r.input_ids))),
    )
    return used
