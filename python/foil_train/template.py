"""The one template, and the two tokens by which it ends a turn and a session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .errors import FoilError


@dataclass
class Ends:
    """Tokens that close a turn, and a session before it (texts and ids)."""

    turn: str
    session: str
    turn_id: int
    session_id: int


def read_template(path: Path) -> str:
    """The template's text; it must carry generation markers, without which the loss would fall on every token."""
    text = path.read_text(encoding="utf-8")
    if "generation" not in text:
        raise FoilError(f"{path}: no {{% generation %}} markers. Use models/chatml.jinja.")
    return text


def read_ends(tokenizer, template: str, path: Path, given: dict[str, str] | None = None) -> Ends:
    """What the template writes after the text of an assistant turn, without and with `end`, found by rendering it.

    given: `tokens` of the spec, {turn, session}. Raises FoilError if an end is not one token of this tokenizer, or not the
    one that was given: a simulator that learns an end in pieces, or another one than the engine waits for, does not stop.
    """
    remedy = "Use a template that was written for this base, or say its tokens in the spec under `tokens`."

    def tail(end: bool) -> list[int]:
        out = tokenizer.apply_chat_template(
            [{"role": "user", "content": "a"}, {"role": "assistant", "content": "a", **({"end": True} if end else {})}],
            chat_template=template, tokenize=True, return_dict=True, return_assistant_tokens_mask=True,
        )
        trained = [i for i, keep in zip(out["input_ids"], out["assistant_masks"]) if keep]
        return trained[len(tokenizer("a", add_special_tokens=False)["input_ids"]):]

    plain, ended = tail(False), tail(True)
    if len(plain) != 1 or len(ended) != 2 or ended[1] != plain[0]:
        raise FoilError(
            f"{path}: a turn ends in {tokenizer.decode(plain)!r} and a session in {tokenizer.decode(ended)!r}: that should be one token of "
            f"this base, and one more before it. {remedy}"
        )
    found = Ends(*(tokenizer.convert_ids_to_tokens([plain[0], ended[0]])), plain[0], ended[0])
    for key, has in (("turn", found.turn), ("session", found.session)):
        if (given or {}).get(key, has) != has:
            raise FoilError(f"{path}: ends a {key} with {has}, but the spec says {given[key]} (tokens.{key}). Make them agree.")
    return found
