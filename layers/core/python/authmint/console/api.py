"""The management API, called with the token of whoever is signed in."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from .errors import ApiProblem, StepUp
from .http_client import Answer, Transport
from .sign_in import Session, SignIns

_NEXT: Final = re.compile(r'<([^>]*)>; *rel="next"')
_PARAMETER: Final = re.compile(r'(acr_values|max_age)="([^"]*)"')


@dataclass(frozen=True)
class Called:
    """A call that a page made: people can make it themselves."""

    method: str
    path: str
    body: Any = None


@dataclass
class Api:
    """Calls for one request of a browser.

    Attributes:
        called: What was called so far, for "the calls behind this page".
        tags: Of what was read (RFC 9110 §8.8.3), by path.
    """

    url: str
    session: Session
    sign_ins: SignIns
    send: Transport
    called: list[Called] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Any:
        """What is there. Raises ApiProblem, SignedOut, StepUp."""
        answer = self._call("GET", path)
        if tag := answer.headers.get("etag"):
            self.tags[path] = tag
        return answer.json()

    def page(self, path: str) -> tuple[list[Any], str | None]:
        """One page of a list, and the path of the next one. Raises as ``get``."""
        answer = self._call("GET", path)
        found = _NEXT.search(answer.headers.get("link", ""))
        parts = urlsplit(found[1]) if found else None
        return answer.json() or [], None if parts is None else f"{parts.path}?{parts.query}"

    def every(self, path: str, *, most: int = 2_000) -> list[Any]:
        """A list whose pages are few, up to about so many. Raises as ``get``."""
        items: list[Any] = []
        after: str | None = path
        while after is not None and len(items) < most:
            page, after = self.page(after)
            items += page
        return items

    def post(self, path: str, body: Any = None, *, tag: str = "") -> Any:
        """Make something, or have something done; with a tag, while it is as that says. Raises as ``get``."""
        return self._call("POST", path, body, tag).json()

    def put(self, path: str, body: Any = None, *, tag: str = "") -> Any:
        """Replace something; with a tag, while it is as that says. Raises as ``get``."""
        return self._call("PUT", path, body, tag).json()

    def delete(self, path: str) -> None:
        """Take something away. Raises as ``get``."""
        self._call("DELETE", path)

    def _call(self, method: str, path: str, body: Any = None, tag: str = "") -> Answer:
        self.called.append(Called(method, path, body))
        answer = self._sent(method, path, body, tag, self.sign_ins.access_token(self.session))
        if answer.status == 401:
            if wanted := dict(_PARAMETER.findall(answer.headers.get("www-authenticate", ""))):
                raise StepUp(wanted)
            answer = self._sent(method, path, body, tag, self.sign_ins.access_token(self.session, anew=True))
        if answer.status < 400:
            return answer
        raise _problem(answer)

    def _sent(self, method: str, path: str, body: Any, tag: str, token: str) -> Answer:
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        if tag:
            headers["if-match"] = tag
        content = None
        if body is not None:
            headers["content-type"] = "application/json"
            content = json.dumps(body).encode()
        return self.send(method, self.url + path, headers=headers, body=content)


def _problem(answer: Answer) -> ApiProblem:
    try:
        said = answer.json() or {}
    except ApiProblem:
        said = {}
    causes = [str(cause.get("errorSummary", "")) for cause in said.get("errorCauses", []) if isinstance(cause, dict)]
    summary = str(said.get("errorSummary") or said.get("message") or "")
    return ApiProblem(answer.status, str(said.get("errorCode", "")), summary, causes, answer.headers.get("retry-after"))
