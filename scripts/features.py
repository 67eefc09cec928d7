"""Linguistic features of the user turns of sessions (paper 4.3.1), by the definitions and with nothing of Foil.

    python3 scripts/features.py SESSIONS.jsonl

One JSON object: mean, median and sample standard deviation over sessions of entropy, ttr, bigramDiversity, wordsPerTurn.
A session without a word by the user has no ratios and is left out. `scripts/check-features.mjs` puts `foil features` beside it.
"""

import json
import math
import statistics
import sys
import unicodedata
from collections import Counter


def tokens(text):
    """Lower-cased runs of letters, marks and digits; an apostrophe inside a word joins what letters follow it."""
    words, word, tail = [], "", False
    text = text.lower()
    for at, char in enumerate(text):
        kind = unicodedata.category(char)[0]
        if kind in "LM" or (kind == "N" and not tail):
            word += char
        elif char in "'\u2019" and word and at + 1 < len(text) and unicodedata.category(text[at + 1])[0] in "LM":
            word, tail = word + char, True
        else:
            if word:
                words.append(word)
            word, tail = (char if kind == "N" else ""), False
    return [*words, word] if word else words


def features(session):
    turns = [tokens(turn["content"]) for turn in session["turns"] if turn["role"] == "user"]
    words = [word for turn in turns for word in turn]
    if not words:
        return None
    shares = [count / len(words) for count in Counter(words).values()]
    pairs = [pair for turn in turns for pair in zip(turn, turn[1:])]
    return {
        "entropy": -math.fsum(p * math.log2(p) for p in shares),
        "ttr": len(set(words)) / len(words),
        "bigramDiversity": len(set(pairs)) / len(pairs) if pairs else 1.0,
        "wordsPerTurn": len(words) / len(turns),
    }


def main(path):
    with open(path, encoding="utf-8") as file:
        found = [each for line in file if line.strip() and (each := features(json.loads(line)))]
    out = {"sessions": len(found)}
    for name in ["entropy", "ttr", "bigramDiversity", "wordsPerTurn"]:
        values = [each[name] for each in found]
        sd = statistics.stdev(values) if len(values) > 1 else 0.0
        out[name] = {"mean": statistics.fmean(values), "median": statistics.median(values), "sd": sd}
    print(json.dumps(out))


if __name__ == "__main__":
    main(sys.argv[1])
