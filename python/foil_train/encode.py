"""`python -m foil_train.encode --model DIR`: texts to unit vectors, by a sentence encoder in sentence-transformers' folder form.

Standard input: a JSON string a line. Standard output: JSON lines, `{"event": "vectors", "at": [...], "vectors": [...]}` a batch,
where `at` are places of texts from 0 and each vector is base64 of little-endian 32-bit floats; or `{"event": "failed", ...}`, as a
stage says it. Longest texts come first, so that a batch is padded little, and memory that does not suffice shows at once.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from .errors import FoilError, explain

# the weights are local: nothing may reach out to a hub
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import torch  # noqa: E402

BATCH = 32


def mean_pooled(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean over a text's own tokens, padding left out, at length 1: hidden (n, tokens, size), mask (n, tokens) -> (n, size)."""
    keep = mask.unsqueeze(-1).to(hidden.dtype)
    return torch.nn.functional.normalize((hidden * keep).sum(1) / keep.sum(1).clamp(min=1), dim=1)


def _setting(folder: Path, name: str) -> dict:
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise FoilError(f"{folder / name}: cannot be read ({e}). Delete the folder: Foil then fetches it again.") from e


class Encoder:
    """A BERT-like encoder with mean pooling in fp32. `limit`: tokens of a text that it reads, the rest is cut off."""

    def __init__(self, folder: Path):
        from transformers import AutoModel, AutoTokenizer

        pooling = _setting(folder, "1_Pooling/config.json")
        modes = [name for name, on in pooling.items() if name.startswith("pooling_mode_") and on]
        if modes != ["pooling_mode_mean_tokens"]:
            raise FoilError(f"{folder}: it pools by {modes}, not by the mean of tokens alone. Take an encoder that does.")
        self.limit: int = _setting(folder, "sentence_bert_config.json")["max_seq_length"]
        self.tokenizer = AutoTokenizer.from_pretrained(str(folder))
        self.model = AutoModel.from_pretrained(str(folder), dtype=torch.float32).eval()

    @torch.inference_mode()
    def batch(self, texts: list[str]) -> torch.Tensor:
        """Unit vectors (n, size) of texts that are read together, which decides nothing but the speed."""
        read = self.tokenizer(texts, padding=True, truncation=True, max_length=self.limit, return_tensors="pt")
        return mean_pooled(self.model(**read).last_hidden_state, read["attention_mask"])

    def encode(self, texts: list[str], size: int = BATCH) -> Iterator[tuple[list[int], torch.Tensor]]:
        """Places of texts and their vectors, a batch at a time, the longest first."""
        order = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
        for begin in range(0, len(order), size):
            at = order[begin : begin + size]
            yield at, self.batch([texts[place] for place in at])


def _say(event: dict) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def main(argv: list[str] | None = None) -> int:
    """Exit codes: 0 all texts have vectors, 1 failed, with the reason as the last event."""
    parser = argparse.ArgumentParser(prog="foil_train.encode", description=__doc__)
    parser.add_argument("--model", required=True, type=Path, help="folder of the encoder")
    args = parser.parse_args(argv)
    try:
        encoder = Encoder(args.model)
        texts = [json.loads(line) for line in sys.stdin.buffer if line.strip()]
        for at, vectors in encoder.encode(texts):
            packed = [base64.b64encode(vector.numpy().astype("<f4").tobytes()).decode("ascii") for vector in vectors]
            _say({"event": "vectors", "at": at, "vectors": packed})
    except Exception as e:
        _say({"event": "failed", **explain(e)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
