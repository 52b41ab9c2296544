"""What can go wrong, by who can mend it.

::

    F2SError
    ├── ConfigError      the user's words: an option, a key, a value          exit 2
    ├── JobError         the machine: disk, rights, a missing or wrong weight  exit 3
    └── MediaError       this one item: a row in the ledger, the run goes on   exit 1 at the end

Anything else is a bug and stops the run loudly.
"""

__all__ = ["ConfigError", "F2SError", "JobError", "MediaError"]


class F2SError(Exception):
    """Base of all errors that a user can mend; shown as one line, without a stack trace."""


class ConfigError(F2SError):
    """A wrong option, key or value, or INPUT and OUTPUT that do not fit together."""


class JobError(F2SError):
    """The job could not run: no space, no right to write, a weight that is missing or has the wrong digest."""


class MediaError(F2SError):
    """This item cannot be read, restored or written back; the others can.

    Args:
        kind: one word for statistics, e.g. ``broken``, ``truncated``, ``empty``, ``too_large``, ``unsupported``.
        message: one line: the thing, the value, the way out.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message

    def __reduce__(self) -> tuple[type["MediaError"], tuple[str, str]]:
        """Two arguments survive the way between processes."""
        return MediaError, (self.kind, self.message)
