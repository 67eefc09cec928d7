"""Writes torch-reference.json: the log-odds of a discriminator in PyTorch fp32, for the engine's test to compare with.

    python test/embedded/torch_reference.py BASE_DIR models/discriminator-it0

BASE_DIR is the dequantised base that the training package keeps in its cache. Run it in the training environment, again
whenever the adapter changes: the test tells when the reference is of another one.
"""
import hashlib
import json
import sys
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

TURNS = [
    "Hi, I'm not sure where to start. I lost my job last week.",
    "Thanks. It was a small shop, I was there for six years",
    "no they just told us on friday that they close. no warning at all",
    "I appreciate your support and understanding in this difficult matter.",
    "my wife says it will be fine but she works nights already, i dont want her to do more",
    "yeah maybe. there is a course at the college, I looked at it once. I'm 52 though lol",
    "ok I will call them on monday. thank you, it helped to say it out loud",
]
ANSWERS = [
    "I'm sorry to hear that. What happened?",
    "Six years is a long time. Did you see it coming?",
    "That sounds like a shock. How are you and your family coping?",
    "Of course. What worries you most right now?",
    "It sounds like you want to carry your part. Is there something that you always wanted to learn?",
    "52 is not too late at all. Would you like to find out what the course needs?",
]


def prompts() -> list[str]:
    """The session up to the end of each user turn: with the chatbot's turns, and without."""
    turn = lambda role, text: f"<|im_start|>{role}\n{text}<|im_end|>"
    both, alone, found = [], [], []
    for number, text in enumerate(TURNS):
        both.append(turn("user", text))
        alone.append(turn("user", text))
        found += ["\n".join(both), "\n".join(alone)]
        if number < len(ANSWERS):
            both.append(turn("assistant", ANSWERS[number]))
    return found


def main(base: Path, adapter: Path) -> None:
    card = json.loads((adapter / "card.json").read_text())
    labels = card["discriminator"]["labels"]
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), adapter).eval()
    real, fake = (tokenizer(labels[side]).input_ids[0] for side in ("real", "simulated"))
    scores = []
    with torch.no_grad():
        for prompt in prompts():
            logits = model(tokenizer(prompt, return_tensors="pt").input_ids).logits[0, -1]
            scores.append({"prompt": prompt, "z": round((logits[real] - logits[fake]).item(), 5)})
    reference = {
        "adapter": adapter.name,
        "safetensors_sha256": hashlib.sha256((adapter / "adapter_model.safetensors").read_bytes()).hexdigest(),
        "labels": labels,
        "scores": scores,
    }
    out = Path(__file__).with_name("torch-reference.json")
    out.write_text(json.dumps(reference, indent=1, ensure_ascii=False) + "\n")
    print(f"{out}: {len(scores)} scores of {adapter.name}, z from {min(s['z'] for s in scores)} to {max(s['z'] for s in scores)}")


main(Path(sys.argv[1]), Path(sys.argv[2]))
