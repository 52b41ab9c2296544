"""The command that serves the viewer."""

from pathlib import Path
from typing import Annotated

import typer

from f2s_ray.cli.options import OutputArgument
from f2s_ray.cli.preflight import existing_output
from f2s_ray.cli.text import print_line

__all__ = ["view"]


def view(
    output: OutputArgument,
    port: Annotated[int, typer.Option("--port", metavar="N", min=1, max=65535, help="Where it listens.")] = 8300,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="ADDRESS", help="Another address than this machine's own needs a token, which is printed."
        ),
    ] = "127.0.0.1",
) -> int:
    """Serve the viewer: people, pictures, questions. All that it writes are facts about people. Ends with Ctrl-C."""
    import uvicorn

    from f2s_ray.cli.runs import read_run
    from f2s_ray.view.site.app import make_site
    from f2s_ray.view.site.security import Guard

    folder = existing_output(output)
    guard = Guard(host)
    site = make_site(folder, Path(read_run(folder)["input"]), guard)
    shown = f"[{host}]" if ":" in host else host
    print_line(f"http://{shown}:{port}/" + (f"?token={guard.token}" if guard.token else ""))
    uvicorn.run(site, host=host, port=port, log_level="warning", access_log=False, server_header=False)
    return 0
