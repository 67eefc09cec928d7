"""`python -m foil_train STAGE --spec spec.json --out DIR`."""

from __future__ import annotations

import argparse
import sys
import traceback
from pathlib import Path

from .errors import FoilError, explain
from .events import Events
from .spec import STAGES, TRAINING, Spec, load_spec


def run(args: argparse.Namespace, spec: Spec, out: Path, events: Events) -> None:
    """The stage itself. Its module is imported late: a spec with a mistake should fail before torch has loaded."""
    if args.preflight:
        from .plan import make_plan

        make_plan(spec, events, dry=True)
    elif args.stage == "sft":
        from .sft import run_sft

        run_sft(spec, out, args.resume, events)
    elif args.stage == "discriminator":
        from .discriminator import run_discriminator

        run_discriminator(spec, out, args.resume, events)
    elif args.stage == "dpo":
        from .dpo import run_dpo

        run_dpo(spec, out, args.resume, events)
    elif args.stage == "export":
        from .export import run_export

        run_export(spec, out, events)
    elif args.stage == "score":
        from .reference import run_score

        run_score(spec, out, events)
    else:
        from .base import convert_base

        if spec.base.is_dir():
            raise FoilError(f"{spec.path}: base: {spec.base} is a folder; stage base reads a GGUF. Give the GGUF file.")
        print(convert_base(spec.base, out))


def main(argv: list[str] | None = None) -> int:
    """Run one stage; exit codes: 0 done, 1 failed (the reason on standard error and in the event `failed`), 2 wrong use."""
    parser = argparse.ArgumentParser(prog="foil_train", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--spec", required=True, help="the stage's description, JSON")
    parser.add_argument("--out", required=True, help="folder for what the stage writes")
    parser.add_argument("--events", help="file that events are appended to (default: OUT/events.jsonl)")
    parser.add_argument("--resume", action="store_true", help="go on from the newest whole checkpoint in OUT")
    parser.add_argument("--preflight", action="store_true", help="only read and check the rows, and whether it fits in memory")
    args = parser.parse_args(argv)
    if args.preflight and args.stage not in TRAINING:
        parser.error(f"--preflight is for {', '.join(TRAINING)}")
    out, events = Path(args.out), None
    # what is shipped or used as a base holds no log
    quiet = args.stage in ("export", "base")
    try:
        if not quiet:
            out.mkdir(parents=True, exist_ok=True)
        events = Events(Path(args.events) if args.events else None if quiet else out / "events.jsonl")
        run(args, load_spec(args.spec, args.stage), out, events)
    except Exception as e:
        told = explain(e)
        if events:
            events.last_words(**told)
        if told["kind"] == "error" and not isinstance(e, FoilError):
            traceback.print_exc()
        print(f"foil_train: {e if isinstance(e, FoilError) else told['message'] + ' ' + told['remedy']}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
