"""Pages of the console as answers: the toolkit of the hosted pages, in a frame of its own."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..http import Request, Response
from ..ids import Ids
from ..web.security_headers import page_headers
from ..web.theme import Theme
from .api import Called
from .texts import language_of
from .visit import Visit

#: Members whose values are in no call that is shown.
_SECRET: Final = frozenset({"client_secret", "clientSecret", "password", "authScheme", "answer"})
_HERE: Final = Path(__file__).parent
#: Where the guide is read.
GUIDE: Final = "https://github.com/authmint/authmint/blob/main/docs/guide/"
_SECTIONS: Final = (
    ("overview", "Overview", "/console"),
    ("servers", "Authorization servers", "/console/servers"),
    ("applications", "Applications", "/console/apps"),
    ("directory", "Directory", "/console/users"),
    ("security", "Security", "/console/policies"),
    ("reports", "Reports", "/console/log"),
)
#: The pages of sections that have several.
_WITHIN: Final = {
    "directory": (
        ("People", "/console/users"),
        ("Groups", "/console/groups"),
        ("User types", "/console/types"),
        ("Group rules", "/console/group-rules"),
        ("Attributes of groups", "/console/group-attributes"),
        ("Mappings", "/console/mappings"),
        ("Own accounts", "/console/self-service"),
    ),
    "security": (
        ("Sign-on policies", "/console/policies"),
        ("Policies of applications", "/console/app-policies"),
        ("Password policies", "/console/password-policies"),
        ("Enrolment policies", "/console/enrolment-policies"),
        ("Sign-up policies", "/console/sign-up-policies"),
        ("Identity providers", "/console/idps"),
        ("Routing", "/console/routing"),
        ("Analysis", "/console/analysis"),
        ("Try a sign-on", "/console/explain"),
        ("Network zones", "/console/zones"),
        ("Behaviours", "/console/behaviors"),
        ("Authenticators", "/console/authenticators"),
        ("Trusted origins", "/console/origins"),
        ("Inline hooks", "/console/inline-hooks"),
        ("Event hooks", "/console/event-hooks"),
        ("API tokens", "/console/tokens"),
        ("Administrators", "/console/administrators"),
    ),
    "reports": (("System log", "/console/log"), ("What was used", "/console/usage")),
}


@dataclass(frozen=True)
class Crumb:
    """A page above this one."""

    text: str
    uri: str


class Renderer:
    """All templates of the console."""

    def __init__(self, theme: Theme, ids: Ids, base_url: Callable[[], str]) -> None:
        """``base_url``: of the deployment, for the calls that people can make themselves."""
        self._theme = theme
        self._ids = ids
        self.base_url = base_url
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
        css = (_HERE / "static" / "console.css").read_text(encoding="utf-8")
        self._css = Markup(f":root{{--brand:{theme.colour};--on-brand:{theme.on_colour}}}\n{css}")  # noqa: S704 - checked
        self._script = Markup((_HERE / "static" / "console.js").read_text(encoding="utf-8"))  # noqa: S704 - our own

    def page(self, template: str, visit: Visit, values: dict[str, Any], *, status: int = 200) -> Response:
        """A page of who is signed in. ``values`` hold ``title`` and may hold ``section``, ``crumbs``, ``guide``."""
        common: dict[str, Any] = {
            "login": visit.api.session.login,
            "name": visit.api.session.name,
            "csrf": visit.csrf,
            "here": visit.request.path,
            "sections": [(key, visit.t(text), uri) for key, text, uri in _SECTIONS],
            "section": "",
            "within": _within(visit, values.get("section", "")),
            "crumbs": (),
            "guide": "",
            "guide_uri": GUIDE,
            "problem": None,
            "said": "",
            "query": visit.query,
            "at_page": visit.here,
        }
        values = common | values
        values["calls"] = [self._curl(call) for call in visit.api.called]
        return self._answer(template, visit.request, values, status)

    def bare(self, template: str, request: Request, values: dict[str, Any], *, status: int = 200) -> Response:
        """A page of nobody in particular."""
        return self._answer(template, request, {"title": "", **values}, status)

    def _answer(self, template: str, request: Request, values: dict[str, Any], status: int) -> Response:
        nonce, language = self._ids.opaque(16), language_of(request)
        common = {
            "t": language,
            "lang": language.tag,
            "theme": self._theme,
            "css": self._css,
            "script": self._script,
            "nonce": nonce,
        }
        text = self._templates.get_template(template).render(common | values)
        headers = page_headers(nonce, script=True, forms="away", asks=True)
        return Response(status, text.encode("utf-8", "replace"), (*headers, ("content-language", language.tag)))

    def _curl(self, call: Called) -> str:
        """A call as somebody types it; never with the token of whoever sees it, nor with a secret that was typed."""
        lines = [f"curl -X {call.method} '{self.base_url()}{_quoted(call.path)}'", '  -H "$AUTH"']
        if call.body is not None:
            lines += ["  -H 'content-type: application/json'", f"  -d '{_quoted(json.dumps(_masked(call.body)))}'"]
        return " \\\n".join(lines)


def _masked(body: Any) -> Any:
    """What was sent, without secrets: people copy calls into places that others read."""
    if isinstance(body, Mapping):
        return {name: "…" if name in _SECRET and value else _masked(value) for name, value in body.items()}
    return list(map(_masked, body)) if isinstance(body, list) else body


def _within(visit: Visit, section: str) -> list[tuple[str, str, bool]]:
    path = visit.request.path
    return [(visit.t(text), uri, path == uri or path.startswith(uri + "/")) for text, uri in _WITHIN.get(section, ())]


def _quoted(text: str) -> str:
    return text.replace("'", "'\\''")
