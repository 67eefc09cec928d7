"""`python -m foil_train STAGE --spec spec.json --out DIR`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .errors import FoilError
from .spec import STAGES, load_spec


def main(argv: list[str] | None = None) -> int:
    """Run one stage; exit codes: 0 done, 1 failed (the reason on standard error), 2 wrong use."""
    parser = argparse.ArgumentParser(prog="foil_train", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--spec", required=True, help="the stage's description, JSON")
    parser.add_argument("--out", required=True, help="folder for what the stage writes")
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in OUT")
    args = parser.parse_args(argv)
    try:
        spec = load_spec(args.spec, args.stage)
        out = Path(args.out)
        # imported late: a spec with a mistake should fail before torch has loaded
        if args.stage == "sft":
            from .sft import run_sft

            run_sft(spec, out, args.resume)
        elif args.stage == "discriminator":
            from .discriminator import run_discriminator

            run_discriminator(spec, out, args.resume)
        elif args.stage == "export":
            from .export import run_export

            run_export(spec, out)
        elif args.stage == "score":
            from .reference import run_score

            run_score(spec, out)
        else:
            from .base import convert_base

            if spec.base.is_dir():
                raise FoilError(f"{spec.path}: base: {spec.base} is a folder; stage base reads a GGUF. Give the GGUF file.")
            print(convert_base(spec.base, out))
    except FoilError as e:
        print(f"foil_train: {e}", file=sys.stderr)
        return 1
    except OSError as e:
        print(f"foil_train: {e.filename or ''}: {e.strerror or e}. Check the path and the free space.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
