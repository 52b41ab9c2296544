import mmap
import resource
import subprocess
import sys
import threading

import pytest

from f2s_ray.media.memory import bounded

pytestmark = pytest.mark.skipif(not hasattr(resource, "RLIMIT_DATA"), reason="only Linux can")
MIB = 1 << 20


def take(byte_count: int) -> None:
    mmap.mmap(-1, byte_count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()


def test_beyond_the_bound_there_is_no_memory_and_after_it_there_is():
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with bounded(200 * MIB):
        take(100 * MIB)
        with pytest.raises(OSError, match="Cannot allocate memory"):
            take(400 * MIB)
        with pytest.raises(MemoryError):
            bytearray(400 * MIB)
    take(400 * MIB)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_of_blocks_at_the_same_time_the_largest_counts_until_all_are_left():
    before = resource.getrlimit(resource.RLIMIT_DATA)
    inside, leave = threading.Event(), threading.Event()

    def large() -> None:
        with bounded(2000 * MIB):
            inside.set()
            leave.wait()

    with bounded(100 * MIB):
        other = threading.Thread(target=large)
        other.start()
        inside.wait()
        take(1000 * MIB)
        with bounded(10 * MIB):
            take(1000 * MIB)
    assert resource.getrlimit(resource.RLIMIT_DATA) != before
    leave.set()
    other.join()
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


CHILD = "from f2s_ray.media.memory import peak_bytes; print(peak_bytes())"
PARENT = f"""
import subprocess, sys
large = b"x" * {500 * MIB}
{CHILD}
sys.stdout.flush()
subprocess.run([sys.executable, "-c", {CHILD!r}], check=True)
"""


def test_what_a_process_took_counts_and_not_what_its_parent_did():
    told = subprocess.run([sys.executable, "-c", PARENT], check=True, capture_output=True, text=True).stdout
    parent, child = map(int, told.split())
    assert parent > 500 * MIB > 5 * child
