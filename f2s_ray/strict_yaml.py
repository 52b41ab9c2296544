"""YAML text to plain values: nothing is executed, nothing is expanded, nothing is said twice."""

import re
from typing import Any

import yaml

from f2s_ray.errors import ConfigError

__all__ = ["parse"]

MAX_BYTES = 64 * 1024
MAX_DEPTH = 16


class _StrictLoader(yaml.SafeLoader):
    """The safe loader, less aliases (a few hundred bytes grow to gigabytes), bottomless nesting and double keys."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """One node; refuses aliases and nesting beyond ``MAX_DEPTH``."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not allowed", problem_mark=self.peek_event().start_mark)
        if self.depth >= MAX_DEPTH:
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {MAX_DEPTH}", problem_mark=mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """One mapping; a key that stands there twice is refused, since one of the two would be lost without a word."""
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(problem=f"key {key!r} is not a word", problem_mark=key_node.start_mark)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"key {key!r} stands here twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


# YAML 1.2 reads 1e-3 as a number; PyYAML speaks 1.1, where it wants a dot.
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+[eE][-+]?\d+$"), list("-+0123456789")
)


def parse(text: str, source: str) -> object:
    """The value that the text stands for; an empty text is ``None``.

    Args:
        text: YAML, at most 64 KiB.
        source: what to call the text in an error.

    Raises:
        ConfigError: it is not YAML, too large or too deep, has aliases, tags or the same key twice.
    """
    if len(text.encode("utf-8", "surrogateescape")) > MAX_BYTES:
        raise ConfigError(f"{source} is larger than {MAX_BYTES} bytes; a configuration says only what differs")
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{source}{place}: {error.problem}; mend the YAML") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{source}: {str(error).splitlines()[0]}; mend the YAML") from error
