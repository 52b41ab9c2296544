"""Templates and values to pages; everything that is not ours is escaped, and what it hides is made visible."""

from collections.abc import Mapping
from math import ceil
from urllib.parse import quote, unquote, urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from f2s_ray.view.site.security import Guard
from f2s_ray.view.words import clock_words, count_words, decision_words, duration_words, visible

__all__ = ["Pages"]

_TOLD = "f2s_told"
_TOLD_SECONDS = 30
_TOLD_LETTERS = 400  # a cookie has room for 4,096, and a letter may take 12


class Pages:
    """Renders pages with the frame that all of them have.

    Args:
        guard: knows the secret that forms bear.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._templates = _environment()

    def page(
        self, request: Request, template: str, title: str, values: Mapping[str, object], status: int = 200
    ) -> Response:
        """A page, with what the last form has to tell."""
        told = unquote(request.cookies.get(_TOLD, ""))
        text = self._templates.get_template(template).render(
            {
                "title": title,
                "told": told,
                "csrf": self._guard.csrf,
                "path": request.url.path,
                "query": dict(request.query_params),
                "asked": "",
                **values,
            }
        )
        response = HTMLResponse(text, status, headers={"Cache-Control": "no-store"})
        if told:
            response.delete_cookie(_TOLD)
        return response

    @staticmethod
    def ask(identity_id: str, namesake: str, name: str) -> Response:
        """Show a person with the question whether they are the one who has this name already."""
        query = urlencode({"namesake": namesake, "name": name})
        return RedirectResponse(f"/people/{quote(identity_id, safe='')}?{query}", 303)

    @staticmethod
    def back(identity_id: str, told: str) -> Response:
        """Show a person after a form, and tell something there once."""
        response = RedirectResponse(f"/people/{quote(identity_id, safe='')}", 303)
        response.set_cookie(_TOLD, quote(told[:_TOLD_LETTERS]), max_age=_TOLD_SECONDS, httponly=True, samesite="strict")
        return response


def _environment() -> Environment:
    def show(value: object) -> object:
        return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    made = Environment(
        loader=PackageLoader("f2s_ray.view.site"),
        autoescape=True,
        finalize=show,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "clock": clock_words,
        "duration": duration_words,
        "count": count_words,
        "decision": lambda gate: decision_words(gate["decision"], gate["weight"]),
        "segment": lambda text: quote(str(text), safe="/"),
        "size": _size_words,
        "zip": zip,
        "when": _when_words,
    }
    made.globals |= {"with_page": _with_page, "stops": _stops}
    return made


def _with_page(query: Mapping[str, str], name: str, number: int) -> dict[str, str]:
    """The query of the same page with another number."""
    return {**query, name: str(number)}


def _stops(number: int, count: int) -> list[int]:
    """Pages to go to from one of many: the ends, and half the way to them, so that any page is near.

    >>> _stops(1, 2), _stops(100, 273)
    ([1, 2], [1, 50, 100, 186, 273])
    """
    return sorted({1, (1 + number) // 2, number, (number + count) // 2, count})


def _size_words(byte_count: int) -> str:
    """How large a file is.

    >>> _size_words(900), _size_words(292018), _size_words(3_400_000)
    ('900 bytes', '293 kB', '3.4 MB')
    """
    if byte_count < 1000:
        return f"{byte_count} bytes"
    return f"{ceil(byte_count / 1000):,} kB" if byte_count < 1_000_000 else f"{byte_count / 1_000_000:,.1f} MB"


def _when_words(moment: str) -> str:
    """An ISO time for people: to the minute.

    >>> _when_words("1996-05-04T15:10:00")
    '1996-05-04 15:10'
    """
    return moment[:16].replace("T", " ")
