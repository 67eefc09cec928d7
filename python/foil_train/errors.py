"""Errors that are meant for the person who started a stage, and how any other one is told to them."""

from __future__ import annotations

import errno

MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed", "cannot allocate memory")
DISK = ("no space left on device", "os error 28", "disk quota exceeded", "pytorchstreamwriter failed writing")


class FoilError(Exception):
    """Something the user can mend: the message names the file, line and field, and ends in the remedy. No stack trace is
    shown. kind: `bad-input`, or `out-of-memory`, `disk-full`, `error` where something else is to be mended."""

    def __init__(self, message: str, kind: str = "bad-input"):
        super().__init__(message)
        self.kind = kind


def _chain(error: BaseException):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def explain(error: BaseException) -> dict[str, str]:
    """{kind, message, remedy} of what ended a stage, as the event `failed` has it."""
    if isinstance(error, FoilError):
        # by convention the last sentence is what to do
        message, _, remedy = str(error).rpartition(". ")
        return {"kind": error.kind, "message": f"{message}." if message else remedy, "remedy": remedy}
    for e in _chain(error):
        text = str(e).lower()
        if isinstance(e, MemoryError) or type(e).__name__ == "OutOfMemoryError" or any(word in text for word in MEMORY):
            return {
                "kind": "out-of-memory", "message": "The device ran out of memory.",
                "remedy": "Lower batch or max_length, turn checkpointing on, or take more or larger devices; then resume.",
            }
        if isinstance(e, OSError) and e.errno in (errno.ENOSPC, errno.EDQUOT) or any(word in text for word in DISK):
            return {
                "kind": "disk-full", "message": f"The disk is full{f' ({e.filename})' if getattr(e, 'filename', None) else ''}.",
                "remedy": "Free some space; then resume: the run goes on from its last whole checkpoint.",
            }
    if isinstance(error, OSError):
        return {"kind": "bad-input", "message": f"{error.filename or ''}: {error.strerror or error}.", "remedy": "Check the path."}
    last = (str(error).strip().splitlines() or [""])[0]
    return {"kind": "error", "message": f"{type(error).__name__}: {last}", "remedy": "The log has the whole trace."}
