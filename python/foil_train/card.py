"""The card of an adapter: `card.json` for programs, and the README that says the same to people."""

from __future__ import annotations

import time
from pathlib import Path

from .base import sha256
from .errors import FoilError
from .rows import FAKE, REAL
from .spec import Spec

# what spec.card may set; all else in a card follows from the run, so that a card cannot disagree with its adapter
GIVEN = ("data", "licence", "system", "sampling", "search", "notes", "rebuild", "context")


def make_card(spec: Spec, run: dict, config: dict, folder: Path) -> dict:
    """The card of the adapter in `folder`, from the run that trained it and the fields that `spec.card` gives.

    Raises FoilError for a card field that is unknown, or one that follows from the run.
    """
    for key in spec.card:
        if key not in GIVEN:
            raise FoilError(f"{spec.path}: card.{key}: not a field that can be given. Known: {', '.join(GIVEN)}.")
    given = spec.card
    data = given.get("data")
    if data is not None:
        if "splits" in data:
            raise FoilError(f"{spec.path}: card.data.splits: not a field that can be given: it follows from the run. Remove it.")
        splits = {k: {"sessions": v["of"], "used": v["sessions"], "sha256": v["sha256"]} for k, v in run["rows"].items()}
        data = {**data, "splits": splits}
    recipe = run["recipe"]
    discriminator = None
    if spec.kind == "discriminator":
        ids = run["validation"]["label_token_ids"]
        discriminator = {
            "input": recipe["input"], "context": run["validation"]["context"], "head": recipe["head"],
            "labels": {"real": REAL, "simulated": FAKE}, "label_token_ids": ids, "logit_p0": 0,
        }
    return {
        "schema": 1,
        "name": spec.name,
        "kind": spec.kind,
        "stage": run["stage"],
        "base": run["base"],
        "adapter": {
            "rank": config["r"], "alpha": config["lora_alpha"], "targets": sorted(config["target_modules"]),
            "gguf_sha256": sha256(folder / "adapter.gguf"),
            "safetensors_sha256": sha256(folder / "adapter_model.safetensors"),
        },
        "template": {"file": "template.jinja", "sha256": run["template_sha256"]},
        "stop": run["stop"],
        "from": run.get("from"),
        "system": given.get("system"),
        "sampling": given.get("sampling"),
        "discriminator": discriminator,
        "data": data,
        "recipe": recipe,
        "rows": run["rows"],
        "seed": run["seed"],
        "validation": run["validation"],
        "search": given.get("search", []),
        "notes": given.get("notes", []),
        "versions": run["versions"],
        "licence": given.get("licence"),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "rebuild": given.get("rebuild"),
    }


def _interval(cell: dict | None) -> str:
    if not cell or cell.get("accuracy") is None:
        return "-"
    low, high = cell["accuracy_95"]
    return f"{cell['accuracy']:.2f} [{low:.2f}, {high:.2f}]"


def _accuracy_table(validation: dict) -> list[str]:
    judges = {"**this discriminator**": validation["per_turn"], **{k: v["per_turn"] for k, v in validation["beside"].items()}}
    turns = list(validation["per_turn"])
    lines = ["| accuracy [95% interval] | " + " | ".join(f"t = {t}" if t.isdigit() else t for t in turns) + " |"]
    lines.append("| --- |" + " --- |" * len(turns))
    for name, table in judges.items():
        lines.append(f"| {name} | " + " | ".join(_interval(table.get(t)) for t in turns) + " |")
    pairs = " | ".join(str(validation["per_turn"][t].get("pairs", "-")) for t in turns)
    return [*lines, f"| pairs that have the turn | {pairs} |"]


def _judged_on(validation: dict) -> str:
    on = validation.get("reported_on", "valid")
    chosen = (
        "The step was chosen on the validation rows, and nothing on these." if on == "test"
        else "The step was chosen on the same sessions, which makes the figures a little too good."
    )
    name = {"test": "test", "valid": "validation"}[on]
    return (
        f"{validation['sessions']} {name} sessions in pairs of one real and one simulated with the same context, cut to equally many user "
        f"turns; intervals by bootstrap over pairs. {chosen}"
    )


def _number_table(rows: list[tuple[str, object]]) -> list[str]:
    return ["| what | value |", "| --- | --- |", *(f"| {k} | {v} |" for k, v in rows if v is not None)]


def _both(validation: dict, key: str) -> str:
    return f"{validation['first_step'].get(key)}, {validation['last_step'].get(key)}"


def _tried(entry: dict) -> str:
    figures = ", ".join(f"{k.replace('_', ' ')} {x}" for k, x in entry.items() if k not in ("tried", "chosen"))
    return f"{entry['tried']}: {figures}{' (chosen)' if entry.get('chosen') else ''}"


def render_readme(card: dict) -> str:
    """The human card, generated from card.json: never edited by hand."""
    v, base, lines = card["validation"], card["base"], []
    what = {
        "simulator": "simulates the *user* of a chat",
        "chatbot": "plays the chatbot that a simulated user talks to",
        "discriminator": "estimates, at the end of each user turn, if the user of a chat is real or simulated",
    }[card["kind"]]
    lines += [f"# {card['name']}", "", f"A LoRA adapter of {base['name']} that {what}. Generated from `card.json`.", ""]
    lines += ["## Use", ""]
    lines += [f"- Licence: {card['licence'] or 'not stated'}."]
    if data := card["data"]:
        lines += [f"- Data: {data.get('name')}, {data.get('licence')}. {data.get('attribution', '')}"]
    lines += [
        "- Research use. Text that a simulator writes is simulated and must be labelled so. Simulators complement people in "
        "testing a chatbot and never replace them; nothing here is clinical.",
        f"- Render with `template.jinja` (sha256 `{card['template']['sha256'][:16]}...`); a turn ends at `{card['stop']['turn']}`, "
        f"a session at `{card['stop']['session']}`.",
    ]
    if came := card["from"]:
        lines += [f"- Trained on from {came['name'] or 'an adapter'} (sha256 `{came['sha256'][:16]}...`), which was also the frozen reference (DPO, Eq. 5)."]
    if card["sampling"]:
        lines += ["- Sampling: " + ", ".join(f"{k} {x}" for k, x in card["sampling"].items()) + "."]
    if d := card["discriminator"]:
        lines += [
            f"- Input: {d['input']}{', with the context' if d['context'] else ''}; head: {d['head']}. z_t = logit(`{d['labels']['real']}`) - "
            f"logit(`{d['labels']['simulated']}`) after each user turn's `{card['stop']['turn']}`; p_0 has logit {d['logit_p0']}. Serve it on "
            "F16 weights of the base: quantised, z_t is off by up to a whole reward.",
        ]
    lines += ["", "## Validation", ""]
    if card["kind"] == "discriminator":
        lines += _accuracy_table(v)
        lines += ["", f"\"all turns\" pools every user turn, \"last turn\" is the whole session. {_judged_on(v)} AUC, F1, MCC and shares of "
                  "turns stand in `card.json`."]
        lines += ["", v["verdict"]] if v.get("verdict") else []
    elif "pairs" in v:
        lines += _number_table([
            ("loss before (ln 2)", v["loss_before"]), ("loss after", v["loss_after"]), ("pairs ranked rightly after", v["accuracy"]),
            ("reward margin after", v["margins"]), ("training pairs", v["pairs"]), ("validation pairs", v["valid_pairs"]),
            ("log-probability of the chosen side, first and last step", _both(v, "logps/chosen")),
            ("of the rejected side", _both(v, "logps/rejected")), ("optimiser steps", v["steps"]),
        ])
    else:
        lines += _number_table([
            ("loss a token before (nats)", v["loss_before"]), ("loss a token after", v["loss_after"]),
            ("validation sessions", v["sessions"]), ("validation tokens", v["tokens"]), ("optimiser steps", v["steps"]),
        ])
    if card["notes"]:
        lines += ["", "## Notes", "", *(f"- {n}" for n in card["notes"])]
    lines += ["", "## Recipe", "", *_number_table([(k, x) for k, x in card["recipe"].items()] + [("seed", card["seed"])])]
    for split, used in card["rows"].items():
        lines += ["", f"Rows, {split}: {used['sessions']} of {used['of']} {'pairs' if card['stage'] == 'dpo' else 'sessions'}."]
    if card["search"]:
        lines += ["", "## What else was tried", "", *(f"- {_tried(s)}" for s in card["search"])]
    if card["rebuild"]:
        lines += ["", "## Rebuild", "", "```", card["rebuild"], "```"]
    return "\n".join(lines) + "\n"
