"""A new server, and with it, where that is asked for, a first client that gets tokens at once."""

import base64
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from ...http import Response
from ..app_samples import samples
from ..errors import ApiProblem, SignedOut, StepUp
from ..families.servers import SERVERS
from ..fields import BadField, Field, at
from ..forms import fill, inputs, problem_of, see_other, status_of
from ..rendering import Crumb, Renderer
from ..visit import Visit
from .frame import SERVERS_API

_CLIENTS: Final = "/oauth2/v1/clients"
FIRST: Final = (
    Field(
        "first.scope",
        "Scope",
        code=True,
        hint="What the API lets it do, as orders:read. More of them can be made afterwards.",
    ),
    Field("first.service", "Program", hint="Its name. It gets an id and a secret, and tokens for itself."),
)


@dataclass(frozen=True)
class Wizard:
    """``/console/servers/new``."""

    render: Renderer

    def __call__(self, visit: Visit) -> Response:
        """The form; on POST everything is made, or nothing."""
        typed: dict[str, Any] = {}
        problem: ApiProblem | BadField | None = None
        if visit.request.method == "POST":
            try:
                fill(typed, (*SERVERS.makes, *FIRST), visit)
                scope, service = (str(at(typed, field.path) or "").strip() for field in FIRST)
                if bool(scope) != bool(service):
                    missing = FIRST[0] if service else FIRST[1]
                    raise BadField(missing.path, visit.t("A first program needs a scope, and a scope a program."))
                server = {name: value for name, value in typed.items() if name != "first"}
                if not service:
                    made = visit.api.post(SERVERS_API, server)
                    return see_other(f"/console/servers/{quote(made['id'], safe='')}?said=made")
                return self._made(visit, scope, *_all(visit, server, scope, service))
            except (BadField, ApiProblem) as refused:
                problem = refused
        again = problem is not None
        values = {
            "title": visit.t("New authorization server"),
            "fields": inputs(visit, SERVERS.makes, typed, new=True, again=again),
            "first": inputs(visit, FIRST, typed, new=True, again=again),
            "problem": problem_of(problem),
        }
        return self._page("server_new.html", visit, values, status_of(problem))

    def _made(self, visit: Visit, scope: str, server: Mapping[str, Any], client: Mapping[str, Any]) -> Response:
        """How a token is got from it: shown once, as the secret is."""
        issuer, client_id, secret = server["issuer"], client["client_id"], client["client_secret"]
        method, settings = "client_secret_basic", {"grant_types": ["client_credentials"]}
        [(_, curl)] = samples(issuer, scope, client_id, secret, method, settings)
        values = {
            "title": visit.t("{name} is made", name=server["name"]),
            "issuer": issuer,
            "client_id": client_id,
            "secret": secret,
            "curl": curl,
            "python": _python(issuer, scope, client_id, secret),
            "home": f"/console/servers/{quote(server['id'], safe='')}",
            "scope": scope,
        }
        return self._page("server_made.html", visit, values, 200)

    def _page(self, template: str, visit: Visit, values: Mapping[str, Any], status: int) -> Response:
        common = {
            "section": SERVERS.section,
            "guide": SERVERS.guide,
            "crumbs": [Crumb(visit.t(SERVERS.title), "/console/servers")],
        }
        return self.render.page(template, visit, {**common, **values}, status=status)


def _all(visit: Visit, wanted: Any, scope: str, service: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Server, scope, client, policy and rule; where one is refused, those before it go again."""
    undo: list[Callable[[], Any]] = []
    api = visit.api
    try:
        server = api.post(SERVERS_API, wanted)
        own = f"{SERVERS_API}/{quote(server['id'], safe='')}"
        undo += [lambda: api.delete(own), lambda: api.post(f"{own}/lifecycle/deactivate")]
        api.post(f"{own}/scopes", {"name": scope})
        client = api.post(_CLIENTS, _client(service))
        undo.append(lambda: api.delete(f"{_CLIENTS}/{quote(client['client_id'], safe='')}"))
        policy = api.post(f"{own}/policies", _policy(service, client["client_id"]))
        api.post(f"{own}/policies/{quote(policy['id'], safe='')}/rules", _rule(scope))
    except (ApiProblem, SignedOut, StepUp):
        for step in reversed(undo):
            with suppress(ApiProblem, SignedOut, StepUp):
                step()
        raise
    return server, client


def _client(name: str) -> Any:
    return {
        "client_name": name,
        "application_type": "service",
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
    }


def _policy(service: str, client_id: str) -> Any:
    return {
        "type": "OAUTH_AUTHORIZATION_POLICY",
        "name": service,
        "description": service,
        "conditions": {"clients": {"include": [client_id]}},
    }


def _rule(scope: str) -> Any:
    return {
        "type": "RESOURCE_ACCESS",
        "name": scope,
        "conditions": {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": [scope]}},
    }


def _python(issuer: str, scope: str, client_id: str, secret: str) -> str:
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return f"""import json
from urllib.parse import urlencode
from urllib.request import Request, urlopen

wanted = urlencode({{"grant_type": "client_credentials", "scope": {json.dumps(scope)}}})
request = Request(
    {json.dumps(f"{issuer}/v1/token")},
    data=wanted.encode(),
    headers={{"authorization": "Basic {basic}"}},
)
with urlopen(request) as answer:
    print(json.load(answer)["access_token"])"""
