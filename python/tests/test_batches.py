import random

import torch
from conftest import TEMPLATE, judge_rows

from foil_train.batches import LengthGrouped, collate, padding, pieces
from foil_train.plan import pair_up
from foil_train.rows import Row, encode_discriminator


def pairs_of(count, seed=1):
    """Lengths as sessions have them: spread over a factor of ten, simulated ones shorter."""
    draw = random.Random(seed)
    out = []
    for i in range(count):
        real = min(2000, int(draw.lognormvariate(6.2, 0.6)) + 60)
        simulated = max(60, int(real * draw.uniform(0.55, 1.1)))
        out.append(tuple(Row(f"{i}{x}", f"g{i}", [1] * n, [], [n - 1], 1 - x, f"p{i}") for x, n in enumerate((real, simulated))))
    return out


def in_batches(order, pairs, batch):
    return [[pairs[i] for i in order[k : k + batch]] for k in range(0, len(order), batch)]


def test_padding_is_small_from_four_pairs_a_batch_on():
    for batch in (4, 8):
        pairs = pairs_of(200)
        lengths = [a.length + b.length for a, b in pairs]
        grouped = in_batches(list(LengthGrouped(lengths, batch, 1)), pairs, batch)
        assert padding(grouped) <= 0.10
        drawn = in_batches(random.Random(1).sample(range(200), 200), pairs, batch)
        assert padding(drawn, None) > 0.3, "what it would be without either"
        assert len([p for b in grouped for p in pieces([r for pair in b for r in pair])]) <= 3 * len(grouped), "of eight rows and more"


def test_an_epoch_has_every_pair_once_in_an_order_of_its_own():
    lengths = [a.length + b.length for a, b in pairs_of(50)]
    sampler = LengthGrouped(lengths, 4, 7)
    first = list(sampler)
    assert sorted(first) == list(range(50)) and list(sampler) == first
    sampler.set_epoch(1)
    assert sorted(sampler) == list(range(50)) and list(sampler) != first


def test_pieces_hold_the_same_points_and_labels_as_one(tokenizer):
    template = TEMPLATE.read_text()
    raw = judge_rows(3, 1)
    raw[0]["messages"][1]["content"] = "cat " * 60
    pairs = pair_up([encode_discriminator(tokenizer, template, r, 2) for r in raw])
    split, whole = collate(pairs)["pieces"], collate(pairs, None)["pieces"]
    assert len(whole) == 1 and len(split) > 1
    assert sum(int(p["points"].sum()) for p in split) == int(whole[0]["points"].sum()) == 18
    assert sum(float(p["real"].sum()) for p in split) == float(whole[0]["real"].sum()) == 9.0
    assert all(torch.equal(p["input_ids"][p["points"]], torch.full((int(p["points"].sum()),), 2)) for p in split)
