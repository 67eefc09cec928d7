"""Preference pairs in, tokens out: both sides as `sft` would train them after the same prompt (Eq. 5)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .rows import IGNORED, check_fields, check_messages, encode_sft, read_lines

NUMBER = (int, float)
NEED = {
    "id": str, "chosen": str, "rejected": str, "chosen_end": bool, "rejected_end": bool, "group": str,
}
REWARDS = ("r_chosen", "r_rejected")
# who says that the chosen side is the better one; a row of before there was the field was ordered by D
ORDERED_BY = ("discriminator", "person")


@dataclass
class Preference:
    """One tokenised pair; `fault` says why it cannot be trained on, `by` who ordered its sides, `overruled` that a person did
    so although D's rewards do not."""

    id: str
    group: str
    prompt_ids: list[int]
    chosen_ids: list[int]
    rejected_ids: list[int]
    fault: str | None = None
    by: str = "discriminator"
    overruled: bool = False

    @property
    def key(self) -> tuple[str, None]:
        return self.id, None

    @property
    def length(self) -> int:
        """Tokens of the longer sequence."""
        return len(self.prompt_ids) + max(len(self.chosen_ids), len(self.rejected_ids))

    @property
    def cost(self) -> int:
        """Tokens that go through the policy."""
        return 2 * len(self.prompt_ids) + self.trained

    @property
    def trained(self) -> int:
        return len(self.chosen_ids) + len(self.rejected_ids)


def read_preferences(path: Path) -> list[dict]:
    """Read and check a JSONL file of pairs {id, prompt, chosen, rejected, chosen_end, rejected_end, group, r_chosen, r_rejected, by}.

    `by` (absent: "discriminator") says who ordered the sides. A row that D ordered needs both rewards, r_chosen above
    r_rejected; where a person did, they may be the other way round, or null. Raises FoilError with file, line, field and remedy.
    """

    def check(row: dict, bad) -> str:
        check_fields(row, NEED, bad)
        check_messages(row.get("prompt"), "prompt", bad)
        if row.get("by", ORDERED_BY[0]) not in ORDERED_BY:
            raise bad("by", f"{row['by']!r} is none of {', '.join(ORDERED_BY)}")
        person = row.get("by") == "person"
        check_fields(row, {key: NUMBER for key in REWARDS if not (person and row.get(key) is None)}, bad)
        if not person and not _ordered(row):
            raise bad("r_chosen", f"{row['r_chosen']} is not above r_rejected {row['r_rejected']}")
        return row["id"]

    return read_lines(path, check)


def _ordered(row: dict) -> bool:
    """Whether D gives both sides a reward, the chosen one the higher."""
    chosen, rejected = (row.get(key) for key in REWARDS)
    return chosen is not None and rejected is not None and chosen > rejected


def encode_preference(tokenizer, template: str, row: dict) -> Preference:
    """Tokens of one pair. Each side is the last trained span of the session prompt + turn, which is what `sft` learns there:
    its text, the end of the session where `*_end` is true, the end of the turn."""
    sides = []
    for side in ("chosen", "rejected"):
        turn = {"role": "assistant", "content": row[side], **({"end": True} if row[f"{side}_end"] else {})}
        whole = encode_sft(tokenizer, template, {"id": row["id"], "group": row["group"], "messages": [*row["prompt"], turn]})
        stop = max((i for i, label in enumerate(whole.labels) if label != IGNORED), default=-1) + 1
        start = stop
        while start > 0 and whole.labels[start - 1] != IGNORED:
            start -= 1
        sides.append((whole.input_ids[:start], whole.input_ids[start:stop]))
    (prompt, chosen), (other, rejected) = sides
    fault = None
    if prompt != other:
        fault = "the two sides do not follow the same prompt tokens"
    elif chosen == rejected:
        fault = "both sides are the same"
    elif min(len(chosen), len(rejected)) < 2:
        fault = "one side has neither words nor the end of the session"
    by = row.get("by", ORDERED_BY[0])
    return Preference(row["id"], row["group"], prompt, chosen, rejected, fault, by, overruled=by == "person" and not _ordered(row))
