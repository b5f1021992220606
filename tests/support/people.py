"""A deployment where people sign in, and a browser without scripts that does it over HTTP."""

import json
import uuid
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

from tests.support.stack import Running

LOGIN, PASSWORD = "maria@example.org", "Correct-Horse-7"
CALLBACK = "https://app.example.com/callback"
SIGNED_OUT = "https://app.example.com/signed-out"
SCOPES = "openid profile email offline_access"


class Form(HTMLParser):
    """The first form of a page: where it goes, and the fields that it has filled already.

    Attributes:
        options: What a script would ask a key for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.options: Any = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form" and not self.action:
            self.action = values.get("action") or ""
            self.options = json.loads(values.get("data-options") or "null")
        if tag == "input" and values.get("name"):
            self.fields[str(values["name"])] = values.get("value") or ""


@dataclass
class Browser:
    """Follows redirects of the deployment; stops where they leave it."""

    origin: str
    session: requests.Session = field(default_factory=requests.Session)

    def visit(self, url: str, **fields: str) -> requests.Response | str:
        """The page that is shown in the end, or the URL of the client that the browser was sent to."""
        return self._follow("POST" if fields else "GET", url, fields)

    def submit(self, page: requests.Response, **fields: str) -> requests.Response | str:
        """Fill in the page's form, and send it."""
        form = Form()
        form.feed(page.text)
        assert form.action, page.text
        return self._follow("POST", urljoin(page.url, form.action), form.fields | fields)

    def sign_in(self, url: str, login: str = LOGIN, password: str = PASSWORD, *, agree: bool = False) -> str:
        """Through the sign-in page, back to the client. ``agree``: through the consent page, too."""
        page = self.visit(url)
        assert isinstance(page, requests.Response), page
        back = self.submit(page, username=login, password=password)
        if agree:
            assert isinstance(back, requests.Response), back
            back = self.submit(back, decision="allow")
        assert isinstance(back, str), back.text
        return back

    def _follow(self, method: str, url: str, fields: dict[str, str]) -> requests.Response | str:
        data = fields if method == "POST" else None
        headers = {"origin": self.origin} if method == "POST" else {}
        answer = self.session.request(method, url, data=data, headers=headers, allow_redirects=False, timeout=30)
        while answer.is_redirect:
            url = urljoin(answer.url, answer.headers["location"])
            if not url.startswith(f"{self.origin}/"):
                return url
            answer = self.session.get(url, allow_redirects=False, timeout=30)
        return answer


@dataclass(frozen=True)
class Deployment:
    """A server that gives people everything, and one person."""

    stack: Running
    server: str
    user: str
    policy: str

    @property
    def issuer(self) -> str:
        return f"{self.stack.url}/oauth2/{self.server}"

    def browser(self) -> Browser:
        return Browser(self.stack.url)

    def client(self, **changes: Any) -> dict[str, Any]:
        """A client that everybody may use. Its id and secret stand under ``client_id`` and ``client_secret``."""
        oauth = {
            "application_type": "web",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "redirect_uris": [CALLBACK],
            "post_logout_redirect_uris": [SIGNED_OUT],
            "consent_method": "TRUSTED",
        }
        method = changes.pop("auth_method", "client_secret_basic")
        app = {
            "label": f"app {uuid.uuid4()}",
            "name": "oidc_client",
            "signOnMode": "OPENID_CONNECT",
            "credentials": {"oauthClient": {"token_endpoint_auth_method": method}},
            "settings": {"oauthClient": oauth | changes},
        }
        made = self.stack.made("/api/v1/apps", app)
        self.stack.admin("PUT", f"/api/v1/apps/{made['id']}/groups/{self._everyone()}", {}).raise_for_status()
        credentials: dict[str, Any] = made["credentials"]["oauthClient"]
        return credentials

    def _everyone(self) -> str:
        groups = self.stack.admin("GET", "/api/v1/groups?q=Everyone").json()
        return str(groups[0]["id"])


def deployment_with_a_person(stack: Running, login: str = LOGIN) -> Deployment:
    """A new server with a policy for all clients and all people, and Maria."""
    server = stack.made("/api/v1/authorizationServers", {"name": "people", "audiences": ["api://people"]})["id"]
    base = f"/api/v1/authorizationServers/{server}"
    policy = stack.made(f"{base}/policies", {"name": "all", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}})[
        "id"
    ]
    device, ciba = "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba"
    stack.made(
        f"{base}/policies/{policy}/rules",
        {
            "name": "people",
            "conditions": {
                "people": {"groups": {"include": ["EVERYONE"]}},
                "grantTypes": {"include": ["authorization_code", "implicit", device, ciba]},
                "scopes": {"include": ["*"]},
            },
        },
    )
    profile = {"login": login, "email": login, "firstName": "Maria", "lastName": "Lopez"}
    found = stack.admin("GET", f"/api/v1/users/{login}")
    user = (
        found.json()
        if found.ok
        else stack.made(
            "/api/v1/users?activate=true", {"profile": profile, "credentials": {"password": {"value": PASSWORD}}}
        )
    )
    return Deployment(stack, server, user["id"], policy)


def query_of(url: str) -> dict[str, str]:
    """What a client gets in the query of its redirect URI."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
