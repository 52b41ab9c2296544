"""The client of this process for buckets, and what servers say as the system says the like of a disk."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

from f2s_catalog.errors import CatalogError
from f2s_catalog.place import S3Prefix, endpoint

__all__ = ["ATTEMPTS", "PART_BYTES", "client", "said", "transfers"]

PART_BYTES = 16 * 2**20
ATTEMPTS = 5
_KINDS: dict[str, tuple[type[OSError], int]] = {
    "404": (FileNotFoundError, errno.ENOENT),
    "NoSuchBucket": (FileNotFoundError, errno.ENOENT),
    "NoSuchKey": (FileNotFoundError, errno.ENOENT),
    "412": (FileExistsError, errno.EEXIST),
    "PreconditionFailed": (FileExistsError, errno.EEXIST),
    "403": (PermissionError, errno.EACCES),
    "AccessDenied": (PermissionError, errno.EACCES),
    "ExpiredToken": (PermissionError, errno.EACCES),
    "InvalidAccessKeyId": (PermissionError, errno.EACCES),
    "RequestTimeTooSkewed": (PermissionError, errno.EACCES),
    "SignatureDoesNotMatch": (PermissionError, errno.EACCES),
    "409": (OSError, errno.EBUSY),
    "ConditionalRequestConflict": (OSError, errno.EBUSY),
    "OperationAborted": (OSError, errno.EBUSY),
    "KeyTooLongError": (OSError, errno.ENAMETOOLONG),
    "InvalidURI": (OSError, errno.ENAMETOOLONG),
}


@contextmanager
def said(where: S3Prefix) -> Iterator[None]:
    """What a server or the way to it says, as the system says the like of a disk."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {})
        kind, number = _KINDS.get(str(told.get("Code")), (OSError, errno.EIO))
        words = " ".join(f"{told.get('Code')}: {told.get('Message') or error}".split())
        raise kind(number, words, str(where)) from error
    except BotoCoreError as error:
        raise OSError(errno.EIO, " ".join(str(error).split()), str(where)) from error
    except RecursionError as error:  # the client asks where the bucket is, and that answer is such an answer again
        raise OSError(errno.EIO, "the server sends on to another address; give that one", str(where)) from error


@lru_cache(1)
def client() -> Any:  # noqa: ANN401 (boto3 is untyped)
    """The one client of this process, for all its threads."""
    try:
        import boto3
        from botocore.config import Config
        from botocore.session import get_session
    except ModuleNotFoundError as error:
        raise CatalogError(f"{error.name} is not installed: pip install 'f2s-ray[restore]'") from error
    address = endpoint()
    config = Config(
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=32,
        retries={"mode": "standard", "max_attempts": ATTEMPTS},
        ignore_configured_endpoint_urls=True,  # of a profile, which ``place.py`` does not know
        s3={"addressing_style": "path" if address else "auto"},
    )
    ours = get_session()
    ours.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
    return boto3.session.Session(botocore_session=ours).client("s3", endpoint_url=address, config=config)


def _moment(told: str | float) -> datetime:
    """A time as a server tells it: the client's own way takes half the time of a listing."""
    from botocore.utils import parse_timestamp

    try:
        return datetime.fromisoformat(str(told))
    except ValueError:
        return parse_timestamp(told)


@lru_cache(1)
def transfers() -> Any:  # noqa: ANN401
    """How large files go: in parts."""
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES)
