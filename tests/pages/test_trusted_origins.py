"""Scripts of trusted sites may call what cookies reach; scripts of all others may not, and cannot read a word of it."""

import json
from typing import Any

import pytest
from authmint.http import Request, Response
from authmint.policy.sign_on.assurance import Assurance
from authmint.sign_on.requirement import Demanded, Remembering, Requirement
from authmint.storage.trusted_origins import OriginList, TrustedOrigin

from tests.pages.hosted import PASSWORD, Hosted
from tests.support.apps import App
from tests.support.fakes import FrozenClock

SHOP = "https://shop.example.com"
CALLS = [
    ("POST", "/api/v1/authn"),
    ("POST", "/api/v1/sessions"),
    ("GET", "/api/v1/sessions/me"),
    ("DELETE", "/api/v1/sessions/me"),
    ("POST", "/api/v1/sessions/me/lifecycle/refresh"),
]


def hosted(**changes: Any) -> Hosted:
    deployment = Hosted()
    values = {"scopes": ("CORS", "REDIRECT")} | changes
    one = TrustedOrigin(
        "tos1", "shop", f"{SHOP}/", created_at=1, created_by="a", updated_at=1, updated_by="a", **values
    )
    origins = deployment.storage.trusted_origins
    origins.save(origins.get(), OriginList((one,)), [])
    return deployment


def called(
    deployment: Hosted, method: str, path: str, body: Any = None, *, origin: str = SHOP, **headers: str
) -> Response:
    sent = {"origin": origin, "sec-fetch-site": "cross-site", "content-type": "application/json"} | headers
    request = Request(
        method=method,
        path=path,
        base_url="https://acme.example.com",
        headers=sent,
        body=b"" if body is None else json.dumps(body).encode(),
    )
    answer = deployment.site(request)
    assert answer is not None
    return answer


def cors(answer: Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers if name.startswith("access-control-")}


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_trusted_site_is_promised_and_given_the_same(method: str, path: str) -> None:
    deployment = hosted()

    promised = called(deployment, "OPTIONS", path, **{"access-control-request-headers": "X-Okta-User-Agent-Extended"})
    given = called(deployment, method, path)

    assert (promised.status, cors(promised)["access-control-allow-headers"]) == (204, "X-Okta-User-Agent-Extended")
    assert method in cors(promised)["access-control-allow-methods"]
    for answer in (promised, given):
        assert cors(answer)["access-control-allow-origin"] == SHOP
        assert cors(answer)["access-control-allow-credentials"] == "true"
        assert ("vary", "Origin") in answer.headers
    assert given.status != 403


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    ("changes", "origin"),
    [
        ({}, "https://evil.example.com"),
        ({}, "https://shop.example.com.evil.example"),
        ({}, "http://shop.example.com"),
        ({}, "https://shop.example.com:8443"),
        ({}, "null"),
        ({"status": "INACTIVE"}, SHOP),
        ({"scopes": ("REDIRECT",)}, SHOP),
    ],
)
def test_nobody_else_is(method: str, path: str, changes: dict[str, Any], origin: str) -> None:
    deployment = hosted(**changes)

    answers = [called(deployment, verb, path, origin=origin) for verb in ("OPTIONS", method)]

    assert [cors(answer) for answer in answers] == [{}, {}]
    if "sessions" in path:
        assert answers[1].status == 403


def test_a_trusted_site_signs_somebody_in_and_out() -> None:
    deployment = hosted()

    proved = called(deployment, "POST", "/api/v1/authn", {"username": "ann@example.com", "password": PASSWORD})
    token = json.loads(proved.body)["sessionToken"]
    session = called(deployment, "POST", "/api/v1/sessions", {"sessionToken": token})

    assert (proved.status, session.status) == (200, 200)
    assert json.loads(session.body)["login"] == "ann@example.com"
    assert cors(session)["access-control-allow-origin"] == SHOP


@pytest.mark.parametrize(("origin", "site"), [(SHOP, "None"), ("https://acme.example.com", "Lax")])
def test_who_signs_in_at_a_trusted_site_is_remembered_there(origin: str, site: str) -> None:
    deployment = hosted()
    two = Requirement(assurances=(Assurance(two_factors=True),), remembering=Remembering(60))
    deployment.demands.sign_on = Demanded(requirement=two)
    clock = deployment.clock
    assert isinstance(clock, FrozenClock)
    app, factor = App.of(deployment.user_factors, deployment.storage.users.get("00uA"), clock)
    name = {"username": "ann@example.com", "password": PASSWORD}
    state = json.loads(called(deployment, "POST", "/api/v1/authn", name, origin=origin).body)
    body = {"stateToken": state["stateToken"], "passCode": app.code}
    request = Request(
        "POST",
        f"/api/v1/authn/factors/{factor.id}/verify",
        "https://acme.example.com",
        query=(("rememberDevice", "true"),),
        headers={"origin": origin, "content-type": "application/json"},
        body=json.dumps(body).encode(),
    )

    answer = deployment.site(request)

    assert answer is not None
    (cookie,) = [value for _, value in answer.headers if value.startswith("__Host-authmint-device=")]
    assert cookie.endswith(f"Path=/; HttpOnly; SameSite={site}; Secure")
