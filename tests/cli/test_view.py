"""The socket that the viewer listens on."""

import socket

import pytest

from f2s_ray.cli.view import _listen
from f2s_ray.errors import JobError


def test_answers_do_not_wait_for_one_another():
    with _listen("127.0.0.1", 0) as listening:
        asking = socket.create_connection(listening.getsockname())
        answering, _ = listening.accept()
        with asking, answering:
            assert answering.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_taken_port_is_told():
    with _listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(JobError, match=f"port {port}: .*choose another"):
            _listen("127.0.0.1", port)
