"""Rows in, tokens out: reading JSONL and rendering with the one template."""

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
    def length(self) -> int:
        """Tokens of the longest sequence of this row."""
        return len(self.input_ids)

    @property
    def cost(self) -> int:
        """Tokens that go through the model for it."""
        return len(self.input_ids)

    @property
    def trained(self) -> int:
        """Positions that are learnt from."""
        return sum(label != IGNORED for label in self.labels) or len(self.marks)

    @property
    def key(self) -> tuple[str, str | None]:
        """What a row is known by: one real session may stand in several pairs."""
        return self.id, self.pair


def read_lines(path: Path, check) -> list[dict]:
    """Objects of a JSONL file that pass `check(row, bad)`, which raises bad(where, why) and returns the row's key.

    Raises FoilError with file, line, field and remedy; a key may occur once only.
    """
    rows, seen = [], {}
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
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
        key = check(row, bad)
        if key in seen:
            raise bad("id", f"{row['id']} stands on line {seen[key]} already")
        seen[key] = number
        rows.append(row)
    if not rows:
        raise FoilError(f"{path}: no rows. Export some sessions first.")
    return rows


def check_fields(row: dict, need: dict[str, type | tuple], bad) -> None:
    """Raise bad(field, why) for a field that is missing or of another type; true and false are no numbers."""
    for key, kind in need.items():
        if not isinstance(row.get(key), kind) or isinstance(row.get(key), bool) and kind is not bool:
            name = "number" if isinstance(kind, tuple) else kind.__name__
            raise bad(key, f"missing or not a {name}")


def check_messages(messages, field: str, bad) -> None:
    """Raise bad(field, why) unless `messages` is a list of {role, content} that is not empty."""
    if not isinstance(messages, list) or not messages:
        raise bad(field, "missing or empty")
    for i, m in enumerate(messages):
        if not isinstance(m, dict) or m.get("role") not in ROLES or not isinstance(m.get("content"), str):
            raise bad(f"{field}[{i}]", f"needs a role of {', '.join(ROLES)} and a content that is a string")


def read_rows(path: Path, discriminator: bool, labelled: bool = True) -> list[dict]:
    """Read and check a JSONL file of sessions.

    discriminator: rows need `pair` and `label` too (unless `labelled` is false, as for scoring).
    Raises FoilError with file, line, field and remedy; an id may occur once only (once a pair).
    """
    need = {"id": str, "group": str, **({"pair": str, "label": int} if discriminator and labelled else {})}

    def check(row: dict, bad) -> tuple:
        check_fields(row, need, bad)
        if "label" in need and row["label"] not in (0, 1):
            raise bad("label", f"{row['label']} is neither 1 (real) nor 0 (simulated)")
        check_messages(row.get("messages"), "messages", bad)
        return row["id"], row.get("pair")

    return read_lines(path, check)


def encode_sft(tokenizer, template: str, row: dict) -> Row:
    """Tokens of one session; labels on every assistant turn with its end marks (Eq. 1 in one causal pass)."""
    out = tokenizer.apply_chat_template(
        row["messages"], chat_template=template, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    ids = list(out["input_ids"])
    labels = [i if keep else IGNORED for i, keep in zip(ids, out["assistant_masks"])]
    return Row(row["id"], row["group"], ids, labels)


def encode_discriminator(tokenizer, template: str, row: dict, turn_end: int) -> Row:
    """Tokens of one session with the positions of the token `turn_end` that closes each user turn (Eq. 2: one p_t each).

    Raises FoilError if that token does not stand exactly once a message, as when a text can forge it.
    """
    text = tokenizer.apply_chat_template(row["messages"], chat_template=template, tokenize=False)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    # the template breaks up such tokens in texts, so the n-th end is the n-th message's
    ends = [i for i, token in enumerate(ids) if token == turn_end]
    if len(ends) != len(row["messages"]):
        raise FoilError(
            f"row {row['id']}: {len(ends)} end-of-turn tokens in {len(row['messages'])} messages. Use a template that breaks such "
            "tokens up in texts, as models/chatml.jinja does."
        )
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
