import pytest
from conftest import TEMPLATE
from tokenizers import AddedToken

from foil_train.errors import FoilError
from foil_train.rows import IGNORED, encode_discriminator, encode_sft
from foil_train.template import read_ends, read_template

# a template of another family: other tokens, its own beginning of the text
OTHER = (
    "{{- '<|begin_of_text|>' -}}{%- for m in messages -%}{{- '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' -}}"
    "{%- if m['role'] == 'assistant' -%}{%- generation -%}{{- m['content'] -}}{%- if m['end'] -%}{{- '<|end_of_text|>' -}}{%- endif -%}"
    "{{- '<|eot_id|>' -}}{%- endgeneration -%}{%- else -%}{{- m['content'] + '<|eot_id|>' -}}{%- endif -%}{%- endfor -%}"
)
TOKENS = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|end_of_text|>"]


@pytest.fixture
def llama3(base):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(base))
    tokenizer.add_tokens([AddedToken(t, special=True) for t in TOKENS])
    return tokenizer


def test_the_ends_are_read_from_the_template(tokenizer):
    ends = read_ends(tokenizer, read_template(TEMPLATE), TEMPLATE)
    assert (ends.turn, ends.session) == ("<|im_end|>", "<|endoftext|>")
    assert (ends.turn_id, ends.session_id) == (2, 0)


def test_another_base_needs_another_template_and_no_code(llama3):
    ends = read_ends(llama3, OTHER, TEMPLATE, {"turn": "<|eot_id|>", "session": "<|end_of_text|>"})
    assert (ends.turn, ends.session) == ("<|eot_id|>", "<|end_of_text|>")
    messages = [{"role": "user", "content": "how are you"}, {"role": "assistant", "content": "sad", "end": True}]
    row = encode_sft(llama3, OTHER, {"id": "a", "group": "g", "messages": messages})
    assert llama3.decode([label for label in row.labels if label != IGNORED]) == "sad<|end_of_text|><|eot_id|>"
    judged = encode_discriminator(llama3, OTHER, {"id": "a", "group": "g", "messages": messages[:1]}, ends.turn_id)
    assert [judged.input_ids[m] for m in judged.marks] == [ends.turn_id]


def test_an_end_that_is_several_tokens_is_refused(tokenizer):
    with pytest.raises(FoilError, match="one token of this base"):
        read_ends(tokenizer, OTHER, TEMPLATE)


def test_the_spec_and_the_template_must_agree(tokenizer):
    with pytest.raises(FoilError, match=r"ends a turn with <\|im_end\|>, but the spec says <\|eot_id\|>"):
        read_ends(tokenizer, read_template(TEMPLATE), TEMPLATE, {"turn": "<|eot_id|>"})
