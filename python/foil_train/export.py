"""Stage `export`: a trained adapter into the folder that is shipped: PEFT form, GGUF form, template, card, README."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from .base import load_config, load_tokenizer, sha256
from .card import make_card, render_readme
from .errors import FoilError
from .events import Events
from .gguf_adapter import write_adapter
from .spec import Spec
from .template import read_ends, read_template

# of PEFT's config only these are kept: the rest is defaults of one version, and one field is a path of this machine
CONFIG_KEYS = (
    "peft_type", "task_type", "r", "lora_alpha", "lora_dropout", "target_modules", "bias", "fan_in_fan_out",
    "use_rslora", "use_dora", "inference_mode",
)


def _read(path: Path, remedy: str) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FoilError(f"{path}: no such file. {remedy}") from None
    except ValueError as e:
        raise FoilError(f"{path}: not JSON: {e}. {remedy}") from None


def run_export(spec: Spec, out: Path, events: Events | None = None) -> dict:
    """Write `adapter_model.safetensors` (F16), `adapter_config.json`, `adapter.gguf`, `template.jinja`, `card.json` and
    `README.md` into `out`, from spec.adapter, the OUT of a training stage. Returns the card.

    Raises FoilError if the run is unfinished, its template is not the one given, or a value does not fit F16.
    """
    remedy = "Give the --out folder of a finished training stage as `adapter`."
    run = _read(spec.adapter / "run.json", remedy)
    config = _read(spec.adapter / "adapter" / "adapter_config.json", remedy)
    if run["template_sha256"] != sha256(spec.template):
        raise FoilError(
            f"{spec.path}: template: not the one the adapter was trained with (sha256 {run['template_sha256'][:12]}...). "
            "A model served with another template is another model: give that one."
        )
    if "stop" not in run:  # a run of before this was recorded
        ends = read_ends(load_tokenizer(spec.base), read_template(spec.template), spec.template)
        run["stop"] = {"turn": ends.turn, "session": ends.session}
    out.mkdir(parents=True, exist_ok=True)
    tensors = load_file(str(spec.adapter / "adapter" / "adapter_model.safetensors"))
    half = {k: v.to(torch.float16).contiguous() for k, v in tensors.items()}
    if bad := [k for k, v in half.items() if not torch.isfinite(v).all()]:
        raise FoilError(f"{bad[0]}: a value is beyond F16's range. Train with a lower learning rate.")
    save_file(half, str(out / "adapter_model.safetensors"), metadata={"format": "pt"})
    (out / "adapter_model.safetensors").chmod(0o644)
    kept = {k: config[k] for k in CONFIG_KEYS if k in config}
    kept["target_modules"] = sorted(kept["target_modules"])
    kept.update(base_model_name_or_path=run["base"]["name"], inference_mode=True)
    (out / "adapter_config.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    base = load_config(spec.base)
    count = write_adapter({k: v.numpy() for k, v in half.items()}, base.to_dict(), config["lora_alpha"], out / "adapter.gguf", spec.name)
    shutil.copyfile(spec.template, out / "template.jinja")
    card = make_card(spec, run, config, out)
    (out / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (out / "README.md").write_text(render_readme(card), encoding="utf-8")
    (events or Events(None)).emit("done", stage="export", tensors=count, bytes=(out / "adapter.gguf").stat().st_size)
    return card
