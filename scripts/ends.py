"""Where simulators stop: P(end of the turn, or of the session) at every token of the rows' trained turns, teacher-forced.

    foil export simulator CORPUS rows.jsonl
    node scripts/python.mjs scripts/ends.py BASE.gguf rows.jsonl SESSIONS ADAPTER_FOLDER ...

Prints for each adapter the mean P(end) inside turns and at their ends, and the nats a token and entropy beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from peft import PeftModel

from foil_train.base import load_base, load_tokenizer
from foil_train.rows import IGNORED, encode_sft, read_rows
from foil_train.template import read_ends, read_template


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


@torch.no_grad()
def ends(model, rows, ids: list[int]) -> str:
    inside, final, loss, entropy = [], [], [], []
    for row in rows:
        logp = torch.log_softmax(model(input_ids=torch.tensor([row.input_ids])).logits[0].float(), -1)
        for at, label in enumerate(row.labels):
            if at and label != IGNORED:
                before = logp[at - 1]
                (final if label in ids else inside).append(before[ids].exp().sum().item())
                loss.append(-before[label].item())
                entropy.append(-(before.exp() * before).sum().item())
    return f"P(end) inside turns {mean(inside):.4f} (n {len(inside)}), at ends {mean(final):.4f} (n {len(final)}); {mean(loss):.3f} nats a token, entropy {mean(entropy):.3f}"


def main(base: str, rows: str, sessions: str, *adapters: str) -> None:
    torch.set_num_threads(1)
    template_file = Path(__file__).parents[1] / "models" / "chatml.jinja"
    tokenizer, template = load_tokenizer(Path(base)), read_template(template_file)
    found = read_ends(tokenizer, template, template_file)
    read = [encode_sft(tokenizer, template, row) for row in read_rows(Path(rows), discriminator=False)[: int(sessions)]]
    for adapter in adapters:
        model = PeftModel.from_pretrained(load_base(Path(base), "bfloat16"), adapter).eval()
        print(f"{Path(adapter).name:16} {ends(model, read, [found.turn_id, found.session_id])}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
