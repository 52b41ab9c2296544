"""Two jobs on one OUTPUT, at once or one while the other sleeps: one of them makes it, the other says why it does not."""

import signal
import time
from dataclasses import replace

import pytest

from tests.faults.judged import again, seen
from tests.faulty_wire import faulty_wire

LONG = [pytest.mark.long]


@pytest.fixture(params=["folder", pytest.param("bucket", marks=LONG)])
def output(request, calm, command):
    """INPUT in a folder, OUTPUT in a folder or in a bucket."""
    if request.param == "folder":
        return calm, command
    request.getfixturevalue("variables")
    files = request.getfixturevalue("s3").filesystem()
    name = f"s3://films/{request.getfixturevalue('tmp_path').name}/out"
    return replace(calm, files=files), replace(command, output=name, variables={"F2S_LEASE_SECONDS": "3"})


def refused(ended) -> str:
    """What the one says that may not write."""
    code, out, err = ended
    assert (code, "done, " in out, err.count("\n")) == (3, False, 1), ended
    assert err.startswith("f2s: another run ")
    return err.strip()


@pytest.mark.fault("F16", "one does it, the other says that another run is writing")
@pytest.mark.parametrize("attempt", [1, *(pytest.param(number, marks=LONG) for number in range(2, 6))])
def test_of_two_that_begin_at_once_one_does_the_work(attempt, output, tell):
    calm, one = output
    jobs = [one.start(), one.start()]
    first, second = sorted((job.ended() for job in jobs), key=lambda ended: ended[0])
    line = refused(second)
    wrong, _ = calm.judged(one, first)
    assert wrong == [], "\n".join(wrong)
    assert again(seen(one.output, calm.files)) == 0
    tell(calm.resumed(one), line.replace(one.output, "OUTPUT"))


@pytest.mark.long
@pytest.mark.fault("F16", "who sleeps in a folder keeps its right, and wakes to finish")
def test_a_job_that_sleeps_in_a_folder_is_not_overtaken(calm, command, tell):
    job = command.start()
    assert job.until(calm.items // 2)
    job.signal(signal.SIGSTOP)
    line = refused(command.to_its_end())
    job.signal(signal.SIGCONT)
    wrong, _ = calm.judged(command, job.ended())
    assert wrong == [], "\n".join(wrong)
    tell(calm.resumed(command), line.replace(command.output, "OUTPUT"))


@pytest.mark.fault("F16", "who sleeps in a bucket is overtaken, and wakes to publish nothing")
@pytest.mark.parametrize("commit", [3, *(pytest.param(number, marks=LONG) for number in (1, 6))])
def test_a_job_that_sleeps_in_its_commit_in_a_bucket_publishes_nothing_more(commit, calm, command, s3, variables, tell):
    one = replace(command, output=f"s3://films/sleeper-{commit}/out", variables={"F2S_LEASE_SECONDS": "3"})
    calm = replace(calm, files=s3.filesystem())
    with faulty_wire(s3.endpoint) as wire:
        job = replace(one, variables={**one.variables, "AWS_ENDPOINT_URL": wire.endpoint}).start()
        while commits(wire) < commit:
            assert job.is_at_work()
            time.sleep(0.002)
        job.signal(signal.SIGSTOP)
        ended = one.to_its_end()
        job.signal(signal.SIGCONT)
        woken = job.ended()
    if woken[0] == ended[0]:
        assert woken[1].splitlines()[-1] == ended[1].splitlines()[-1]
        was = "found all done by the other, and said so"
    else:
        was = refused(woken).replace(one.output, "OUTPUT")
        assert "took over" in was
    wrong, _ = calm.judged(one, ended)
    assert wrong == [], "\n".join(wrong)
    tell(calm.resumed(one), was)


def commits(wire) -> int:
    return sum(method == "PUT" and "catalog/attempts/" in path for method, path in list(wire.requests))
