"""A LoRA adapter as llama.cpp reads it: one GGUF file of F16 tensors."""

from __future__ import annotations

import re
from pathlib import Path

import gguf
import numpy as np

from .errors import FoilError

NAMES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}
# llama.cpp's name of a base's family, and whether its converter permutes q and k
FAMILIES = {"llama": ("llama", True), "mistral": ("llama", True), "qwen2": ("qwen2", False), "qwen3": ("qwen3", False)}
KEY = re.compile(r"^base_model\.model\.model\.layers\.(\d+)\.([a-z_.]+)\.lora_([AB])\.weight$")


def permute(rows: np.ndarray, heads: int) -> np.ndarray:
    """Reorder the output rows (out, r) of q or k from Hugging Face's rotary halves to llama.cpp's interleaved pairs.

    llama.cpp's converter permutes the base's q and k so; an adapter's B must follow, its A (input side) must not.
    """
    out, rank = rows.shape
    return rows.reshape(heads, 2, out // heads // 2, rank).swapaxes(1, 2).reshape(out, rank)


def write_adapter(tensors: dict[str, np.ndarray], config: dict, alpha: float, path: Path, name: str) -> int:
    """Write PEFT tensors as a GGUF adapter, and return how many were written.

    tensors: PEFT's keys, A as (r, in) and B as (out, r). config: the base's `model_type`, `num_attention_heads` and
    `num_key_value_heads`. Raises FoilError for a tensor that llama.cpp has no place for, rather than leave it out, and
    for a family that was not tried.
    """
    family = config.get("model_type", "llama")
    if family not in FAMILIES:
        raise FoilError(f"a base of type {family} is none of {', '.join(FAMILIES)}, whose adapters can be written as GGUF. Serve the PEFT form with vLLM.")
    name_there, permuted = FAMILIES[family]
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    writer = gguf.GGUFWriter(str(path), name_there)
    writer.add_type("adapter")
    writer.add_name(name)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(alpha))
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    for key in sorted(tensors):
        found = KEY.match(key)
        if not found or found[2] not in NAMES:
            writer.close()
            raise FoilError(f"{key}: no tensor of llama.cpp's adapters. Train with the seven linear layers as targets only.")
        target, value = NAMES[found[2]], np.asarray(tensors[key], dtype=np.float32)
        if found[3] == "B" and permuted and target in heads:
            value = permute(value, heads[target])
        writer.add_tensor(f"blk.{found[1]}.{target}.weight.lora_{found[3].lower()}", np.ascontiguousarray(value.astype(np.float16)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return len(tensors)
