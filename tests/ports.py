"""Ports for servers that tests begin."""

import random
import socket
from contextlib import suppress


def free_ports(count: int) -> list[int]:
    """Ports of loopback that are free, and those 10000 higher too: SeaweedFS speaks gRPC there.

    They lie below those that the system gives to clients, which come and go between this answer and the server's begin, and
    above those that Ray keeps for its workers.
    """
    found: list[int] = []
    for port in random.SystemRandom().sample(range(20_000, 22_700), 1000):
        with suppress(OSError):
            for one in (port, port + 10_000):
                socket.create_server(("127.0.0.1", one)).close()
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no ports are free")
