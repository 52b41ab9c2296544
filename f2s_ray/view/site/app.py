"""An OUTPUT folder to a site: pages over a snapshot of its catalog; all it writes are facts about people."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

from f2s_catalog.errors import CatalogError, QueryError
from fastapi import FastAPI, Form, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.exceptions import HTTPException as StarletteHTTPException

from f2s_ray.errors import ConfigError
from f2s_ray.flows.people import People
from f2s_ray.view.site import facts, media_pages, people_pages
from f2s_ray.view.site.runs import recent_runs
from f2s_ray.view.site.security import Guard
from f2s_ray.view.site.snapshot import Row, Snapshot
from f2s_ray.view.thumbnails import LARGE_PX, SMALL_PX, Thumbnails
from f2s_ray.view.words import clock_words, code_words, decision_words, visible

__all__ = ["make_site"]

YEAR_SECONDS = 31_536_000
_PACKAGE = Path(__file__).parent
_PLACEHOLDER = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" role="img" aria-label="not there any more">'
    b'<rect width="100" height="100" fill="#8886"/><path d="M25 25 75 75M75 25 25 75" stroke="#888" stroke-width="4"/></svg>'
)
T = TypeVar("T")
Page = Annotated[int, Query(ge=1, le=1_000_000)]
Text = Annotated[str, Query(max_length=2000)]


def make_site(output: Path, source: Path, guard: Guard) -> FastAPI:
    """The site of one OUTPUT folder.

    Args:
        output: the OUTPUT folder.
        source: the INPUT folder; what is gone from it is shown as a placeholder.
        guard: who may look and who may say something.
    """
    site = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    site.middleware("http")(guard)
    site.mount("/static", StaticFiles(directory=_PACKAGE / "static"), name="static")
    desk = _Desk(output, source, guard)
    for path, page in desk.pages().items():
        site.get(path, response_class=HTMLResponse)(page)
    site.get("/image/{what}/{name:path}")(desk.image)
    site.get("/runs.json")(desk.progress)
    site.post("/people/{identity_id}")(desk.say)
    site.exception_handler(StarletteHTTPException)(desk.missing)
    site.exception_handler(CatalogError)(desk.damaged)
    return site


class _Desk:
    """Answers requests; each method is a page or an action."""

    def __init__(self, output: Path, source: Path, guard: Guard) -> None:
        self._output, self._guard = output, guard
        self._snapshot, self._thumbnails = Snapshot(output), Thumbnails(output, source)
        self._templates = _environment()

    def pages(self) -> dict[str, Callable[..., Response]]:
        """Path to page."""
        return {
            "/": self.wall,
            "/people/{identity_id}": self.person,
            "/media/{media_id}": self.medium,
            "/find": self.find,
            "/failures": self.failures,
            "/stale": self.stale,
            "/runs": self.runs,
        }

    def wall(self, request: Request, q: Text = "", page: Page = 1, ignored: bool = False) -> Response:
        """Everybody."""
        people = people_pages.wall(self._snapshot, q, page, ignored=ignored)
        return self._page(request, "people.html", title="People", people=people, text=q, ignored=ignored)

    def person(self, request: Request, identity_id: str, page: Page = 1, files: Page = 1) -> Response:
        """One person."""
        one = self._there(people_pages.person(self._snapshot, identity_id, page))
        seen = people_pages.appearances(self._snapshot, identity_id, files)
        names = people_pages.names(self._snapshot)
        return self._page(request, "person.html", title=one.row["label"], one=one, seen=seen, names=names)

    def medium(self, request: Request, media_id: str) -> Response:
        """One picture or film."""
        one = self._there(media_pages.medium(self._snapshot, media_id))
        return self._page(request, "medium.html", title=one.row["path"], one=one)

    def find(self, request: Request, q: Text = "", page: Page = 1) -> Response:
        """What a question finds."""
        try:
            files, ids = media_pages.found(self._snapshot, self._output, q, page)
        except QueryError as error:
            return self._page(request, "find.html", 400, title="Search", text=q, error=str(error), files=None, ids={})
        return self._page(request, "find.html", title="Search", text=q, error=None, files=files, ids=ids)

    def failures(self, request: Request, page: Page = 1) -> Response:
        """What failed."""
        rows = media_pages.failures(self._snapshot, page)
        return self._page(
            request, "rows.html", title="Failures", rows=rows, columns=("path", "step", "error_kind", "message")
        )

    def stale(self, request: Request, page: Page = 1) -> Response:
        """Results that the next run makes again."""
        return self._page(
            request, "rows.html", title="Stale", rows=media_pages.stale(self._snapshot, page), columns=("path", "why")
        )

    def runs(self, request: Request) -> Response:
        """Runs, and how far they are."""
        return self._page(request, "runs.html", title="Runs", runs=recent_runs(self._output))

    def progress(self) -> Response:
        """The same for the page's script."""
        return JSONResponse(recent_runs(self._output)[:1])

    def image(self, request: Request, what: str, name: str, frame: Annotated[int, Query(ge=0)] = 0) -> Response:
        """A face, or a source or result in one of two sizes."""
        content = self._image(what, name, frame)
        if content is None:
            return Response(_PLACEHOLDER, media_type="image/svg+xml")
        tag = f'"{hash(content) & 0xFFFFFFFFFFFFFFFF:x}"'
        headers = {
            "Cache-Control": f"private, max-age={YEAR_SECONDS if 'v' in request.query_params else 60}",
            "ETag": tag,
        }
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type="image/jpeg", headers=headers)

    def say(
        self,
        identity_id: str,
        action: Annotated[str, Form()],
        csrf: Annotated[str, Form()],
        faces: Annotated[list[str] | None, Form()] = None,
        word: Annotated[str, Form(max_length=1000)] = "",
    ) -> Response:
        """A statement about a person; then back to the page that shows it."""
        if not self._guard.is_ours(csrf):
            raise HTTPException(403, "this form is from before the viewer started; reload the page")
        people = People(self._output, getpass.getuser())
        try:
            shown, told = facts.say(people, action, facts.Form(identity_id, faces or [], word.strip()))
        except (ConfigError, QueryError) as error:
            shown, told = identity_id, f"Not done: {error}"
        response = RedirectResponse(f"/people/{shown}", 303)
        response.set_cookie(
            "f2s_told", told.encode("unicode_escape").decode(), max_age=30, httponly=True, samesite="strict"
        )
        return response

    def missing(self, request: Request, error: StarletteHTTPException) -> Response:
        """A page that says what is not there."""
        return self._page(request, "message.html", error.status_code, title="Not there", text=str(error.detail))

    def damaged(self, request: Request, error: CatalogError) -> Response:
        """A page that says what is wrong with the catalog."""
        return self._page(request, "message.html", 500, title="The catalog cannot be read", text=str(error))

    def _image(self, what: str, name: str, frame: int) -> bytes | None:
        column = "faces.face_id" if what == "face" else "media.media_id"
        joined = "media JOIN faces USING (media_id)" if what == "face" else "media"
        rows = self._snapshot.rows(f"SELECT * FROM {joined} WHERE {column} = $name", name=name)
        media = self._there(rows[0] if rows else None)
        if what == "face":
            return self._thumbnails.face(media, media)
        side_px = {"small": SMALL_PX, "source": LARGE_PX, "result": LARGE_PX}.get(what)
        if side_px is None:
            raise HTTPException(404, f"there is no image {what}")
        if what != "result":
            return self._thumbnails.media(media, side_px, frame)
        results = self._snapshot.rows("SELECT * FROM results WHERE media_id = $name", name=name)
        return self._thumbnails.result(media, self._there(results[0] if results else None), side_px, frame)

    @staticmethod
    def _there(found: T | None) -> T:
        if found is None:
            raise HTTPException(
                404, "nothing with this id is in the catalog; it may have been merged, erased or listed no more"
            )
        return found

    def _page(self, request: Request, template: str, status: int = 200, **values: object) -> Response:
        told = request.cookies.get("f2s_told", "").encode("ascii", "ignore").decode("unicode_escape", "replace")
        text = self._templates.get_template(template).render(
            told=told,
            csrf=self._guard.csrf,
            path=request.url.path,
            query=dict(request.query_params),
            **{"text": "", **values},
        )
        response = HTMLResponse(text, status, headers={"Cache-Control": "no-store"})
        if told:
            response.delete_cookie("f2s_told")
        return response


def _environment() -> Environment:
    """Everything that is not ours is escaped, and what it hides is made visible."""

    def show(value: object) -> object:
        return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    made = Environment(
        loader=PackageLoader("f2s_ray.view.site"), autoescape=True, finalize=show, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {
        "clock": clock_words,
        "damage": _damage,
        "decision": lambda gate: decision_words(gate["decision"], gate["weight"]),
    }
    return made


def _damage(code: Row) -> str:
    numbers = {name: code[name] for name in ("noise_sigma", "blur_sigma_px", "jpeg_quality", "downscale")}
    return code_words(**numbers) or "not known"
