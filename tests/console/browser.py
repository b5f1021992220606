"""The console over a deployment in memory, and a browser that looks at it."""

import json
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from authmint.console.assembly import new_site, own_deployment
from authmint.console.errors import ApiProblem
from authmint.console.http_client import Answer
from authmint.http import Pairs, Request, Response
from authmint.ids import RandomIds
from authmint.web.theme import Theme

from tests.management.admin import BASE_URL, TOKEN, Admin

SECRET = "s" * 40


class Fields(HTMLParser):
    """What the forms of a page would send: inputs, texts and choices."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.checked: list[tuple[str, str]] = []
        self._text: str | None = None
        self._choice: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "disabled" in given:
            return
        match tag:
            case "input" if given.get("type") == "checkbox":
                if "checked" in given:
                    self.checked.append((given.get("name", ""), given.get("value", "")))
            case "input":
                self.found[given.get("name", "")] = given.get("value", "")
            case "textarea":
                self._text = given.get("name", "")
                self.found[self._text] = ""
            case "select":
                self._choice = given.get("name", "")
            case "option" if self._choice is not None and (self._choice not in self.found or "selected" in given):
                self.found[self._choice] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text = None
        if tag == "select":
            self._choice = None

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self.found[self._text] += data


class Deployment:
    """``Transport``: the org server is a few lines here, the management API is the real one.

    Attributes:
        gone: Refresh tokens that are good no more.
        answers: What the API answers instead of what it would, by method and beginning of the path.
        sent: Calls of the management API.
    """

    def __init__(self) -> None:
        self.admin = Admin()
        self.gone: set[str] = set()
        self.answers: dict[tuple[str, str], Answer | ApiProblem] = {}
        self.sent: list[tuple[str, str, Any]] = []
        self.minted = 0
        self.forms: list[tuple[str, dict[str, str]]] = []

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None) -> Answer:
        path = url.removeprefix(BASE_URL)
        if path.startswith("/oauth2/v1/") and not path.startswith("/oauth2/v1/clients"):
            return self._org(path.rpartition("/")[2], headers, body or b"")
        assert headers["authorization"] in {f"Bearer access-{number + 1}" for number in range(self.minted)}
        self.sent.append((method, path, None if body is None else json.loads(body)))
        for (wanted, start), answer in self.answers.items():
            if method == wanted and path.startswith(start):
                if isinstance(answer, ApiProblem):
                    raise answer
                return answer
        own = {name: value for name, value in headers.items() if name == "if-match"}
        found = self.admin.call(method, path, raw=body or b"", headers={"authorization": f"SSWS {TOKEN}", **own})
        links = ", ".join(found.header("link"))
        return Answer(found.status, dict(found.response.headers) | {"link": links}, found.response.body)

    def _org(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> Answer:
        form = dict(parse_qsl(body.decode()))
        self.forms.append((endpoint, form))
        if endpoint == "userinfo":
            assert headers["authorization"] == f"Bearer access-{self.minted}"
            return _json(200, {"sub": "00uA", "preferred_username": "ann@example.com", "name": "Ann Bee"})
        if endpoint == "revoke":
            self.gone.add(form["token"])
            return Answer(200, {}, b"")
        if form.get("refresh_token") in self.gone:
            return _json(
                400, {"error": "invalid_grant", "error_description": "The refresh token is invalid or expired."}
            )
        self.minted += 1
        return _json(
            200,
            {
                "access_token": f"access-{self.minted}",
                "expires_in": 3600,
                "refresh_token": f"refresh-{self.minted}",
                "id_token": f"id-{self.minted}",
            },
        )


def _json(status: int, body: Any) -> Answer:
    return Answer(status, {"content-type": "application/json"}, json.dumps(body).encode())


class Browser:
    """Somebody at a browser, signed in unless it is said otherwise."""

    def __init__(self, deployment: Deployment | None = None, *, signed_in: bool = True, language: str = "en") -> None:
        self.deployment = deployment or Deployment()
        self.language = language
        self.cookies: dict[str, str] = {}
        self.clock = self.deployment.admin.clock
        site = own_deployment(BASE_URL, SECRET)
        self.site = new_site(site, b"k" * 32, Theme(), self.clock, RandomIds(self.clock), self.deployment)
        if signed_in:
            self.sign_in()

    def sign_in(self, to: str = "/console") -> Response:
        return self.come_back(self.get(to))

    def come_back(self, answer: Response) -> Response:
        """From the sign-in at the org server, which goes well."""
        return self.come_back_from(header(answer, "location"))

    def come_back_from(self, uri: str) -> Response:
        asked = parse_qs(urlsplit(uri).query)
        query = {"code": "a-code", "state": asked["state"][0], "iss": BASE_URL}
        return self.get(f"/console/callback?{urlencode(query)}")

    def get(self, path: str) -> Response:
        return self._send("GET", path)

    def post(self, path: str, fields: Pairs = (), **more: str) -> Response:
        return self._send("POST", path, urlencode((*fields, *more.items())).encode())

    def submit(self, page: Response, at: str, **changes: str) -> Response:
        """The form of a page, filled in."""
        fields = Fields(text(page))
        checked = [pair for pair in fields.checked if pair[0] not in changes]
        return self.post(at, (*checked, *(fields.found | changes).items()))

    def csrf(self) -> str:
        return Fields(text(self.get("/console"))).found["csrf"]

    def _send(self, method: str, path: str, body: bytes = b"") -> Response:
        path, _, query = path.partition("?")
        headers = {"accept-language": self.language, "content-type": "application/x-www-form-urlencoded"}
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = tuple(parse_qsl(query, keep_blank_values=True))
        answer = self.site(Request(method, path, BASE_URL, query=sent, headers=headers, body=body, request_id="r"))
        for name, value in answer.headers:
            if name == "set-cookie":
                cookie, _, rest = value.partition(";")
                key, _, text = cookie.partition("=")
                self.cookies[key] = text
                if "Max-Age=0" in rest:
                    del self.cookies[key]
        return answer


def header(answer: Response, name: str) -> str:
    return next(value for key, value in answer.headers if key == name)


def text(answer: Response) -> str:
    return answer.body.decode()
