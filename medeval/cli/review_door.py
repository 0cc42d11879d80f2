"""Who may ask the local review page: this machine, one person, by one link that works once.

The page can release results, so a web page that the same browser has open must not be able to reach it: the `Host` of
each request is checked (DNS rebinding), the session is a cookie that no other site's request carries, and a decision
needs the origin and a value that only a page of this session knows (OWASP, Cross-Site Request Forgery Prevention).
"""

import secrets
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from threading import Lock

#: Nothing but our own stylesheet is fetched, nothing framed, and forms go nowhere else.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    # with no-referrer, browsers send a form's origin as null, and the check of it could not hold
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Door:
    """The secrets of one run: the link's token, spent by its first use; the session; the forms' own value."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.origin = f"http://{self.host}"
        self.form_value = secrets.token_urlsafe(32)
        self._cookie = f"medeval-review-{port}"
        self._session = secrets.token_urlsafe(32)
        self._token: str | None = secrets.token_urlsafe(32)
        self._lock = Lock()

    @property
    def link(self) -> str:
        """What the person opens, once."""
        return f"{self.origin}/enter?token={self._token}"

    def enter(self, token: str) -> str | None:
        """The cookie for the token, the first time; None for a wrong or a spent one."""
        with self._lock:
            if self._token is None or not _same(token, self._token):
                return None
            self._token = None
        return f"{self._cookie}={self._session}; HttpOnly; SameSite=Strict; Path=/"

    def is_host(self, host: str | None) -> bool:
        """Whether a request was meant for this address and no name that someone pointed at it."""
        return host == self.host

    def has_session(self, cookies: str | None) -> bool:
        """Whether a request comes from the browser that opened the link."""
        try:
            found = SimpleCookie(cookies or "").get(self._cookie)
        except CookieError:
            return False
        return found is not None and _same(found.value, self._session)

    def is_form(self, origin: str | None, value: str) -> bool:
        """Whether a decision comes from a page of this session."""
        return origin == self.origin and _same(value, self.form_value)


def _same(first: str, second: str) -> bool:
    return compare_digest(first.encode(), second.encode())
