import json

import gguf
import numpy as np
import pytest
import torch
from conftest import TEMPLATE, sft_rows
from safetensors.torch import load_file

from foil_train.errors import FoilError
from foil_train.export import run_export
from foil_train.gguf_adapter import NAMES, permute, write_adapter
from foil_train.sft import run_sft

CARD = {"data": {"name": "toy", "licence": "none", "attribution": "ours"}, "licence": "none", "system": "be kind"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.fixture
def model(make_spec, run, tmp_path):
    if not (run / "run.json").exists():
        run_sft(make_spec("sft", {"train": sft_rows(4, 1), "valid": sft_rows(2, 2)}, {"lr": 1e-2, "dtype": "float32", "rank": 4}, kind="chatbot"), run)
    run_export(make_spec("export", kind="chatbot", adapter=str(run), card=CARD), tmp_path / "model")
    return tmp_path / "model"


def test_the_gguf_holds_peft_s_delta_in_llama_cpps_row_order(model, run, base):
    reader = gguf.GGUFReader(str(model / "adapter.gguf"))
    field = lambda key: reader.fields[key].contents()  # noqa: E731
    assert field("general.type") == "adapter" and field("general.architecture") == "llama"
    assert field("adapter.type") == "lora" and field("adapter.lora.alpha") == 16.0
    tensors = {t.name: np.array(t.data) for t in reader.tensors}
    peft = load_file(str(run / "adapter" / "adapter_model.safetensors"))
    assert len(tensors) == len(peft) == 2 * 7 * 2
    assert all(t.tensor_type == gguf.GGMLQuantizationType.F16 for t in reader.tensors)
    config = json.loads((base / "config.json").read_text())
    for module, target in NAMES.items():
        for layer in (0, 1):
            a, b = (peft[f"base_model.model.model.layers.{layer}.{module}.lora_{x}.weight"].float().numpy() for x in "AB")
            ours = tensors[f"blk.{layer}.{target}.weight.lora_b"].astype(np.float32) @ tensors[f"blk.{layer}.{target}.weight.lora_a"].astype(np.float32)
            delta = b @ a
            heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}.get(target)
            if heads:
                # row 2i of a head in llama.cpp is row i of the first rotary half, row 2i + 1 row i of the second
                half = delta.shape[0] // heads // 2
                order = [h * 2 * half + part * half + i for h in range(heads) for i in range(half) for part in (0, 1)]
                assert not np.allclose(delta[order], delta, atol=1e-3), "a delta that the order does not change proves nothing"
                delta = delta[order]
            np.testing.assert_allclose(ours, delta, atol=2e-3)


def test_permute_keeps_heads_apart():
    rows = np.arange(8, dtype=np.float32)[:, None]
    assert permute(rows, 2)[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_the_shipped_peft_form_loads_and_names_no_path(model, base, run, tmp_path):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    for name in ("adapter_config.json", "card.json", "README.md"):
        text = (model / name).read_text()
        assert str(run) not in text and str(base) not in text and "/tmp" not in text
    assert json.loads((model / "adapter_config.json").read_text())["base_model_name_or_path"] == base.name
    assert all(t.dtype == torch.float16 for t in load_file(str(model / "adapter_model.safetensors")).values())
    ids = torch.tensor([[1, 30, 31, 32, 2]])
    logits = []
    for folder in (model, run / "adapter"):
        peft = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(str(base)), str(folder)).eval()
        with torch.no_grad():
            logits.append(peft(input_ids=ids).logits)
    assert torch.allclose(*logits, atol=5e-3)


def test_the_card_says_what_was_done(model):
    card = json.loads((model / "card.json").read_text())
    assert card["schema"] == 1 and card["kind"] == "chatbot" and card["system"] == "be kind"
    assert card["adapter"]["rank"] == 4 and card["stop"] == {"turn": "<|im_end|>", "session": "<|endoftext|>"}
    assert card["recipe"]["lr"] == 1e-2 and card["validation"]["loss_after"] > 0
    assert (model / "template.jinja").read_bytes() == TEMPLATE.read_bytes()
    assert "never replace them" in (model / "README.md").read_text()


def test_another_template_is_refused(make_spec, run, model, tmp_path):
    other = tmp_path / "other.jinja"
    other.write_text("{% generation %}{% endgeneration %}")
    with pytest.raises(FoilError, match="template: not the one the adapter was trained with"):
        run_export(make_spec("export", adapter=str(run), template=str(other)), tmp_path / "x")


def test_a_card_field_that_follows_from_the_run_cannot_be_given(make_spec, run, model, tmp_path):
    with pytest.raises(FoilError, match="card.validation: not a field that can be given"):
        run_export(make_spec("export", adapter=str(run), card={"validation": {}}), tmp_path / "x")


def test_an_unfinished_run_is_refused(make_spec, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FoilError, match="run.json: no such file"):
        run_export(make_spec("export", adapter=str(tmp_path / "empty")), tmp_path / "x")


def test_a_tensor_without_a_place_is_not_left_out(tmp_path):
    with pytest.raises(FoilError, match="lm_head"):
        write_adapter({"base_model.model.lm_head.lora_A.weight": np.zeros((2, 4))}, {"num_attention_heads": 4, "num_key_value_heads": 2}, 16, tmp_path / "a.gguf", "x")
