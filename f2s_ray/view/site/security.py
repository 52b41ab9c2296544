"""Who may look, and who may say something: hosts, a token away from loopback, forms from our own pages only."""

import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

__all__ = ["Guard", "is_loopback"]

COOKIE = "f2s_token"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; script-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with less, browsers hide from us that a form is our own
    "Cross-Origin-Resource-Policy": "same-origin",
}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
    (True, False)
    """
    return host in _LOOPBACK


class Guard:
    """A middleware.

    On loopback nobody needs a token, but the request must name a loopback host, so that no page of another name that was
    bound to this machine can read along. Elsewhere the token comes once in the address and then in a cookie. Whatever is
    posted must come from our own origin and bear ``csrf``, which only our own pages know.

    Args:
        host: the address that is served.
    """

    def __init__(self, host: str) -> None:
        self.token = None if is_loopback(host) else secrets.token_urlsafe(24)
        self.csrf = secrets.token_urlsafe(24)

    async def __call__(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        """Let a request through, or say why not."""
        response = self._refusal(request) or await call_next(request)
        response.headers.update({name: value for name, value in HEADERS.items() if name not in response.headers})
        return response

    def is_ours(self, csrf: str) -> bool:
        """Whether a form came from one of our pages."""
        return secrets.compare_digest(csrf.encode(), self.csrf.encode())

    def _refusal(self, request: Request) -> Response | None:
        if self.token is None and request.url.hostname not in _LOOPBACK:
            return PlainTextResponse("this viewer answers to localhost alone; open http://localhost", 421)
        if request.method not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("GET and POST only", 405)
        if request.method == "POST" and not _is_own(request):
            return PlainTextResponse("a form must come from a page of this viewer", 403)
        return self._admission(request) if self.token else None

    def _admission(self, request: Request) -> Response | None:
        token = str(self.token)
        given = request.query_params.get("token")
        if given is not None and secrets.compare_digest(given.encode(), token.encode()):
            response = RedirectResponse(f"/{request.url.path.lstrip('/')}", 303)  # two slashes would be another host
            response.set_cookie(COOKIE, token, httponly=True, samesite="strict")
            return response
        if not secrets.compare_digest(request.cookies.get(COOKIE, "").encode(), token.encode()):
            return PlainTextResponse("open the address with its token, as `f2s view` printed it", 401)
        return None


def _is_own(request: Request) -> bool:
    """Whether a browser says that a page of this very host sent it."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host") and site == "same-origin"
