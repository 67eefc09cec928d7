"""How much memory a training will want, against what the device has: before a model is loaded, not after an hour."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import FoilError

# what allocators and a runtime hold beside what is asked for; with it the estimate of `sft` with the 135M base (batch 2,
# 1,100 tokens) is 5 GB, where 5.2 to 5.8 GB resident were seen, and that of `dpo` (one pair, 3,200 tokens on both sides) 5.8 GB,
# where it was 6.3
SLACK, RUNTIME = 1.25, 700_000_000


def shape(config) -> dict[str, int]:
    """Sizes of a Llama-like base: layers, hidden, inter, vocab, params, and in + out of each linear layer of one layer."""
    h, inter, layers, vocab = config.hidden_size, config.intermediate_size, config.num_hidden_layers, config.vocab_size
    head = getattr(config, "head_dim", None) or h // config.num_attention_heads
    q, kv = config.num_attention_heads * head, (getattr(config, "num_key_value_heads", None) or config.num_attention_heads) * head
    sides = {
        "q_proj": (h, q), "k_proj": (h, kv), "v_proj": (h, kv), "o_proj": (q, h),
        "gate_proj": (h, inter), "up_proj": (h, inter), "down_proj": (inter, h),
    }
    linear = sum(a * b for a, b in sides.values())
    params = layers * linear + vocab * h * (1 if config.tie_word_embeddings else 2)
    return {"layers": layers, "hidden": h, "inter": inter, "vocab": vocab, "params": params, "sides": {k: a + b for k, (a, b) in sides.items()}}


def estimate(stage: str, config, hyper, lora: dict, tokens: int, points: int) -> tuple[int, int]:
    """(likely, least) bytes that one process of a training wants.

    lora: {rank, targets}. tokens: of the dearest batch; points: positions of it that are learnt from.
    likely = SLACK x (weights + 16 x trained parameters + activations + logits) + RUNTIME, where activations are
    (8 hidden + 4 inter) values a token and layer, and 5 hidden + inter more in fp32 for LoRA beside bf16, or one layer's
    and every layer's input with checkpointing; logits are 12 bytes a point and word of the vocabulary. least: without
    slack, runtime and logits, and as if checkpointed.
    """
    s, width = shape(config), 2 if hyper.dtype == "bfloat16" else 4
    sharded = os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"
    weights = s["params"] * width // (int(os.environ.get("WORLD_SIZE") or 1) if sharded else 1)
    trained = s["layers"] * lora["rank"] * sum(s["sides"].get(t, 0) for t in lora["targets"])
    states = trained * (16 + (4 if stage == "dpo" else 0))
    layer = tokens * ((8 * s["hidden"] + 4 * s["inter"]) * width + (4 * (5 * s["hidden"] + s["inter"]) if width == 2 else 0))
    inputs = tokens * s["layers"] * s["hidden"] * width
    activations = inputs + layer if hyper.checkpointing else layer * s["layers"]
    likely = SLACK * (weights + states + activations + points * s["vocab"] * 12) + RUNTIME
    return int(likely), int(weights + states + inputs)


def _number(path: str) -> int | None:
    try:
        return int(Path(path).read_text())
    except (OSError, ValueError):
        return None


def available() -> tuple[int | None, str]:
    """(bytes that are free for us, name of the device); None where the system does not say."""
    if Path("/dev/nvidiactl").exists() or Path("/dev/dxg").exists():
        import torch

        if torch.cuda.is_available():
            index = int(os.environ.get("LOCAL_RANK") or 0)
            return torch.cuda.mem_get_info(index)[0], torch.cuda.get_device_name(index)
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return None, "CPU"
    # a scheduler's or a container's limit is nearer than the machine's
    limit, used = _number("/sys/fs/cgroup/memory.max"), _number("/sys/fs/cgroup/memory.current")
    return (min(free, limit - used) if limit is not None and used is not None else free), "CPU"


def check_memory(events, likely: int, least: int, dry: bool) -> None:
    """Report the estimate; FoilError if even the least cannot fit, unless this is only a preflight, whose machine need not
    be the one that will train."""
    has, device = available()
    events.emit("memory", estimate_bytes=likely, available_bytes=has, device=device, fits=has is None or least <= has)
    if has is not None and least > has and not dry:
        raise FoilError(
            f"memory: at least {least / 1e9:.1f} GB are needed and {device} has {has / 1e9:.1f} GB free. Lower batch or max_length, or take "
            "a smaller base or more or larger devices", kind="out-of-memory",
        )
