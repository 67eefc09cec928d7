"""The base model: a Hugging Face folder, or a GGUF that is turned once into one, so that both engines run one model.

Importing this module does not import torch: a preflight needs the tokenizer and the config only.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path

from .errors import FoilError

# no stage may reach out to a hub: the weights are local
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

STAMP = "foil-base.json"
QUANTISATION = re.compile(r"[.-](I?Q\d\w*|B?F16|F32)$", re.IGNORECASE)


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def _check_gguf(gguf: Path) -> None:
    with gguf.open("rb") as f:
        if f.read(4) != b"GGUF":
            raise FoilError(f"{gguf}: not a GGUF file. Fetch the base again with `foil setup`, or give a Hugging Face folder.")


def convert_base(gguf: Path, out: Path) -> dict:
    """Dequantise a GGUF into a clean fp32 directory `out`, and return its stamp {name, gguf_sha256}.

    Raises FoilError if the file is no GGUF, or if its tokenizer ends a turn with the token that begins one (older
    converters did that, and a simulator would then never stop).
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    _check_gguf(gguf)
    tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    if tokenizer.eos_token is None or tokenizer.eos_token == tokenizer.bos_token:
        raise FoilError(f"{gguf}: its end-of-turn token is {tokenizer.eos_token!r}, as its first one. Use the GGUF that the cards name.")
    model = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.float32)
    # save_pretrained refuses a model that still says it is quantised, though its weights no longer are
    model.hf_quantizer = None
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    # aside and then renamed: two runs may convert the same base at once
    part = out.with_name(f"{out.name}.part-{os.getpid()}")
    part.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(str(part))
    tokenizer.save_pretrained(str(part))
    stamp = {"name": QUANTISATION.sub("", gguf.stem), "gguf_sha256": sha256(gguf)}
    (part / STAMP).write_text(json.dumps(stamp) + "\n", encoding="utf-8")
    if out.exists() and not (out / STAMP).exists():
        shutil.rmtree(out)
    if out.exists():
        shutil.rmtree(part)
    else:
        part.rename(out)
    return stamp


def _cache(gguf: Path) -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "foil" / f"base-{sha256(gguf)[:16]}"


def base_dir(base: Path) -> Path:
    """The clean directory of `base`: itself if it is one, else the GGUF's, converted once into the user's cache."""
    if base.is_dir():
        if not (base / "config.json").exists():
            raise FoilError(f"{base}: no config.json. Give a GGUF, a Hugging Face folder, or the output of `foil_train base`.")
        return base
    cache = _cache(base)
    if not (cache / STAMP).exists():
        convert_base(base, cache)
    return cache


def _source(base: Path) -> dict:
    """What `from_pretrained` needs to read tokenizer and config of a base, without converting it."""
    if not base.is_dir():
        cache = _cache(base)
        if not (cache / STAMP).exists():
            _check_gguf(base)
            return {"pretrained_model_name_or_path": str(base.parent), "gguf_file": base.name}
        base = cache
    return {"pretrained_model_name_or_path": str(base_dir(base))}


def base_stamp(directory: Path) -> dict:
    """{name, gguf_sha256} of a clean directory; the sha is null for one that did not come from a GGUF."""
    stamp = directory / STAMP
    return json.loads(stamp.read_text(encoding="utf-8")) if stamp.exists() else {"name": directory.name, "gguf_sha256": None}


def load_tokenizer(base: Path):
    """The tokenizer of a base, with a padding token."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(**_source(base))
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_config(base: Path):
    """The transformers config of a base, read without its weights."""
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(**_source(base))


def load_base(base: Path, dtype: str = "float32"):
    """The causal language model of a base, on the CPU (the trainer moves or shards it); dtype: `float32` or `bfloat16`."""
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(str(base_dir(base)), dtype=getattr(torch, dtype))
