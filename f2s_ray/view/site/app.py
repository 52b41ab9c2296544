"""An OUTPUT folder to a site: pages over a snapshot of its catalog; all it writes are facts about people."""

import getpass
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, TypeVar

from f2s_catalog.cipher import KEY_FILE
from f2s_catalog.errors import CatalogError, QueryError
from f2s_catalog.place import Place
from fastapi import FastAPI, Form, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteHTTPException

from f2s_ray.errors import ConfigError
from f2s_ray.flows.people import People
from f2s_ray.view.site import facts, media_pages, people_pages
from f2s_ray.view.site.images import Images
from f2s_ray.view.site.people_pages import Look
from f2s_ray.view.site.render import Pages
from f2s_ray.view.site.runs import recent_runs
from f2s_ray.view.site.search import Search, fault_of
from f2s_ray.view.site.security import Guard
from f2s_ray.view.site.settling import Settling
from f2s_ray.view.site.snapshot import Snapshot

__all__ = ["make_site"]

_YEAR_SECONDS = 31_536_000
_GONE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="400" height="400"><rect width="100" height="100" fill="#8884"/>'
    b'<path d="M38 38 62 62M62 38 38 62" stroke="#888" stroke-width="3" stroke-linecap="round"/></svg>'
)
_NO_ID = "Nothing with this id is in the catalog. It may have been merged, erased, or be listed no more."
T = TypeVar("T")
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
Question = Annotated[str, Query(max_length=2000)]


def make_site(output: Place, source: Place, guard: Guard) -> FastAPI:
    """The site of one OUTPUT folder.

    Args:
        output: the OUTPUT folder.
        source: the INPUT folder; what is gone from it is shown as a placeholder.
        guard: who may look and who may say something.
    """
    desk = _Desk(output, source, guard)
    site = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=desk.open)
    site.middleware("http")(guard)
    here = Path(__file__).parent
    site.get("/static/report.css")(lambda: FileResponse(here.parent / "report.css"))
    site.mount("/static", StaticFiles(directory=here / "static"), name="static")
    for path, page in desk.pages().items():
        site.get(path, response_class=HTMLResponse)(page)
    site.get("/image/{what}/{one:path}")(desk.image)
    site.get("/names.json")(desk.names)
    site.get("/runs.json")(desk.progress)
    site.post("/people/{identity_id}")(desk.say)
    site.exception_handler(StarletteHTTPException)(desk.missing)
    site.exception_handler(RequestValidationError)(desk.mistyped)
    site.exception_handler(CatalogError)(desk.damaged)
    return site


class _Desk:
    """Answers requests; each method is a page or an action."""

    def __init__(self, output: Place, source: Place, guard: Guard) -> None:
        self._output, self._guard = output, guard
        self._snapshot = Snapshot(output)
        self._images, self._search = Images(self._snapshot, output, source), Search(self._snapshot)
        self._render, self._settling = Pages(guard), Settling(output)
        self._cached = "no-store" if os.environ.get(KEY_FILE) else f"private, max-age={_YEAR_SECONDS}, immutable"

    @asynccontextmanager
    async def open(self, _: FastAPI) -> AsyncIterator[None]:
        """As long as requests are answered; what was said last is settled before it ends."""
        yield
        await run_in_threadpool(self._settling.wait)

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

    def wall(self, request: Request, q: Question = "", page: PageNumber = 1, ignored: bool = False) -> Response:
        """Everybody."""
        people = people_pages.wall(self._snapshot, q, page, ignored=ignored)
        return self._render.page(request, "people.html", "People", {"people": people, "text": q, "ignored": ignored})

    def person(self, request: Request, identity_id: str, look: Annotated[Look, Query()]) -> Response:
        """One person; where a name was given that somebody has, with the question whether they are one."""
        one = _there(people_pages.person(self._snapshot, identity_id, look))
        namesake = people_pages.one_of(self._snapshot, look.namesake)
        values = {"one": one, "look": look, "namesake": namesake}
        return self._render.page(request, "person.html", one.row["label"], values)

    def medium(self, request: Request, media_id: str, frame: Annotated[int | None, Query(ge=0)] = None) -> Response:
        """One picture or film."""
        one = _there(media_pages.medium(self._snapshot, media_id, frame))
        stale = media_pages.why_stale(self._snapshot, media_id) if one.result else None
        return self._render.page(request, "medium.html", one.row["path"], {"one": one, "stale": stale})

    def find(self, request: Request, q: Question = "", page: PageNumber = 1) -> Response:
        """What a question finds, or where it goes wrong."""
        values: dict[str, object] = {"asked": q, "fault": None, "files": None}
        try:
            values["files"] = self._search.page(q.strip(), page)
        except QueryError as error:
            values["fault"] = fault_of(error, q.strip())
        return self._render.page(request, "find.html", "Pictures" if not q else "Search", values)

    def failures(self, request: Request, page: PageNumber = 1) -> Response:
        """What failed."""
        return self._render.page(
            request, "failures.html", "Failures", {"rows": media_pages.failures(self._snapshot, page)}
        )

    def stale(self, request: Request, page: PageNumber = 1) -> Response:
        """Results that the next run makes again."""
        return self._render.page(request, "stale.html", "Stale", {"rows": media_pages.stale(self._snapshot, page)})

    def runs(self, request: Request) -> Response:
        """Runs, and how far they are."""
        return self._render.page(request, "runs.html", "Runs", {"runs": recent_runs(self._output)})

    def progress(self) -> Response:
        """The newest run, for the page's script."""
        return JSONResponse(recent_runs(self._output, 1), headers={"Cache-Control": "no-store"})

    def names(self, q: Question = "") -> Response:
        """Labels that hold a text, for suggestions."""
        return JSONResponse(people_pages.names(self._snapshot, q), headers={"Cache-Control": "no-store"})

    def image(
        self, request: Request, what: str, one: str, frame: Annotated[int, Query(ge=0)] = 0, v: str = ""
    ) -> Response:
        """A face, a picture before or after, or a clip; one that bears its version in the address is kept for a year."""
        try:
            found = self._images.get(what, one, frame)
        except LookupError:
            return Response("not there", 404, media_type="text/plain", headers={"Cache-Control": "no-store"})
        if found is None:
            return Response(_GONE, media_type="image/svg+xml", headers={"Cache-Control": "no-store"})
        headers = {"Cache-Control": self._cached if v else "private, no-cache", "ETag": f'"{found.name}"'}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        kind = "video/mp4" if found.name.endswith(".mp4") else "image/jpeg"
        return Response(found.content, media_type=kind, headers=headers)

    def say(
        self,
        identity_id: str,
        action: Annotated[str, Form(max_length=20)],
        csrf: Annotated[str, Form(max_length=200)],
        faces: Annotated[list[str] | None, Form()] = None,
        word: Annotated[str, Form(max_length=1000)] = "",
    ) -> Response:
        """A statement about a person; then back to the page that shows what came of it."""
        if not self._guard.is_ours(csrf):
            raise HTTPException(
                403, "This form is from before the viewer was started. Go back, reload, and say it again."
            )
        form = facts.Form(identity_id, faces or [], word.strip())
        if action == "name" and (other := people_pages.called(self._snapshot, form.word, identity_id)):
            return self._render.ask(identity_id, other["identity_id"], form.word)
        is_name = action in facts.NAMING  # which is shown at once, and moves no face
        people = People(self._output, getpass.getuser(), self._settling.soon if is_name else None)
        try:
            shown, told = facts.say(people, action, form)
            if is_name:
                self._snapshot.rename(identity_id, form.word or None)
        except (ConfigError, QueryError) as error:
            shown, told = identity_id, f"Not done: {error}"
        if not is_name:
            self._snapshot.renew()
        return self._render.back(shown, told)

    def missing(self, request: Request, error: StarletteHTTPException) -> Response:
        """A page that says what is not there."""
        title = "Not there" if error.status_code == 404 else "That did not work"
        text = "There is no such page." if error.detail == "Not Found" else str(error.detail)
        return self._render.page(request, "message.html", title, {"text": text}, error.status_code)

    def mistyped(self, request: Request, error: RequestValidationError) -> Response:
        """A page that says which part of an address or a form cannot be understood."""
        parts = ", ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors())
        return self._render.page(
            request, "message.html", "That did not work", {"text": f"Not understood: {parts}."}, 422
        )

    def damaged(self, request: Request, error: CatalogError) -> Response:
        """A page that says what is wrong with the catalog."""
        return self._render.page(request, "message.html", "The catalog cannot be read", {"text": str(error)}, 500)


def _there(found: T | None) -> T:
    if found is None:
        raise HTTPException(404, _NO_ID)
    return found
