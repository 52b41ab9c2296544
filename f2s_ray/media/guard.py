"""The boundary to third-party decoders: whatever they raise on foreign bytes leaves as a MediaError."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from f2s_ray.errors import MediaError
from f2s_ray.media.memory import bounded
from f2s_ray.media.muted import muted

__all__ = ["guarded"]

TRUNCATED = (
    "truncat",
    "premature",
    "too small",
    "end of file",
    "eof",
    "not enough data",
    "no more data",
    "end-of-file",
)


@contextmanager
def guarded(name: str, most_bytes: int | None = None) -> Iterator[None]:
    """Name the file in every error, sort what decoders raise into kinds, keep their warnings in.

    Args:
        name: the file's name, as people know it.
        most_bytes: memory that may be taken, see ``bounded``.

    Raises:
        MediaError: for anything raised inside: ``truncated``, ``too_large``, ``broken``, or the kind it came with.
    """
    with muted():
        try:
            with nullcontext() if most_bytes is None else bounded(most_bytes):
                yield
        except MediaError as error:
            raise MediaError(
                error.kind, error.message if name in error.message else f"{name}: {error.message}"
            ) from error
        except MemoryError as error:
            raise _too_large(name) from error
        except Exception as error:
            text = " ".join(str(error).split())[:160]
            if "memory" in text.lower():  # decoders in C say so in words of their own
                raise _too_large(name) from error
            kind = "truncated" if any(word in text.lower() for word in TRUNCATED) else "broken"
            raise MediaError(kind, f"{name}: {text or 'the decoder gives no reason'}; find a whole copy") from error


def _too_large(name: str) -> MediaError:
    return MediaError("too_large", f"{name}: asks for more memory than a picture of its size needs, or than there is")
