"""The one error type whose message is meant for the person who started a stage."""


class FoilError(Exception):
    """Something the user can mend: the message names the file, line and field, and the remedy. No stack trace is shown."""
