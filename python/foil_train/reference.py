"""Stage `score`: a discriminator's log-odds in PyTorch, the reference that the served engine must agree with."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from peft import PeftModel

from .base import load_base, load_tokenizer, sha256
from .errors import FoilError
from .events import Events
from .judge import score_row
from .points import answer_at_points
from .preflight import preflight
from .rows import encode_discriminator, label_tokens, read_rows
from .spec import Spec
from .template import read_ends, read_template


def load_judge(base: Path, adapter: Path, dtype: str = "float32"):
    """(model, tokenizer, label ids) of a shipped LM-head discriminator folder (or a run's `adapter`) in eval mode.

    Raises FoilError for a linear-head one: its head is not in the shipped form, and no engine serves it.
    """
    folder = adapter / "adapter" if (adapter / "adapter").is_dir() else adapter
    try:
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FoilError(f"{folder}: no adapter_config.json. Give a folder of models/, or a training stage's output.") from None
    if config.get("task_type") != "CAUSAL_LM":
        raise FoilError(f"{folder}/adapter_config.json: task_type: {config.get('task_type')} is not CAUSAL_LM. Train with head `lm`.")
    tokenizer = load_tokenizer(base)
    model = PeftModel.from_pretrained(load_base(base, dtype), str(folder)).eval()
    answer_at_points(model)
    # in the base's own precision, so that a comparison is not blurred by a mixed one
    return model.to(getattr(torch, dtype)), tokenizer, label_tokens(tokenizer)


def run_score(spec: Spec, out: Path, events: Events | None = None) -> list[dict]:
    """Write OUT/scores.jsonl, one `{"id", "z": [z_1, ...]}` a row of spec.rows["score"], and return the same.

    z_t = logit(real) - logit(simulated) after the end of user turn t (Eq. 2 as log-odds). Rows over max_length
    are reported in the preflight event and absent from the output.
    """
    torch.set_num_threads(spec.hyper.threads)
    events = events or Events(out / "events.jsonl")
    model, tokenizer, ids = load_judge(spec.base, spec.adapter, spec.hyper.dtype)
    template = read_template(spec.template)
    ends = read_ends(tokenizer, template, spec.template, spec.tokens)
    rows = [encode_discriminator(tokenizer, template, r, ends.turn_id) for r in read_rows(spec.rows["score"], discriminator=True, labelled=False)]
    used = preflight(events, tokenizer, "score", rows, spec.hyper.max_length, sha256(spec.template))
    scored = [{"id": r.id, "z": score_row(model, "lm", ids, r)} for r in used]
    (out / "scores.jsonl").write_text("".join(json.dumps(s) + "\n" for s in scored), encoding="utf-8")
    events.emit("done", stage="score", out="scores.jsonl", rows=len(scored))
    return scored
