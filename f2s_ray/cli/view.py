"""The command that serves the viewer."""

import socket
from typing import Annotated

import typer

from f2s_ray.cli.options import OutputArgument
from f2s_ray.cli.preflight import existing_output
from f2s_ray.cli.text import print_line
from f2s_ray.errors import JobError

__all__ = ["view"]

_ANY = ("0.0.0.0", "::")


def view(
    output: OutputArgument,
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="Where it listens; 0: any.")
    ] = 8300,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="ADDRESS", help="Another address than this machine's own needs a token, which is printed."
        ),
    ] = "127.0.0.1",
) -> int:
    """Serve the viewer: people, pictures, questions. All that it writes are facts about people. Ends with Ctrl-C."""
    import uvicorn
    from f2s_catalog.place import place

    from f2s_ray.cli.runs import read_run
    from f2s_ray.view.site.app import make_site
    from f2s_ray.view.site.security import Guard

    folder = existing_output(output)
    guard = Guard(host)
    site = make_site(folder, place(read_run(folder)["input"]), guard)
    with _listen(host, port) as listening:
        name = socket.gethostname() if host in _ANY else f"[{host}]" if ":" in host else host
        token = f"?token={guard.token}" if guard.token else ""
        print_line(f"http://{name}:{listening.getsockname()[1]}/{token}")
        config = uvicorn.Config(site, log_level="warning", access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listening])
    return 0


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises: JobError when the address is taken, or is none of this machine."""
    try:
        made = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise JobError(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another with --port or --host"
        ) from error
    # Else each answer waits 40 ms until the other side says that it heard the head.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made
