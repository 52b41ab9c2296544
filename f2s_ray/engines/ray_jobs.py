"""A command to a job on a cluster, begun once and followed to its end, through Ray's Jobs API."""

import f2s_ray.engines.ray_settings  # noqa: F401 (before Ray)

# isort: split
import asyncio
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import aiohttp
import requests
from ray.exceptions import RayError
from ray.job_submission import JobDetails, JobSubmissionClient

from f2s_ray.engines.ray_settings import one_line
from f2s_ray.errors import JobError

__all__ = ["Begun", "Jobs"]

_ADDRESSES = ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS")
_PAUSES_SECONDS = (1, 2, 4, 8, 16)  # until a cluster counts as lost
_OUR_CODES = frozenset({0, 1, 2, 3, 130})
_OF_RAY = re.compile(r"\[[-:, \d]+ I \d+ \d+\] logging\.cc:")  # about its own level, said whatever that is
_NO_COMMAND = 127  # what a shell says


@dataclass(frozen=True)
class Begun:
    """A job on the cluster; ``is_new`` where this call began it."""

    job_id: str
    is_new: bool


class Jobs:
    """The jobs of one cluster.

    Args:
        address: of its dashboard, ``http://HOST:PORT``.

    Raises:
        JobError: nobody answers there, or the token is missing or wrong.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        # Ray lets these win over the address that it is told.
        kept = {name: os.environ.pop(name) for name in _ADDRESSES if name in os.environ}
        try:
            with self._answering():
                self._client = JobSubmissionClient(address)
        finally:
            os.environ.update(kept)
        logging.getLogger("ray.dashboard.modules.job.sdk").setLevel(logging.WARNING)

    def begin(self, name: str, entrypoint: str) -> Begun:
        """Begin a job under ``name``, or find the one of that name that has not ended.

        One that ended keeps its name; the next is ``name-2``, then ``name-3``. No environment travels with a job: Ray writes
        that to its logs.

        Raises:
            JobError: the cluster does not take it.
        """
        with self._answering():
            for number in count(1):
                job_id = name if number == 1 else f"{name}-{number}"
                job = self._find(job_id)
                if job is None:
                    return self._submitted(job_id, entrypoint)
                if not job.status.is_terminal():
                    return Begun(job_id, is_new=False)
        raise AssertionError

    def follow(self, job_id: str, show: Callable[[str], None]) -> int:
        """Show each line that the job has written and writes until it ends; its exit code as ``f2s`` gives it.

        Raises:
            JobError: the cluster is lost for half a minute, or the job ended in no way of ours.
        """
        lines, losses = _Lines(job_id, show), 0
        while True:
            shown = lines.shown
            try:
                asyncio.run(self._tail(job_id, lines))
                job = self._client.get_job_info(job_id)
                if job.status.is_terminal():
                    return self._exit_code(job)
            except (RuntimeError, OSError, aiohttp.ClientError):
                losses = 0 if lines.shown > shown else losses
                if losses == len(_PAUSES_SECONDS):
                    raise JobError(
                        f"{self._address} answers no more; job {job_id} may go on: the same command follows it again"
                    ) from None
            time.sleep(_PAUSES_SECONDS[losses])
            losses += 1

    async def _tail(self, job_id: str, lines: "_Lines") -> None:
        lines.again()
        async for text in self._client.tail_job_logs(job_id):
            lines.add(text)

    def _submitted(self, job_id: str, entrypoint: str) -> Begun:
        try:
            return Begun(self._client.submit_job(entrypoint=entrypoint, submission_id=job_id), is_new=True)
        except RuntimeError:
            if self._find(job_id) is None:
                raise
            return Begun(job_id, is_new=False)  # somebody was faster

    def _find(self, job_id: str) -> JobDetails | None:
        return next((job for job in self._client.list_jobs() if job.submission_id == job_id), None)

    def _exit_code(self, job: JobDetails) -> int:
        code = job.driver_exit_code
        if job.status == "STOPPED":
            return 130
        if code in _OUR_CODES:
            return int(code)
        if code == _NO_COMMAND:
            raise JobError(
                f"job {job.submission_id}: the head has no f2s in its PATH; install f2s-ray[cluster] on all nodes"
            )
        why = (job.message or "no reason given").splitlines()[0]
        raise JobError(f"job {job.submission_id} ended ({why}); run the same command again, it goes on from there")

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except RayError as error:
            raise JobError(f"{self._address}: {one_line(error)}") from None
        except (ConnectionError, requests.RequestException):
            raise JobError(
                f"nobody answers at {self._address}; give the dashboard of the head, through a tunnel where it is on loopback"
            ) from None
        except RuntimeError as error:
            raise JobError(f"{self._address} does not take the job: {str(error).strip().splitlines()[-1]}") from error


class _Lines:
    """Text in pieces to whole lines; where it is told from its begin again, only what is new. What Ray says is left out."""

    def __init__(self, job_id: str, show: Callable[[str], None]) -> None:
        self._last_of_ray = f"Running entrypoint for job {job_id}: "
        self._show = show
        self.shown = 0
        self.again()

    def again(self) -> None:
        self._rest, self._seen, self._is_ours = "", 0, False

    def add(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if self._is_ours and not _OF_RAY.match(line):
                self._seen += 1
                if self._seen > self.shown:
                    self.shown = self._seen
                    self._show(line)
            self._is_ours = self._is_ours or line.startswith(self._last_of_ray)
