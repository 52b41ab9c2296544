"""What Ray reads from the environment when it is imported: no reports home, no bars, no chatter, nobody in without a token."""

import os
import secrets

__all__ = ["NO_TOKEN", "one_line", "set_token"]

for _name, _value in {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_TQDM": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_OBJECT_STORE_ALLOW_SLOW_STORAGE": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AUTH_MODE": "token",
}.items():
    os.environ.setdefault(_name, _value)

NO_TOKEN = "the cluster's token is needed: set RAY_AUTH_TOKEN, or RAY_AUTH_TOKEN_PATH to the file that holds it"


def one_line(error: Exception) -> str:
    """The first line of what Ray says; of a token in our own words, for it says too much or too little."""
    text = str(error)
    if "no authentication token was found" in text:
        return NO_TOKEN
    if type(error).__name__ == "AuthenticationError":
        if "couldn't find" in text or "Missing" in text:
            return NO_TOKEN
        if "nvalid" in text:
            return f"the token is not that of this cluster; {NO_TOKEN}"
    return (text.splitlines() or [type(error).__name__])[0]


def set_token() -> None:
    """A token of this process alone for the cluster that it starts, so that none is left on the disk."""
    if not {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys():
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
