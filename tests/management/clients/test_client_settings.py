"""Settings of apps and registered clients: what is kept, what is refused, and which URIs they may name."""

from typing import Any

import pytest

from tests.management.admin import Admin
from tests.management.apps import APPS, CLIENTS, an_app, app_body, web

#: Members of ``settings.oauthClient`` that ask for what is not built, each with the value that does not.
UNBUILT: list[tuple[str, Any, Any]] = [
    ("participate_slo", True, False),
    ("idp_initiated_login", {"mode": "SPEC", "default_scope": []}, {"mode": "DISABLED", "default_scope": []}),
    ("frontchannel_logout_uri", "https://app.example.com/out", None),
    ("frontchannel_logout_session_required", True, False),
    ("backchannel_user_code_parameter", True, False),
    ("backchannel_token_delivery_mode", "ping", "poll"),
    ("id_token_encrypted_response_alg", "RSA-OAEP-256", None),
    ("id_token_signed_response_alg", "none", "RS256"),
    ("userinfo_signed_response_alg", "RS256", None),
    ("introspection_signed_response_alg", "RS256", None),
    ("tls_client_certificate_bound_access_tokens", True, False),
    ("default_max_age", 300, None),
    ("network", {"connection": "ZONE", "include": ["nzoA"]}, {"connection": "ANYWHERE"}),
    ("subject_type", "pairwise", "public"),
    ("sector_identifier_uri", "https://app.example.com/sector", None),
]
#: The same for members of the app around it: path, value that is refused, value that is taken.
UNBUILT_OF_APPS: list[tuple[str, Any, Any]] = [
    ("settings.manualProvisioning", True, False),
    ("settings.inlineHookId", "calA", None),
    ("settings.identityStoreId", "0oaA", None),
    ("settings.app", {"url": "https://example.com"}, {}),
    ("settings.notifications", {"vpn": {"network": {"connection": "ANYWHERE"}}}, {"vpn": {}}),
    (
        "credentials.userNameTemplate",
        {"template": "${source.email}", "type": "BUILT_IN"},
        {"template": "${source.login}", "type": "BUILT_IN"},
    ),
]


def _with(path: str, value: Any) -> dict[str, Any]:
    body = app_body(**web())
    *above, name = path.split(".")
    place = body
    for step in above:
        place = place[step]
    place[name] = value
    return body


@pytest.mark.parametrize(("name", "refused", "taken"), UNBUILT)
def test_a_setting_that_is_not_built_is_refused_and_never_dropped(
    admin: Admin, name: str, refused: Any, taken: Any
) -> None:
    answer = admin.post(APPS, app_body(**web(**{name: refused})))

    assert (answer.status, answer.code) == (400, "E0000001")
    assert answer.json["errorSummary"].startswith(f"Api validation failed: settings.oauthClient.{name}")
    assert answer.causes[0].startswith(f"settings.oauthClient.{name}")
    assert admin.get(APPS).json == []
    assert admin.post(APPS, app_body(**web(**{name: taken}))).status == 200


@pytest.mark.parametrize(("name", "refused", "taken"), UNBUILT)
def test_a_registered_client_is_refused_it_too(admin: Admin, name: str, refused: Any, taken: Any) -> None:
    answer = admin.post(CLIENTS, web(client_name="web", **{name: refused}))

    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")
    assert answer.json["error_description"].startswith(name)
    assert admin.post(CLIENTS, web(client_name="web", **{name: taken})).status == 201


@pytest.mark.parametrize(("path", "refused", "taken"), UNBUILT_OF_APPS)
def test_settings_of_the_app_around_it_are_treated_alike(admin: Admin, path: str, refused: Any, taken: Any) -> None:
    answer = admin.post(APPS, _with(path, refused))

    assert (answer.status, answer.json["errorSummary"]) == (400, f"Api validation failed: {path}")
    assert admin.post(APPS, _with(path, taken)).status == 200


#: Members of ``settings.oauthClient``, and of registered clients, that are shown where they are on: on, and off.
PROTECTION: list[tuple[str, Any, Any]] = [
    ("require_pushed_authorization_requests", True, False),
    ("require_signed_request_object", True, False),
    ("request_object_signing_alg", "HS256", None),
    ("authorization_signed_response_alg", "ES256", None),
    ("token_endpoint_auth_signing_alg", "HS256", None),
]


def signing(**oauth: Any) -> dict[str, Any]:
    """Settings of a web app that signs by its secret."""
    return web(token_endpoint_auth_method="client_secret_jwt", **oauth)


@pytest.mark.parametrize(("name", "on", "off"), PROTECTION)
def test_what_protects_an_app_is_shown_and_stays_until_it_is_taken_away(
    admin: Admin, name: str, on: Any, off: Any
) -> None:
    """Tools that do not know the member replace apps without it: nobody loses it unnoticed."""
    app = an_app(admin, **signing(**{name: on}))
    path = f"{APPS}/{app['id']}"

    assert app["settings"]["oauthClient"][name] == on
    assert admin.put(path, app).json == app
    assert admin.put(path, app_body(**signing())).json["settings"]["oauthClient"][name] == on
    assert name not in admin.put(path, app_body(**signing(**{name: off}))).json["settings"]["oauthClient"]
    assert name not in admin.get(path).json["settings"]["oauthClient"]


@pytest.mark.parametrize(("name", "on", "off"), PROTECTION)
def test_what_protects_a_registered_client_cannot_be_left_out(admin: Admin, name: str, on: Any, off: Any) -> None:
    made = admin.post(CLIENTS, signing(client_name="web", **{name: on})).json
    path, sent = f"{CLIENTS}/{made['client_id']}", {k: v for k, v in made.items() if not k.startswith("client_secret")}

    assert made[name] == on
    assert admin.put(path, sent).json[name] == on
    assert admin.put(path, {k: v for k, v in sent.items() if k != name}).status == 400
    assert name not in admin.put(path, sent | {name: off}).json


def test_what_an_app_shows_can_be_sent_back(admin: Admin) -> None:
    app = an_app(admin, **web())

    again = admin.put(f"{APPS}/{app['id']}", app)

    assert again.status == 200
    assert again.json == app


def test_what_matters_to_no_token_is_kept_and_shown(admin: Admin) -> None:
    kept: dict[str, Any] = {
        "accessibility": {"selfService": True, "errorRedirectUrl": "https://a.example/e", "loginRedirectUrl": None},
        "visibility": {
            "autoLaunch": True,
            "autoSubmitToolbar": True,
            "hide": {"iOS": False, "web": True},
            "appLinks": {"oidc_client_link": False},
        },
    }
    body = app_body(**web(autoKeyRotation=False, network={"connection": "ANYWHERE"})) | kept
    body["settings"]["notes"] = {"admin": "owned by billing", "enduser": None}

    path = f"{APPS}/{admin.made(APPS, body)['id']}"

    shown = admin.get(path).json
    assert {name: shown[name] for name in kept} == kept
    assert shown["settings"]["notes"] == {"admin": "owned by billing", "enduser": None}
    assert shown["credentials"]["oauthClient"]["autoKeyRotation"] is False
    assert shown["settings"]["oauthClient"]["network"] == {"connection": "ANYWHERE"}
    defaults = admin.put(path, app_body(**web())).json
    assert defaults["visibility"]["hide"] == {"iOS": True, "web": True}
    assert defaults["credentials"]["oauthClient"]["autoKeyRotation"] is True
    assert "network" not in defaults["settings"]["oauthClient"]


@pytest.mark.parametrize("name", ["client_uri", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri"])
@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "http://app.example.com/",
        "ftp://app.example.com/",
        "//app.example.com/",
        "app.example.com",
        "https:///path",
        "https://app.example.com/\n",
        "https://app.example.com/\u0000",
        "https://app.example.com/\u202e",
        "https://app.example.com/ x",
        "https://good.example\\@evil.example/",
        "https://good.example@evil.example/",
        'https://app.example.com/"onload="x',
        "https://app.example.com:port/",
    ],
)
def test_uris_that_pages_may_show_are_https(admin: Admin, name: str, uri: str) -> None:
    answer = admin.post(APPS, app_body(**web(**{name: uri})))
    registered = admin.post(CLIENTS, web(client_name="web", **{name: uri}))

    assert (answer.status, answer.json["errorSummary"]) == (
        400,
        f"Api validation failed: settings.oauthClient.{name}",
    )
    assert (registered.status, registered.json["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize("member", ["errorRedirectUrl", "loginRedirectUrl"])
def test_so_are_those_of_error_and_login_pages(admin: Admin, member: str) -> None:
    answer = admin.post(APPS, app_body(**web()) | {"accessibility": {member: "javascript:alert(1)"}})

    assert (answer.status, answer.json["errorSummary"]) == (400, f"Api validation failed: accessibility.{member}")


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.com",
        "https://app.example.com:8443/a?b=c#d",
        "http://localhost:3000/",
        "http://127.0.0.1/",
        "http://[::1]:8080/logo.png",
    ],
)
def test_https_and_http_on_this_machine_are_kept(admin: Admin, uri: str) -> None:
    app = an_app(admin, **web(logo_uri=uri, tos_uri=""))

    assert app["settings"]["oauthClient"]["logo_uri"] == uri


@pytest.mark.parametrize(
    ("uri", "parameter"),
    [
        ("https://app.example.com/cb?code=1", "code"),
        ("https://app.example.com/cb?a=b&state", "state"),
        ("https://app.example.com/cb?iss=https%3A%2F%2Fevil.example", "iss"),
        ("https://app.example.com/cb?%65rror=x", "error"),
        ("https://app.example.com/cb?error_description=", "error_description"),
        ("https://app.example.com/cb?id_token=x", "id_token"),
        ("com.example.app:/cb?access_token=x", "access_token"),
    ],
)
@pytest.mark.parametrize("member", ["redirect_uris", "post_logout_redirect_uris"])
def test_a_redirect_uri_holds_no_parameter_of_an_answer(admin: Admin, uri: str, parameter: str, member: str) -> None:
    answer = admin.post(APPS, app_body(**web(**{member: [uri]})))
    registered = admin.post(CLIENTS, web(client_name="web", **{member: [uri]}))

    assert answer.causes == [
        f"settings.oauthClient.{member}: A query must not hold '{parameter}': answers carry it themselves."
    ]
    assert (registered.status, registered.json["error"]) == (400, "invalid_redirect_uri")


@pytest.mark.parametrize(
    "uri", ["https://app-*-x.example.com/cb", "https://*/cb", "https://app.example.com/*", "com.example.*:/cb"]
)
@pytest.mark.parametrize("member", ["redirect_uris", "post_logout_redirect_uris"])
def test_a_star_is_not_taken_literally(admin: Admin, uri: str, member: str) -> None:
    answer = admin.post(APPS, app_body(**web(**{member: [uri]})))

    assert answer.status == 400
    assert "'wildcard_redirect'" in answer.causes[-1]
    assert admin.post(CLIENTS, web(client_name="web", **{member: [uri]})).json["error"] == "invalid_redirect_uri"


def test_an_app_can_ask_for_wildcards_and_give_them_up_again(admin: Admin) -> None:
    uris = ["https://one.example.com/", "https://*.example.com/"]
    app = an_app(admin, **web(redirect_uris=uris, wildcard_redirect="SUBDOMAIN"))
    url = f"{APPS}/{app['id']}"

    shown = admin.get(url).json["settings"]["oauthClient"]
    left = admin.put(url, app_body(**web(redirect_uris=uris)))

    assert (shown["wildcard_redirect"], shown["redirect_uris"]) == ("SUBDOMAIN", uris)
    assert (left.status, "'wildcard_redirect'" in left.causes[-1]) == (400, True)
    assert admin.put(url, app_body(**web())).json["settings"]["oauthClient"]["wildcard_redirect"] == "DISABLED"


@pytest.mark.parametrize("uri", ["https://*.com/", "http://*.example.com/", "https://a.example.com/*"])
def test_a_wildcard_stands_in_the_leftmost_label_of_a_subdomain(admin: Admin, uri: str) -> None:
    answer = admin.post(APPS, app_body(**web(redirect_uris=[uri], wildcard_redirect="SUBDOMAIN")))

    assert answer.status == 400
    assert "leftmost label" in answer.causes[-1]


def test_people_come_back_from_signing_out_to_no_wildcard(admin: Admin) -> None:
    uris = ["https://*.example.com/"]
    answer = admin.post(APPS, app_body(**web(post_logout_redirect_uris=uris, wildcard_redirect="SUBDOMAIN")))

    assert answer.causes == [
        "settings.oauthClient.post_logout_redirect_uris: '*' is taken only in redirect URIs of apps whose "
        "'wildcard_redirect' is 'SUBDOMAIN'."
    ]


def test_registered_metadata_cannot_ask_for_wildcards_and_leaves_those_of_an_app_alone(admin: Admin) -> None:
    uris = ["https://*.example.com/"]
    app = an_app(admin, **web(redirect_uris=uris, wildcard_redirect="SUBDOMAIN"))
    refused = admin.post(CLIENTS, web(client_name="web", wildcard_redirect="SUBDOMAIN"))

    changed = admin.put(f"{CLIENTS}/{app['id']}", admin.get(f"{CLIENTS}/{app['id']}").json | {"client_name": "renamed"})

    assert (refused.status, refused.json["error"]) == (400, "invalid_client_metadata")
    assert (changed.status, changed.json["redirect_uris"]) == (200, uris)
    assert admin.get(f"{APPS}/{app['id']}").json["settings"]["oauthClient"]["wildcard_redirect"] == "SUBDOMAIN"


@pytest.mark.parametrize(
    "uri",
    [
        "com.example.app://",
        "com.example.app:/",
        "com.example.app://callback",
        "https://app.example.com/cb?tenant=7",
        "http://[::1]:7777/cb",
        "http://app.example.com/cb",
    ],
)
def test_redirect_uris_that_are_taken(admin: Admin, uri: str) -> None:
    app = an_app(admin, **web(application_type="native", redirect_uris=[uri]))

    assert app["settings"]["oauthClient"]["redirect_uris"] == [uri]


@pytest.mark.parametrize("uri", ["com.example.app:", "https://", "http:///cb", "://x", "https://:443/cb"])
def test_redirect_uris_without_a_place_are_refused(admin: Admin, uri: str) -> None:
    assert admin.post(APPS, app_body(**web(application_type="native", redirect_uris=[uri]))).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"name": "bookmark", "label": "b", "settings": {"app": {"url": "https://example.com"}}},
        {"name": "bookmark", "label": "b", "signOnMode": "BOOKMARK"},
        {"label": "s", "signOnMode": "SAML_2_0"},
        {"name": "office365", "label": "o", "signOnMode": "SAML_1_1"},
    ],
)
def test_other_kinds_of_apps_are_refused_with_the_kinds_there_are(admin: Admin, body: dict[str, Any]) -> None:
    answer = admin.post(APPS, body)

    assert (answer.status, answer.code) == (400, "E0000001")
    assert "OpenID Connect apps" in answer.causes[0]
    assert "web, native, browser and service" in answer.causes[0]


def test_a_service_may_name_implicit_without_a_redirect_uri(admin: Admin) -> None:
    grants = ["implicit", "client_credentials"]

    app = an_app(admin, grant_types=grants, response_types=["token"])

    assert app["settings"]["oauthClient"]["grant_types"] == grants
    assert app["settings"]["oauthClient"]["redirect_uris"] == []


def test_a_public_client_must_use_pkce_says_the_text_that_tools_know(admin: Admin) -> None:
    answer = admin.post(APPS, app_body(**web(token_endpoint_auth_method="none", pkce_required=False)))

    assert answer.causes == [
        "credentials.oauthClient.pkce_required: ''pkce_required'' must be set to true when "
        "''token_endpoint_auth_method'' is ''none''"
    ]


def test_the_issuer_mode_that_terraform_posts_is_kept(admin: Admin) -> None:
    app = an_app(admin, **web())
    path = f"/api/v1/internal/apps/{app['id']}/settings/oauth/idToken"

    assert admin.post(path, {"issuerMode": "ORG_URL"}).json["issuerMode"] == "ORG_URL"

    assert admin.get(path).json["issuerMode"] == "ORG_URL"
    assert admin.get(f"{APPS}/{app['id']}").json["settings"]["oauthClient"]["issuer_mode"] == "ORG_URL"
    assert admin.post(path, {"issuerMode": "NONE"}).status == 400


@pytest.mark.parametrize(
    "claim",
    [
        {"name": "groups", "valueType": "GROUPS", "value": "Eng", "groupFilterType": "CONTAINS"},
        {"name": "groups", "valueType": "EXPRESSION", "value": "user.getGroups({'group.type': 'OKTA_GROUP'}).![name]"},
    ],
)
def test_the_groups_claim_of_an_app_is_kept_and_goes_when_it_is_left_out(admin: Admin, claim: dict[str, str]) -> None:
    app = an_app(admin, **web())
    path = f"/api/v1/internal/apps/{app['id']}/settings/oauth/idToken"

    assert admin.post(path, claim | {"issuerMode": "ORG_URL"}).status == 200

    shown = admin.get(path).json
    assert {name: shown[name] for name in claim} == claim
    assert shown["audience"] == app["id"]
    assert ("groupFilterType" in shown) is (claim["valueType"] == "GROUPS")
    assert admin.put(f"{APPS}/{app['id']}", app).status == 200
    assert admin.get(path).json == shown | {"issuerMode": app["settings"]["oauthClient"]["issuer_mode"]}
    assert "name" not in admin.post(path, {"issuerMode": "ORG_URL"}).json
    assert "name" not in admin.get(path).json


@pytest.mark.parametrize(
    ("claim", "field"),
    [
        ({"name": "groups", "valueType": "GROUPS"}, "value"),
        ({"name": "groups", "valueType": "GROUPS", "value": "(", "groupFilterType": "REGEX"}, "value"),
        ({"name": "groups", "valueType": "EXPRESSION", "value": "user.nope"}, "value"),
        ({"name": "groups", "valueType": "SYSTEM", "value": "x"}, "valueType"),
        ({"name": "groups", "value": "x", "groupFilterType": "ENDS_WITH"}, "groupFilterType"),
        ({"name": "sub", "value": "x"}, "name"),
        ({"name": "email", "value": "x"}, "name"),
    ],
)
def test_a_groups_claim_that_cannot_be_is_refused(admin: Admin, claim: dict[str, str], field: str) -> None:
    app = an_app(admin, **web())

    answer = admin.post(f"/api/v1/internal/apps/{app['id']}/settings/oauth/idToken", claim)

    assert (answer.status, answer.json["errorSummary"]) == (400, f"Api validation failed: {field}")
