"""The base model: from the GGUF that is served to one clean Hugging Face directory, so that both engines run one model."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from .errors import FoilError

# no stage may reach out to a hub: the weights are local
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import torch  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

NAME = "SmolLM2-135M-Instruct"
STAMP = "foil-base.json"
TURN_END = "<|im_end|>"
SESSION_END = "<|endoftext|>"


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _sha256(f)


def _sha256(f) -> str:
    digest = hashlib.sha256()
    while block := f.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def convert_base(gguf: Path, out: Path) -> dict:
    """Dequantise a GGUF into a clean fp32 directory `out`, and return its stamp {name, gguf_sha256}.

    Raises FoilError if the file is no GGUF, or if its tokenizer does not end a turn with <|im_end|> (older converters
    put the BOS token there, and a simulator would then never stop).
    """
    with gguf.open("rb") as f:
        if f.read(4) != b"GGUF":
            raise FoilError(f"{gguf}: not a GGUF file. Fetch the base again with `foil setup`.")
    tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    if tokenizer.eos_token != TURN_END:
        raise FoilError(f"{gguf}: its end-of-turn token is {tokenizer.eos_token!r}, not {TURN_END}. Use the GGUF that the cards name.")
    model = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.float32)
    # save_pretrained refuses a model that still says it is quantised, though its weights no longer are
    model.hf_quantizer = None
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    out.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(str(out))
    tokenizer.save_pretrained(str(out))
    stamp = {"name": NAME, "gguf_sha256": sha256(gguf)}
    # last: a directory without its stamp was not finished
    (out / STAMP).write_text(json.dumps(stamp) + "\n", encoding="utf-8")
    return stamp


def base_dir(base: Path) -> Path:
    """The clean directory of `base`: itself if it is one, else the GGUF's, converted once into the user's cache."""
    if base.is_dir():
        if not (base / "config.json").exists():
            raise FoilError(f"{base}: no config.json. Give a GGUF, or the output of `foil_train base`.")
        return base
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "foil" / f"base-{sha256(base)[:16]}"
    if not (cache / STAMP).exists():
        convert_base(base, cache)
    return cache


def base_stamp(directory: Path) -> dict:
    """{name, gguf_sha256} of a clean directory; the sha is null for one that did not come from a GGUF."""
    stamp = directory / STAMP
    return json.loads(stamp.read_text(encoding="utf-8")) if stamp.exists() else {"name": directory.name, "gguf_sha256": None}


def load_base(base: Path, dtype: str = "float32"):
    """(model, tokenizer) of a base on the CPU or the GPU that torch sees; dtype is `float32` or `bfloat16`."""
    directory = base_dir(base)
    tokenizer = AutoTokenizer.from_pretrained(str(directory))
    if tokenizer.eos_token != TURN_END:
        raise FoilError(f"{directory}: end-of-turn token is {tokenizer.eos_token!r}, not {TURN_END}. Convert the base again.")
    model = AutoModelForCausalLM.from_pretrained(str(directory), dtype=getattr(torch, dtype))
    return model, tokenizer
