"""SVT-AV1 run as root makes its threads, and the one that opens it, real-time ones: all else on the machine waits for them."""

import os
from contextlib import suppress
from pathlib import Path

from av.video.codeccontext import VideoCodecContext

__all__ = ["open_encoder"]

_THREADS = Path("/proc/self/task")


def open_encoder(context: VideoCodecContext) -> None:
    """Open it as the first frame would, and let its threads be no more urgent than others; only Linux is known to need that."""
    try:
        context.open(strict=False)
    finally:
        for thread in _THREADS.iterdir() if _THREADS.exists() else ():
            with suppress(ProcessLookupError):  # it has ended
                if os.sched_getscheduler(int(thread.name)) == os.SCHED_FIFO:
                    os.sched_setscheduler(int(thread.name), os.SCHED_OTHER, os.sched_param(0))
