"""Whatever is sent: a 4xx with the envelope as body, nothing stored, never an exception."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.management.admin import SERVERS, Admin
from tests.support.fakes import NOW

ROUTES = [
    ("POST", SERVERS),
    ("PUT", f"{SERVERS}/default"),
    ("POST", f"{SERVERS}/default/scopes"),
    ("POST", f"{SERVERS}/default/claims"),
    ("POST", f"{SERVERS}/default/policies"),
    ("POST", f"{SERVERS}/default/policies/{{policy}}/rules"),
    ("PUT", f"{SERVERS}/default/policies/{{policy}}"),
    ("POST", f"{SERVERS}/default/associatedServers"),
    ("POST", f"{SERVERS}/default/credentials/lifecycle/keyRotate"),
    ("POST", "/api/v1/apps"),
    ("PUT", "/api/v1/apps/{client}"),
    ("POST", "/oauth2/v1/clients"),
    ("PUT", "/oauth2/v1/clients/{client}"),
    ("POST", "/api/v1/apps/{client}/credentials/jwks"),
    ("POST", "/api/v1/users"),
    ("POST", "/api/v1/users/{user}"),
    ("PUT", "/api/v1/users/{user}"),
    ("POST", "/api/v1/users/{user}/credentials/change_password"),
    ("POST", "/api/v1/groups"),
    ("PUT", "/api/v1/groups/{group}"),
    ("POST", "/api/v1/meta/schemas/user/default"),
    ("POST", "/api/v1/apps/{client}/users"),
    ("PUT", "/api/v1/apps/{client}/groups/{group}"),
]
BODIES = {
    "truncated": b'{"name":',
    "not JSON": b"name=x",
    "not UTF-8": b'{"name":"\xff"}',
    "a list": b"[]",
    "null": b"null",
    "a name twice": b'{"name":"a","name":"b"}',
    "a name twice below": b'{"conditions":{"x":1,"x":2}}',
    "NaN": b'{"priority":NaN}',
    "nested": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "6 MB": b'{"name":"' + b"x" * 6_000_000 + b'"}',
    "a lone surrogate": b'{"name":"\\ud800"}',
    "a byte order mark": b'\xef\xbb\xbf{"name":"a"}',
    "an absurd number": b'{"priority":' + b"9" * 1_000 + b"}",
}


class Deployment(Admin):
    """With a policy, a client, a user and a group to send things to."""

    def __init__(self) -> None:
        super().__init__()
        self.policy = self.made(f"{SERVERS}/default/policies", {"name": "p"})["id"]
        self.client = self.made(
            "/oauth2/v1/clients",
            {"client_name": "c", "application_type": "service", "grant_types": ["client_credentials"]},
        )["client_id"]
        profile = {"login": "ann@example.com", "email": "ann@example.com", "firstName": "Ann", "lastName": "Lee"}
        self.user = self.made("/api/v1/users", {"profile": profile})["id"]
        self.group = self.made("/api/v1/groups", {"profile": {"name": "g"}})["id"]

    def path(self, template: str) -> str:
        return template.format(policy=self.policy, client=self.client, user=self.user, group=self.group)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize(("method", "template"), ROUTES)
def test_bodies_that_are_no_json_object_are_malformed_and_change_nothing(
    method: str, template: str, body: bytes
) -> None:
    admin = Deployment()
    events = len(admin.storage.events)

    answer = admin.call(method, admin.path(template), raw=body)

    assert (answer.status, answer.code) == (400, "E0000003")
    assert len(admin.storage.events) == events


NAMES = """
id name label audiences description issuerMode credentials signing alg rotationMode status priority conditions clients
include people users groups scopes grantTypes actions token accessTokenLifetimeMinutes valueType claimType value
group_filter_type default optional consent settings oauthClient application_type grant_types redirect_uris jwks keys
kty kid use n e client_name client_id client_secret token_endpoint_auth_method trusted signOnMode
profile login email firstName lastName password groupIds recovery_question definitions custom properties title type enum
oldPassword newPassword items userName
"""
names = st.sampled_from(NAMES.split())
words = st.sampled_from(
    [
        "",
        "x",
        "ACTIVE",
        "RESOURCE",
        "EXPRESSION",
        "GROUPS",
        "REGEX",
        "'a'",
        "*",
        "default",
        "service",
        "web",
        "RSA",
        "sig",
    ]
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False)
    | words
    | st.text(max_size=20)
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5), max_leaves=20
)


@given(st.sampled_from(ROUTES), st.dictionaries(names, values, max_size=8))
def test_any_object_is_answered_by_success_or_a_refusal_that_changes_nothing(
    route: tuple[str, str], body: dict[str, Any]
) -> None:
    admin = Deployment()
    events = len(admin.storage.events)
    try:
        raw = json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raw = json.dumps(body).encode()

    answer = admin.call(route[0], admin.path(route[1]), raw=raw)

    if answer.status < 300:
        assert answer.json is not None
        return
    assert 400 <= answer.status < 500
    assert "errorCode" in answer.json or "error" in answer.json
    assert len(admin.storage.events) == events
    assert admin.clock.now() == NOW


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=30))
def test_any_path_is_answered(text: str) -> None:
    answer = Admin().call("GET", f"{SERVERS}/{text}".partition("?")[0])

    assert answer.status in {200, 404, 405}


@pytest.mark.parametrize("query", ["limit=abc", "limit=1e3", "limit=%C3%B6", "after=%00", "after=" + "x" * 2_000])
def test_bad_paging_is_refused(query: str) -> None:
    assert Admin().get(f"{SERVERS}?{query}").status == 400


@pytest.mark.parametrize("method", ["delete", "Delete", "get", "pOST", "put"])
def test_a_method_in_another_case_is_another_method(method: str) -> None:
    """RFC 9110 §9.1."""
    admin = Deployment()

    answer = admin.call(method, f"{SERVERS}/default/policies/{admin.policy}")

    assert (answer.status, answer.code) == (405, "E0000022")
    assert admin.get(f"{SERVERS}/default/policies/{admin.policy}").status == 200
