"""The terminal: words in, an exit code out."""

from f2s_ray.cli.app import main

__all__ = ["main"]
