"""The boundary to third-party decoders: whatever they raise on foreign bytes leaves as a MediaError."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from f2s_ray.errors import MediaError

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
def guarded(name: str) -> Iterator[None]:
    """Name the file in every error, sort what decoders raise into kinds, keep their warnings in.

    Args:
        name: the file's name, as people know it.

    Raises:
        MediaError: for anything raised inside: ``truncated``, ``too_large``, ``broken``, or the kind it came with.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except MediaError as error:
            raise MediaError(
                error.kind, error.message if name in error.message else f"{name}: {error.message}"
            ) from error
        except MemoryError as error:
            raise MediaError("too_large", f"{name}: not enough memory to decode it; lower max_megapixels") from error
        except Exception as error:
            text = " ".join(str(error).split())[:160]
            kind = "truncated" if any(word in text.lower() for word in TRUNCATED) else "broken"
            raise MediaError(kind, f"{name}: {text or 'the decoder gives no reason'}; find a whole copy") from error
