"""A whole toy world in memory: a two-layer Llama, a byte-level tokenizer, and rows; no download, no dataset text."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

PACKAGE = Path(__file__).resolve().parents[1]
TEMPLATE = Path(__file__).resolve().parents[2] / "models" / "chatml.jinja"
WORDS = "real fake hello there how are you today my boss cat dog tea rain sad fine maybe because again never work"


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def base(tmp_path_factory) -> Path:
    """A clean base directory of a random 2-layer Llama with grouped keys (so that q and k differ in heads)."""
    folder = tmp_path_factory.mktemp("base")
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    raw.train_from_iterator([f"x {WORDS} {WORDS} system user assistant"] * 20, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<|im_end|>", unk_token="<|endoftext|>"
    )
    tokenizer.save_pretrained(str(folder))
    torch.manual_seed(3)
    LlamaForCausalLM(LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, tie_word_embeddings=True, pad_token_id=2, bos_token_id=1, eos_token_id=2,
    )).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="session")
def tokenizer(base):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(base))


def say(draw: random.Random, words: list[str], count: int) -> str:
    return " ".join(draw.choice(words) for _ in range(count))


def sft_rows(count: int, seed: int) -> list[dict]:
    draw, rows = random.Random(seed), []
    for i in range(count):
        messages = [{"role": "system", "content": "you are fine"}]
        for _ in range(2):
            messages.append({"role": "user", "content": say(draw, ["how", "are", "you"], 4)})
            messages.append({"role": "assistant", "content": say(draw, ["my", "boss", "again"], 5)})
        messages[-1]["end"] = True
        rows.append({"id": f"s{seed}-{i}", "group": f"g{seed}-{i}", "messages": messages})
    return rows


def judge_rows(pairs: int, seed: int, turns: int = 3) -> list[dict]:
    """Separable: real users speak of cats, simulated ones of tea, both at the same length."""
    draw, rows = random.Random(seed), []
    for i in range(pairs):
        for label, words in ((1, ["cat", "dog", "rain"]), (0, ["tea", "fine", "today"])):
            messages = []
            for _ in range(turns):
                messages += [{"role": "assistant", "content": "..."}, {"role": "user", "content": say(draw, words, 4)}]
            rows.append({"id": f"d{seed}-{i}-{label}", "group": f"g{seed}-{i}", "pair": f"p{i}", "label": label, "messages": messages})
    return rows


def preference_rows(count: int, seed: int) -> list[dict]:
    """Separable: the chosen side speaks of cats, the rejected one of tea."""
    draw, rows = random.Random(seed), []
    for i in range(count):
        prompt = [{"role": "system", "content": "you are sad"}, {"role": "user", "content": say(draw, ["how", "are", "you"], 3)}]
        rows.append({
            "id": f"c{seed}-{i}", "group": f"cg{seed}-{i}", "prompt": prompt, "chosen": say(draw, ["cat", "dog", "rain"], 4), "chosen_end": False,
            "rejected": say(draw, ["tea", "fine", "today"], 4), "rejected_end": False, "r_chosen": 0.5, "r_rejected": -0.5,
        })
    return rows


def put(folder: Path, name: str, what) -> Path:
    """FOLDER/name: JSONL for a list, JSON for a dict."""
    path = folder / name
    lines = [json.dumps(r) for r in what] if isinstance(what, list) else [json.dumps(what)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def spec_in(folder: Path, stage: str, rows: dict | None = None, hyper: dict | None = None, **fields):
    """A checked Spec of `stage`, its rows {split: rows} and itself written into `folder`. fields: at least `base`."""
    from foil_train.spec import load_spec

    spec = {"stage": stage, "template": str(TEMPLATE), "name": "toy", "kind": "simulator", "seed": 5, **fields}
    if rows:
        spec["rows"] = {k: str(put(folder, f"{stage}.{k}.jsonl", v)) for k, v in rows.items()}
    if hyper is not None:
        spec["hyper"] = hyper
    return load_spec(put(folder, f"{stage}.json", spec), stage)


@pytest.fixture
def write(tmp_path):
    return lambda name, what: put(tmp_path, name, what)


@pytest.fixture
def make_spec(tmp_path, base):
    return lambda stage, rows=None, hyper=None, **fields: spec_in(tmp_path, stage, rows, hyper, **{"base": str(base), **fields})


def events_of(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "events.jsonl").read_text(encoding="utf-8").splitlines()]
