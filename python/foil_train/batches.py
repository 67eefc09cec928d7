"""Batches of pairs with little padding: pairs of about one length together, and a batch computed in pieces of one length."""

from __future__ import annotations

import random

import torch
from torch.utils.data import Sampler

from .rows import Row

# batches from which one is sorted by length: enough to fill them evenly, few enough that an epoch stays mixed
POOL = 16
# share of padding in one piece, over which it is computed apart
WASTE = 0.1


class LengthGrouped(Sampler):
    """Indices of one epoch in an order in which each run of `batch` has about one length, drawn with seed and epoch.

    The trainer calls `set_epoch`; the same epoch gives the same order, which is what a resumed run relies on.
    """

    def __init__(self, lengths: list[int], batch: int, seed: int):
        self.lengths, self.batch, self.seed, self.epoch = lengths, batch, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self):
        draw = random.Random(f"{self.seed}-{self.epoch}")
        order = draw.sample(range(len(self.lengths)), len(self.lengths))
        pool = POOL * self.batch
        batches = []
        for start in range(0, len(order), pool):
            near = sorted(order[start : start + pool], key=lambda i: self.lengths[i])
            batches += [near[i : i + self.batch] for i in range(0, len(near), self.batch)]
        # a short batch anywhere but at the end would shift all that follow it
        short = [b for b in batches if len(b) < self.batch]
        full = [b for b in batches if len(b) == self.batch]
        draw.shuffle(full)
        return iter([i for b in full + short for i in b])


def pieces(rows: list[Row], waste: float | None = WASTE) -> list[list[Row]]:
    """The rows of a batch, longest first, in pieces of which at most the share `waste` is padding; None: in one piece."""
    out: list[list[Row]] = []
    for row in sorted(rows, key=lambda r: -r.length):
        if out:
            last = out[-1]
            area = last[0].length * (len(last) + 1)
            if waste is None or 1 - (sum(r.length for r in last) + row.length) / area <= waste:
                last.append(row)
                continue
        out.append([row])
    return out


def collate(pairs: list[tuple[Row, Row]], waste: float | None = WASTE) -> dict:
    """Both rows of each pair in one batch, so that every batch is balanced: {"pieces": [{input_ids, points (rows, tokens),
    real (points,) in the order in which points are read}]}, right-padded."""
    made = []
    for rows in pieces([row for pair in pairs for row in pair], waste):
        ids = torch.zeros(len(rows), rows[0].length, dtype=torch.long)
        points = torch.zeros(len(rows), rows[0].length, dtype=torch.bool)
        for i, row in enumerate(rows):
            ids[i, : row.length] = torch.tensor(row.input_ids)
            points[i, row.marks] = True
        real = torch.cat([torch.full((len(r.marks),), float(r.label)) for r in rows])
        made.append({"input_ids": ids, "points": points, "real": real})
    return {"pieces": made}


def padding(batches: list[list[tuple[Row, Row]]], waste: float | None = WASTE) -> float:
    """Share of padding in what is computed for these batches."""
    real = computed = 0
    for pairs in batches:
        for rows in pieces([row for pair in pairs for row in pair], waste):
            real += sum(r.length for r in rows)
            computed += rows[0].length * len(rows)
    return 1 - real / computed
