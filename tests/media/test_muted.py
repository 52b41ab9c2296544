import warnings
from threading import Event, Thread

from f2s_ray.media.muted import muted


def test_blocks_of_threads_that_overlap_keep_warnings_in_to_the_last_and_no_longer(recwarn):
    inside, leave = Event(), Event()

    def first():
        with muted():
            inside.set()
            assert leave.wait(20)

    thread = Thread(target=first)
    thread.start()
    assert inside.wait(20)
    with muted():
        leave.set()
        thread.join(20)
        warnings.warn("still kept in", stacklevel=1)
    warnings.warn("shown", stacklevel=1)
    assert [str(one.message) for one in recwarn] == ["shown"]
