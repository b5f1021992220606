"""Userinfo, scripts of other origins, and the state of every kind of token of people."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.http import Request, Response
from authmint.storage.servers import Claim
from authmint.storage.trusted_origins import OriginList, TrustedOrigin

from tests.oauth.code_flow import OTHER, REDIRECT, Flow, a_code_server, a_web_client
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID, a_form, basic
from tests.support.fakes import NOW, decoded

# Userinfo


def ask(flow: Flow, token: str | None, *, method: str = "GET", server_id: str = SERVER_ID, **changes: Any) -> Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    values: dict[str, Any] = {
        "method": method,
        "path": f"/oauth2/{server_id}/v1/userinfo",
        "base_url": BASE_URL,
        "headers": headers,
    }
    values |= {"path_parameters": {"authServerId": server_id}} | changes
    return flow.userinfo(Request(**values))


def test_userinfo_says_all_claims_of_the_scopes() -> None:
    server = a_code_server()
    claim = Claim("ocl1", "sub", "IDENTITY", "EXPRESSION", "'somebody else'")
    flow = Flow(replace(server, claims=(*server.claims, claim)))
    body = flow.signed_in(scopes=("openid", "profile", "email"))

    said = decoded(ask(flow, body["access_token"]).body)

    assert said["sub"] == "00uA"
    assert (said["given_name"], said["email"]) == ("Ann", "ann@example.com")
    posted = ask(
        flow,
        None,
        method="POST",
        headers={"content-type": "application/x-www-form-urlencoded"},
        body=f"access_token={body['access_token']}".encode(),
    )
    assert decoded(posted.body) == said


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"headers": {}}, 401, "invalid_request"),
        ({"headers": {"authorization": "Basic abc"}}, 401, "invalid_token"),
        ({"headers": {"authorization": "Bearer abc"}}, 401, "invalid_token"),
        ({"query": (("access_token", "x"),)}, 400, "invalid_request"),
        ({"server_id": "ausOther"}, 401, "invalid_token"),
        ({"server_id": "ausNobody"}, 400, "invalid_request"),
    ],
)
def test_userinfo_refuses(changes: dict[str, Any], status: int, error: str) -> None:
    flow = Flow()
    answer = ask(flow, flow.signed_in()["access_token"], **changes)

    assert (answer.status, decoded(answer.body)["error"]) == (status, error)
    if status == 401:
        assert f'error="{error}"' in dict(answer.headers)["www-authenticate"]


def test_userinfo_asks_for_the_sign_in_that_its_server_wants() -> None:
    """RFC 9470 §3: the challenge is what the client asks the authorization endpoint for."""
    wanted: dict[str, Any] = {"userinfo_acr_values": ("phr", "urn:okta:loa:2fa:any"), "userinfo_max_age": 300}
    flow = Flow(replace(a_code_server(), **wanted))

    def status(*, acr: str | None = "phr", auth_time: int = NOW - 300) -> int:
        answer = ask(flow, flow.signed_in(acr=acr, auth_time=auth_time)["access_token"])
        if answer.status == 200:
            return 200
        assert decoded(answer.body)["error"] == "insufficient_user_authentication"
        assert dict(answer.headers)["www-authenticate"] == (
            'Bearer error="insufficient_user_authentication", error_description="The user authentication context is '
            'insufficient to perform the action", acr_values="phr urn:okta:loa:2fa:any", max_age="300"'
        )
        return answer.status

    assert (status(), status(acr="urn:okta:loa:2fa:any")) == (200, 200)
    assert (status(acr=None), status(acr="urn:okta:loa:1fa:any"), status(auth_time=NOW - 301)) == (401, 401, 401)
    open_to_all = Flow(replace(a_code_server(), userinfo_max_age=300))
    assert ask(open_to_all, open_to_all.signed_in(acr=None)["access_token"]).status == 200


def test_userinfo_needs_openid_and_a_user_who_still_is() -> None:
    flow = Flow()
    without, token = flow.signed_in(scopes=("orders:read",)), flow.signed_in()["access_token"]

    refused = ask(flow, without["access_token"])
    assert refused.status == 403
    assert dict(refused.headers)["expires"] == "0"
    assert 'error="insufficient_scope"' in dict(refused.headers)["www-authenticate"]
    user = flow.storage.users.get("00uA")
    flow.storage.users.save(user, replace(user, status="SUSPENDED"), [])
    assert ask(flow, token).status == 401


def test_userinfo_takes_no_other_kind_of_token() -> None:
    flow = Flow()
    body = flow.signed_in()

    for other in (body["id_token"], body["refresh_token"]):
        assert ask(flow, other).status == 401


# Introspection and revocation


def test_introspection_knows_every_kind() -> None:
    flow = Flow()
    body = flow.signed_in()

    access, identity, refresh = (flow.state(body[kind]) for kind in ("access_token", "id_token", "refresh_token"))

    assert (access["username"], access["token_type"]) == ("ann@example.com", "Bearer")
    assert (identity["aud"], identity["username"]) == (CLIENT_ID, "ann@example.com")
    assert "token_type" not in identity
    assert refresh == {
        "active": True,
        "token_type": "Bearer",
        "scope": "openid orders:read offline_access",
        "client_id": CLIENT_ID,
        "username": "ann@example.com",
        "sub": "ann@example.com",
        "exp": NOW + 7 * 86_400,
    }


def test_a_refresh_token_is_the_business_of_its_client_only() -> None:
    flow = Flow()
    token = flow.signed_in()["refresh_token"]

    asked = a_form({"token": token}, headers=basic(OTHER), path="introspect")

    assert decoded(flow.introspect(asked).body) == {"active": False}
    flow.revoke(a_form({"token": token}, headers=basic(OTHER), path="revoke"))
    assert flow.alive(token)


def test_revoking_a_refresh_token_takes_its_access_tokens_along_and_not_the_other_way() -> None:
    flow = Flow()
    body = flow.signed_in()

    flow.revoke(a_form({"token": body["access_token"]}, headers=basic(), path="revoke"))
    assert (flow.alive(body["access_token"]), flow.alive(body["refresh_token"])) == (False, True)
    again = decoded(flow.refresh(body["refresh_token"]).body)
    flow.revoke(a_form({"token": again["refresh_token"]}, headers=basic(), path="revoke"))

    assert (flow.alive(again["access_token"]), flow.alive(again["refresh_token"])) == (False, False)
    kinds = [event.targets[0].type for event in flow.events.emitted if event.type.endswith("token.revoke")]
    assert kinds == ["access_token", "refresh_token"]


# Scripts of other origins


def a_script(flow: Flow, origin: str, **changes: Any) -> Response:
    form = {"grant_type": "authorization_code", "code": flow.code(), "redirect_uri": REDIRECT, "client_id": CLIENT_ID}
    form |= {"code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"} | changes
    return flow.token(a_form(form, headers={"origin": origin}))


def a_spa(**changes: Any) -> Any:
    return a_web_client(**{"application_type": "browser", "auth_method": "none", "secrets": ()} | changes)


def test_a_script_of_the_clients_own_site_gets_tokens_that_it_can_read() -> None:
    answer = a_script(Flow(client=a_spa()), "https://APP.example")

    assert answer.status == 200
    assert dict(answer.headers)["access-control-allow-origin"] == "https://APP.example"


def test_a_script_of_another_site_gets_none() -> None:
    flow = Flow(client=a_spa())

    for origin in ("https://evil.example", "null", "https://app.example.evil.example"):
        answer = a_script(flow, origin)

        assert flow.reason(answer) == "illegal_origin_browser_request"
        assert "access-control-allow-origin" not in dict(answer.headers), "nor may it read why"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_the_page_of_a_native_application_may_be_on_any_port_of_its_loopback_host(host: str) -> None:
    uri = f"http://{host}:6274/oauth/callback"
    native = Flow(client=a_spa(application_type="native", redirect_uris=(uri,)))
    strict = Flow(client=a_spa(redirect_uris=(uri,)))

    def asked(flow: Flow, origin: str) -> Response:
        return a_script(flow, origin, code=flow.code(redirect_uri=uri), redirect_uri=uri)

    assert asked(native, f"http://{host}:6301").status == asked(native, f"http://{host}").status == 200
    for origin in (
        f"https://{host}:6274",
        "http://127.0.0.2:6274",
        f"http://{host}.evil.example",
        "http://evil.example",
    ):
        assert native.reason(asked(native, origin)) == "illegal_origin_browser_request", origin
    assert asked(strict, f"http://{host}:6274").status == 200
    assert strict.reason(asked(strict, f"http://{host}:6301")) == "illegal_origin_browser_request"


def test_a_script_of_the_clients_site_reads_why_it_was_refused() -> None:
    flow = Flow(client=a_spa())
    form = {"grant_type": "authorization_code", "client_id": CLIENT_ID, "code": "unknown", "redirect_uri": REDIRECT}
    answer = flow.token(a_form(form, headers={"origin": "https://app.example"}))

    assert flow.reason(answer) == "invalid_authorization_code"
    assert dict(answer.headers)["access-control-allow-origin"] == "https://app.example"


def test_a_script_of_a_trusted_site_gets_its_tokens() -> None:
    flow = Flow(client=a_spa())
    shop = TrustedOrigin("tos1", "shop", "https://shop.example", ("CORS",), NOW, "00u1", NOW, "00u1")
    flow.storage.trusted_origins.save(OriginList(), OriginList((shop,)), [])

    answer = a_script(flow, "https://shop.example")

    assert answer.status == 200
    assert dict(answer.headers)["access-control-allow-origin"] == "https://shop.example"
    assert flow.reason(a_script(flow, "https://evil.example")) == "illegal_origin_browser_request"


def test_a_script_has_no_secret() -> None:
    flow = Flow()
    form = {"grant_type": "authorization_code", "code": flow.code(), "redirect_uri": REDIRECT}
    answer = flow.token(a_form(form, headers={**basic(), "origin": "https://app.example"}))

    assert flow.reason(answer) == "unsupported_auth_method_browser_request"
