"""The sentence encoder: its pooling by hand, what its neighbours in a batch change (nothing), and its protocol."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from foil_train.encode import Encoder, main, mean_pooled
from foil_train.errors import FoilError
from transformers import BertConfig, BertModel, BertTokenizerFast

PACKAGE = Path(__file__).resolve().parents[1]
WORDS = "tea rain sad fine maybe because again never work dog cat boss"
LIMIT = 12


def write_settings(folder: Path, mean: bool) -> None:
    (folder / "1_Pooling").mkdir(exist_ok=True)
    modes = {"pooling_mode_cls_token": not mean, "pooling_mode_mean_tokens": mean}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 32, **modes}))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": LIMIT}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A random two-layer BERT of 32 dimensions, in sentence-transformers' form."""
    out = tmp_path_factory.mktemp("encoder")
    (out / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS.split()]))
    tokenizer = BertTokenizerFast(str(out / "vocab.txt"))
    tokenizer.save_pretrained(str(out))
    torch.manual_seed(5)
    BertModel(BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=64, initializer_range=0.5,
    )).save_pretrained(str(out))
    write_settings(out, mean=True)
    return out


@pytest.fixture(scope="module")
def encoder(folder) -> Encoder:
    return Encoder(folder)


def test_pooling_is_the_mean_of_own_tokens_at_length_1():
    hidden = torch.tensor([[[1.0, 2.0], [3.0, -2.0], [100.0, 100.0]], [[0.0, 5.0], [7.0, 7.0], [7.0, 7.0]]])
    mask = torch.tensor([[1, 1, 0], [1, 0, 0]])
    assert mean_pooled(hidden, mask).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_a_vector_is_what_the_model_says_of_the_text_alone_by_hand(encoder):
    text = "sad rain again"
    ids = encoder.tokenizer(text)["input_ids"]
    assert len(ids) == 5
    with torch.no_grad():
        tokens = encoder.model(torch.tensor([ids])).last_hidden_state[0].numpy().astype(np.float64)
    mean = tokens.sum(axis=0) / len(ids)
    (_, vectors), = encoder.encode([text])
    assert np.abs(vectors[0].numpy() - mean / np.linalg.norm(mean)).max() < 1e-5


def test_neighbours_in_a_batch_change_nothing(encoder):
    texts = ["dog", "tea rain sad fine maybe because again", "cat boss", "never work dog cat boss tea rain sad fine"]
    alone = [encoder.batch([text])[0] for text in texts]
    # the vectors of different texts are far apart, so that equal ones mean something
    assert (alone[0] - alone[1]).abs().max() > 0.05
    for size in (2, 3, 4):
        for at, vectors in encoder.encode(texts, size):
            for place, vector in zip(at, vectors, strict=True):
                assert (vector - alone[place]).abs().max() < 1e-5


def test_every_text_has_its_place_the_longest_first_and_what_is_beyond_the_limit_is_not_read(encoder):
    texts = ["dog", "tea rain sad", "dog", f"{'cat ' * (LIMIT - 2)}", f"{'cat ' * (LIMIT - 2)}dog boss"]
    batches = list(encoder.encode(texts, 2))
    assert [at for at, _ in batches] == [[4, 3], [1, 0], [2]]
    found = {place: vector for at, vectors in batches for place, vector in zip(at, vectors, strict=True)}
    assert torch.allclose(found[0], found[2], atol=1e-6)
    assert torch.allclose(found[3], found[4], atol=1e-6)


def test_another_pooling_is_refused(folder):
    write_settings(folder, mean=False)
    try:
        with pytest.raises(FoilError, match="pools by .*cls"):
            Encoder(folder)
    finally:
        write_settings(folder, mean=True)


def test_a_process_answers_in_json_lines(folder, encoder):
    texts = ["tea again", "", "work \u2028 boss"]
    given = "".join(f"{json.dumps(text)}\n" for text in texts)
    command = [sys.executable, "-m", "foil_train.encode", "--model", str(folder)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, cwd=PACKAGE, check=True)
    (event,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (event["event"], sorted(event["at"])) == ("vectors", [0, 1, 2])
    for place, packed in zip(event["at"], event["vectors"], strict=True):
        vector = np.frombuffer(base64.b64decode(packed), dtype="<f4")
        assert np.abs(vector - encoder.batch([texts[place]])[0].numpy()).max() < 1e-5


def test_what_is_wrong_is_said_as_an_event(tmp_path, capsys):
    assert main(["--model", str(tmp_path)]) == 1
    event = json.loads(capsys.readouterr().out)
    assert event["event"] == "failed"
    assert "1_Pooling" in event["message"]
    assert event["remedy"].startswith("Delete the folder")
