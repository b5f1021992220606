"""Every resource of the management API with DynamoDB and KMS failing at every call; KMS failing wherever it is used."""

import itertools
import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from authmint.storage.errors import Unavailable

from tests.functions.aged_keys import OTHER, aged
from tests.functions.assertions import asserted
from tests.functions.deployment import Functions, form_event, load_event
from tests.functions.faults import (
    ASK,
    FAULTS,
    KMS_FAULTS,
    OPERATIONS,
    SERVERS,
    Faults,
    admin,
    directory,
    only_kms,
    prepared,
    refusal,
    state,
)
from tests.functions.hook_flows import HTTP, INLINE, an_inline_hook
from tests.management.federation.idps import an_idp
from tests.support.backend import Deployed
from tests.support.key_pairs import private_jwk_pair

#: The same few lines, ten thousand times: other tests say which of them are reached at all.
pytestmark = pytest.mark.no_cover
NUMBERS = itertools.count()
ALL = {"clients": {"include": ["ALL_CLIENTS"]}}
RULE = {
    "name": "r2",
    "conditions": {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}},
}
CLAIM = {"name": "c2", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": '"x"'}
APP = {
    "name": "oidc_client",
    "signOnMode": "OPENID_CONNECT",
    "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
    "settings": {"oauthClient": {"application_type": "service", "grant_types": ["client_credentials"]}},
}
ATTRIBUTE = {"definitions": {"custom": {"properties": {"a{number}": {"title": "A", "type": "string"}}}}}
SERVER = SERVERS + "/{server}"
APPS = "/api/v1/apps/{client}"


def jwk() -> dict[str, Any]:
    return {**private_jwk_pair("ES256")[0], "kid": f"k{next(NUMBERS)}", "use": "sig", "status": "INACTIVE"}


def user(name: str) -> dict[str, Any]:
    login = f"{name}@example.com"
    profile = {"login": login, "email": login, "firstName": "N", "lastName": "W"}
    return {"profile": profile, "credentials": {"password": {"value": "Correct-Horse-7"}}}


def group_rule(group: str, name: str) -> dict[str, Any]:
    return {
        "type": "group_rule",
        "name": name,
        "conditions": {"expression": {"value": "true"}},
        "actions": {"assignUserToGroups": {"groupIds": [group]}},
    }


PROVISIONED = {"name": {"givenName": "N", "familyName": "W"}}
QUESTION = {"factorType": "question", "profile": {"question": "first_award", "answer": "swimming"}}


def event_hook(name: str) -> dict[str, Any]:
    return {"name": name, "events": {"type": "EVENT_TYPE", "items": ["user.session.start"]}, "channel": HTTP}


TRUSTED = {"issuer": "https://idp.example", "use": "ID_JAG", "jwksUri": "https://idp.example/keys"}
TRUSTED_AFTER = {"use": "ID_JAG", "jwksUri": "https://idp.example/other"}


class Objects:
    """Makes what an operation is about, anew for each attempt where it goes with the attempt."""

    def __init__(self, functions: Functions, ready: tuple[str, str, str]) -> None:
        self.functions = functions
        self.server, self.client, _ = ready

    def make(self, kind: str) -> str:
        base, number = SERVER.format(server=self.server), next(NUMBERS)
        makers: dict[str, Callable[[], Any]] = {
            "scope": lambda: self.made(f"{base}/scopes", {"name": f"s{number}"}),
            "claim": lambda: self.made(f"{base}/claims", CLAIM | {"name": f"c{number}"}),
            "policy": lambda: self.made(f"{base}/policies", {"name": f"p{number}", "conditions": ALL}),
            "rule": lambda: self.made(f"{base}/policies/{self.policy()}/rules", RULE | {"name": f"r{number}"}),
            "server": lambda: self.made(SERVERS, OTHER | {"name": f"o{number}"}),
            "trusted": self.trusted,
            "trusted issuer": lambda: self.made(
                f"{base}/trustedIssuers", TRUSTED | {"issuer": f"https://t{number}.example"}
            ),
            "key": lambda: self.functions.admin("GET", f"{base}/credentials/keys")[0]["kid"],
            "app": lambda: self.made("/api/v1/apps", APP | {"label": f"a{number}"}),
            "inactive app": self.inactive_app,
            "secret": self.secret,
            "jwk": lambda: self.made(APPS.format(client=self.client) + "/credentials/jwks", jwk()),
            "user": lambda: self.made("/api/v1/users", user(f"u{number}")),
            "inactive user": self.inactive_user,
            "group": lambda: self.made("/api/v1/groups", {"profile": {"name": f"g{number}"}}),
            "assigned group": self.assigned_group,
            "factors": lambda: f"{self.make('user')}/factors",
            "app of a user": lambda: self._factor({"factorType": "token:software:totp"}),
            "question": lambda: self._factor(QUESTION),
            "recovery codes": lambda: f"{self.make('user')}/recoveryCodes",
            "authenticator": lambda: self.functions.admin("GET", "/api/v1/authenticators")[1]["id"],
            "hook": lambda: self.made(INLINE, an_inline_hook(name=f"h{number}")),
            "inactive hook": self.inactive_hook,
            "group rule": self.group_rule,
            "provider": lambda: self.made("/api/v1/idps", an_idp(name=f"i{number}")),
            "user of a provider": lambda: f"{self.make('provider')}/users/{self.make('user')}",
            "event hook": lambda: self.made("/api/v1/eventHooks", event_hook(f"e{number}")),
            "mapping": lambda: self.functions.admin("GET", "/api/v1/mappings")[1]["id"],
            "membership": lambda: f"{self.make('group')}/users/{self.make('user')}",
        }
        return str(makers[kind]())

    def made(self, path: str, body: Any) -> Any:
        return self.functions.admin("POST", path, body)["id"]

    def _factor(self, body: Any) -> str:
        user = self.make("user")
        return f"{user}/factors/{self.made(f'/api/v1/users/{user}/factors', body)}"

    def policy(self) -> str:
        return str(self.functions.admin("GET", f"{SERVER.format(server=self.server)}/policies")[0]["id"])

    def trusted(self) -> str:
        other = self.make("server")
        path = f"{SERVER.format(server=self.server)}/associatedServers"
        self.functions.admin("POST", path, {"trusted": [other]})
        return other

    def inactive_app(self) -> str:
        app = self.make("app")
        self.functions.admin("POST", f"/api/v1/apps/{app}/lifecycle/deactivate")
        return app

    def inactive_hook(self) -> str:
        hook = self.make("hook")
        self.functions.admin("POST", f"{INLINE}/{hook}/lifecycle/deactivate")
        return hook

    def inactive_user(self) -> str:
        made = self.make("user")
        self.functions.admin("DELETE", f"/api/v1/users/{made}")
        return made

    def assigned_group(self) -> str:
        made = self.make("group")
        self.functions.admin("PUT", f"{APPS.format(client=self.client)}/groups/{made}", {})
        return made

    def group_rule(self) -> str:
        return str(self.made("/api/v1/groups/rules", group_rule(self.make("group"), f"r{next(NUMBERS)}")))

    def secret(self) -> str:
        """An inactive one beside the one that is used; the only other one there may be."""
        base = APPS.format(client=self.client) + "/credentials/secrets"
        for known in self.functions.admin("GET", base)[1:]:
            if known["status"] == "ACTIVE":
                self.functions.admin("POST", f"{base}/{known['id']}/lifecycle/deactivate")
            self.functions.admin("DELETE", f"{base}/{known['id']}")
        made = self.made(base, {})
        self.functions.admin("POST", f"{base}/{made}/lifecycle/deactivate")
        return str(made)


#: Method, path, body, and what ``{it}`` is.
ROUTES: list[tuple[str, str, Any, str]] = [
    ("GET", "/api/v1/meta/schemas/apps/{it}/default", None, "app"),
    (
        "POST",
        "/api/v1/meta/schemas/apps/{it}/default",
        {"definitions": {"custom": {"properties": {"team": {"title": "Team", "type": "string"}}}}},
        "app",
    ),
    ("GET", "/api/v1/apps/{it}/tokens", None, "app"),
    ("GET", "/api/v1/users/{it}/clients", None, "user"),
    ("GET", SERVER, None, ""),
    ("PUT", SERVER, OTHER, ""),
    ("POST", SERVER + "/lifecycle/deactivate", None, ""),
    ("POST", SERVER + "/lifecycle/activate", None, ""),
    ("GET", SERVER + "/associatedServers", None, ""),
    ("POST", SERVER + "/associatedServers", {"trusted": ["{it}"]}, "server"),
    ("DELETE", SERVER + "/associatedServers/{it}", None, "trusted"),
    ("GET", SERVER + "/trustedIssuers", None, ""),
    ("POST", SERVER + "/trustedIssuers", TRUSTED | {"issuer": "https://n{number}.example"}, ""),
    ("PUT", SERVER + "/trustedIssuers/{it}", TRUSTED_AFTER, "trusted issuer"),
    ("DELETE", SERVER + "/trustedIssuers/{it}", None, "trusted issuer"),
    ("POST", SERVER + "/trustedIssuers/{it}/subjects", {"sub": "n{number}", "userId": "{person}"}, "trusted issuer"),
    ("GET", SERVER + "/scopes", None, ""),
    ("PUT", SERVER + "/scopes/{it}", {"name": "renamed{it}"}, "scope"),
    ("DELETE", SERVER + "/scopes/{it}", None, "scope"),
    ("POST", SERVER + "/claims", CLAIM | {"name": "n{number}"}, ""),
    ("PUT", SERVER + "/claims/{it}", CLAIM | {"name": "{it}"}, "claim"),
    ("DELETE", SERVER + "/claims/{it}", None, "claim"),
    ("POST", SERVER + "/policies", {"name": "p2", "conditions": ALL}, ""),
    ("PUT", SERVER + "/policies/{it}", {"name": "{it}", "conditions": ALL}, "policy"),
    ("POST", SERVER + "/policies/{it}/lifecycle/deactivate", None, "policy"),
    ("DELETE", SERVER + "/policies/{it}", None, "policy"),
    ("POST", SERVER + "/policies/{policy}/rules", RULE, ""),
    ("PUT", SERVER + "/policies/{policy}/rules/{it}", RULE | {"name": "{it}"}, "rule"),
    ("POST", SERVER + "/policies/{policy}/rules/{it}/lifecycle/deactivate", None, "rule"),
    ("DELETE", SERVER + "/policies/{policy}/rules/{it}", None, "rule"),
    ("GET", SERVER + "/credentials/keys", None, ""),
    ("GET", SERVER + "/credentials/rotation", None, ""),
    ("POST", SERVER + "/credentials/keys/{it}/lifecycle/revoke", None, "key"),
    ("GET", "/api/v1/apps", None, ""),
    ("POST", "/api/v1/apps", APP | {"label": "{number}"}, ""),
    ("PUT", "/api/v1/apps/{it}", APP | {"label": "{it}"}, "app"),
    ("POST", "/api/v1/apps/{it}/lifecycle/deactivate", None, "app"),
    ("DELETE", "/api/v1/apps/{it}", None, "inactive app"),
    ("GET", APPS + "/credentials/secrets", None, ""),
    ("GET", APPS + "/credentials/secrets/{it}", None, "secret"),
    ("POST", APPS + "/credentials/secrets/{it}/lifecycle/activate", None, "secret"),
    ("DELETE", APPS + "/credentials/secrets/{it}", None, "secret"),
    ("GET", APPS + "/credentials/jwks", None, ""),
    ("POST", APPS + "/credentials/jwks/{it}/lifecycle/activate", None, "jwk"),
    ("DELETE", APPS + "/credentials/jwks/{it}", None, "jwk"),
    ("POST", "/oauth2/v1/clients/{client}/lifecycle/newSecret", None, ""),
    ("GET", "/api/v1/users", None, ""),
    ("POST", "/api/v1/users", user("n{number}"), ""),
    ("POST", "/api/v1/users/{it}", user("n{number}"), "user"),
    ("POST", "/api/v1/users/{it}/lifecycle/suspend", None, "user"),
    ("DELETE", "/api/v1/users/{it}", None, "user"),
    ("DELETE", "/api/v1/users/{it}", None, "inactive user"),
    ("GET", "/api/v1/users/{it}", None, "factors"),
    ("POST", "/api/v1/users/{it}", {"factorType": "token:software:totp"}, "factors"),
    ("POST", "/api/v1/users/{it}", {"factorType": "webauthn"}, "factors"),
    ("POST", "/api/v1/users/{it}", QUESTION, "factors"),
    ("GET", "/api/v1/users/{it}", None, "question"),
    ("PUT", "/api/v1/users/{it}", QUESTION, "question"),
    ("POST", "/api/v1/users/{it}/verify", {"answer": "swimming"}, "question"),
    ("DELETE", "/api/v1/users/{it}", None, "app of a user"),
    ("POST", "/api/v1/users/{it}", None, "recovery codes"),
    ("GET", "/api/v1/users/{it}", None, "recovery codes"),
    ("DELETE", "/api/v1/users/{it}", None, "recovery codes"),
    ("POST", "/api/v1/users/{it}/lifecycle/reset_factors", None, "user"),
    ("GET", "/api/v1/authenticators", None, ""),
    ("PUT", "/api/v1/authenticators/{it}", {"name": "n{number}"}, "authenticator"),
    ("POST", "/api/v1/org/factors/okta_question/lifecycle/activate", None, ""),
    ("GET", "/api/v1/groups", None, ""),
    ("POST", "/api/v1/groups", {"profile": {"name": "n{number}"}}, ""),
    ("PUT", "/api/v1/groups/{it}", {"profile": {"name": "n{it}"}}, "group"),
    ("DELETE", "/api/v1/groups/{it}", None, "assigned group"),
    ("PUT", "/api/v1/groups/{it}", None, "membership"),
    ("PUT", APPS + "/groups/{it}", {}, "group"),
    ("DELETE", APPS + "/groups/{it}", None, "assigned group"),
    ("POST", APPS + "/users", {"id": "{it}"}, "user"),
    ("POST", "/api/v1/meta/schemas/user/default", ATTRIBUTE, ""),
    ("GET", INLINE, None, ""),
    ("POST", INLINE, an_inline_hook(name="n{number}"), ""),
    ("PUT", INLINE + "/{it}", an_inline_hook(name="n{number}"), "hook"),
    ("POST", INLINE + "/{it}/lifecycle/deactivate", None, "hook"),
    ("DELETE", INLINE + "/{it}", None, "inactive hook"),
    ("POST", "/api/v1/mappings/{it}", {"properties": {"name": {"expression": "user.city + '{number}'"}}}, "mapping"),
    ("POST", "/api/v1/groups/rules", group_rule("{it}", "n{number}"), "group"),
    ("POST", "/api/v1/groups/rules/{it}/lifecycle/activate", None, "group rule"),
    ("DELETE", "/api/v1/groups/rules/{it}", None, "group rule"),
    ("POST", "/api/v1/idps", an_idp(name="n{number}"), ""),
    ("PUT", "/api/v1/idps/{it}", an_idp(name="n{number}"), "provider"),
    ("DELETE", "/api/v1/idps/{it}", None, "provider"),
    ("POST", "/api/v1/idps/{it}", {"externalId": "n{number}"}, "user of a provider"),
    ("PUT", "/api/v1/org/selfService", {"accountDeletion": "ALLOW"}, ""),
    ("POST", "/api/v1/eventHooks", event_hook("n{number}"), ""),
    ("PUT", "/api/v1/eventHooks/{it}", event_hook("n{number}"), "event hook"),
    ("POST", "/scim/v2/Users", PROVISIONED | {"externalId": "e{number}", "userName": "n{number}@e.com"}, ""),
    ("POST", "/scim/v2/Groups", {"displayName": "n{number}"}, ""),
    ("PUT", "/scim/v2/Users/{it}", PROVISIONED | {"externalId": "e{number}", "userName": "n{number}@e.com"}, "user"),
    ("DELETE", "/scim/v2/Users/{it}", None, "user"),
    ("PUT", "/scim/v2/Groups/{it}", {"displayName": "n{number}", "members": [{"value": "{person}"}]}, "group"),
]
#: One fault that passes, and one that lasts: calls that follow each other meet either kind of it.
TRIED = ((("committed and lost",), False), (("throttled", "unreachable"), True))


@pytest.mark.parametrize(
    ("method", "path", "body", "kind"), ROUTES, ids=[f"{m} {p} {kind}" for m, p, _, kind in ROUTES]
)
def test_a_management_route_survives_one_fault_and_refuses_clearly_under_a_lasting_one(
    functions: Functions, faults: Faults, method: str, path: str, body: Any, kind: str
) -> None:
    ready = prepared(functions)
    objects = Objects(functions, ready)
    policy = objects.policy()
    struck = {False: 0, True: 0}
    for kinds, lasting in TRIED:
        for position in faults.positions():
            values = {"it": objects.make(kind) if kind else "", "policy": policy, "number": next(NUMBERS)}
            values["person"] = objects.make("user") if "{person}" in json.dumps(body) else ""
            sent = json.loads(filled(json.dumps(body), values))
            of_directory = partial(directory, functions) if path.startswith("/scim/") else admin
            operation = of_directory(method, filled(path, values), sent)
            fault = kinds[position % len(kinds)]
            faults.arm(FAULTS[fault], position, lasting=lasting)

            answer = operation(functions, ready)

            met = faults.seen >= position
            faults.clear()
            struck[lasting] += met
            if lasting and met and answer["statusCode"] >= 300:
                assert answer["statusCode"] == 503, (fault, position, answer)
                assert answer["multiValueHeaders"]["retry-after"]
                assert operation(functions, ready)["statusCode"] < 300, (fault, position)
            else:
                assert answer["statusCode"] < 300, (fault, position, answer)
    assert all(struck.values())


def filled(text: str, values: dict[str, Any]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


USING_KMS = {
    "token": OPERATIONS["token"],
    "token by assertion": OPERATIONS["token by assertion"],
    "create server": OPERATIONS["create server"],
    "change the algorithm": admin("PUT", SERVER, OTHER | {"credentials": {"signing": {"alg": "EdDSA"}}}),
    "create client": OPERATIONS["create client"],
    "create app": admin("POST", "/api/v1/apps", APP | {"label": "new"}),
    "show secrets": admin("GET", APPS + "/credentials/secrets"),
    "create hook": admin("POST", INLINE, an_inline_hook()),
    "new secret": admin("POST", "/oauth2/v1/clients/{client}/lifecycle/newSecret"),
}


@pytest.mark.parametrize("name", USING_KMS)
def test_without_key_management_a_route_is_a_503_that_changed_nothing(
    functions: Functions, faults: Faults, name: str
) -> None:
    ready = prepared(functions)
    keys = functions.admin("GET", f"{SERVER.format(server=ready[0])}/credentials/keys")
    operation = USING_KMS[name]
    before = state(functions, faults)
    for fault in KMS_FAULTS.values():
        faults.arm(only_kms(fault), 1, lasting=True)
        answer = operation(functions, ready)
        faults.clear()

        assert answer["statusCode"] == 503
        assert functions.admin("GET", f"{SERVER.format(server=ready[0])}/credentials/keys") == keys
        assert state(functions, faults) == before
    assert operation(functions, ready)["statusCode"] < 300


@pytest.mark.parametrize("name", ["rotate", "revoke"])
def test_a_key_can_be_replaced_without_key_management_once(functions: Functions, faults: Faults, name: str) -> None:
    """The announced key signs; the one after it is made by the schedule, and until then nothing else can sign."""
    ready = functions.ready()
    base = f"{SERVERS}/{ready[0]}/credentials"

    def replaced() -> Any:
        signing = functions.admin("GET", f"{base}/keys")[0]["kid"]
        path = f"{base}/lifecycle/keyRotate" if name == "rotate" else f"{base}/keys/{signing}/lifecycle/revoke"
        faults.arm(only_kms(FAULTS["unreachable"]), 1, lasting=True)
        answer = admin("POST", path, {"use": "sig"} if name == "rotate" else None)(functions, ready)
        faults.clear()
        return answer

    first, second = replaced(), replaced()
    functions.direct("key_rotation", load_event("schedule"))

    assert (first["statusCode"], second["statusCode"]) == (200, 503)
    assert [key["status"] for key in functions.admin("GET", f"{base}/keys")][:2] == ["ACTIVE", "NEXT"]


def test_introspection_by_assertion_without_key_management_is_temporarily_unavailable(
    functions: Functions, faults: Faults
) -> None:
    ready = prepared(functions)
    client = {"client_id": "hmac-client", "client_secret": "s" * 40}
    event = asserted(form_event("introspect", ready[0], "token=x", "", ""), ready[0], "introspect", client)
    faults.arm(only_kms(refusal("AccessDeniedException")), 1, lasting=True)

    answer = functions.http("token_status", event)

    assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (503, "temporarily_unavailable")
    faults.clear()
    assert functions.http("token_status", event)["statusCode"] == 200


@pytest.mark.parametrize("fault", FAULTS)
def test_the_schedule_with_a_fault_at_any_call_ends_with_one_new_key(
    functions: Functions, faults: Faults, deployed: Deployed, fault: str
) -> None:
    functions.ready()
    for position in itertools.count(1):
        server = functions.admin("POST", SERVERS, OTHER | {"name": f"aged {position}"})["id"]
        aged(deployed, server, without_next=True)
        reached = scheduled(functions, faults, fault, position)
        announced = functions.admin("GET", f"{SERVERS}/{server}/credentials/keys")
        aged(deployed, server)
        reached = scheduled(functions, faults, fault, position) or reached
        promoted = functions.admin("GET", f"{SERVERS}/{server}/credentials/keys")

        assert [key["status"] for key in announced] == ["ACTIVE", "NEXT"], position
        assert [key["status"] for key in promoted] == ["ACTIVE", "NEXT", "EXPIRED"], position
        assert promoted[0]["kid"] == announced[1]["kid"]
        if not reached:
            return


def scheduled(functions: Functions, faults: Faults, fault: str, position: int) -> bool:
    """A run under a lasting fault, then one without. Whether the fault struck."""
    faults.arm(FAULTS[fault], position, lasting=True)
    with suppress(Unavailable):  # Lambda repeats the invocation, and keeps it where that does not help
        functions.direct("key_rotation", load_event("schedule"))
    reached = faults.seen >= position
    faults.clear()
    functions.direct("key_rotation", load_event("schedule"))
    return reached


def test_a_server_with_thousands_of_objects_goes_completely_whatever_fails_in_between(
    functions: Functions, faults: Faults, deployed: Deployed
) -> None:
    functions.ready()
    server, client, secret = functions.ready_again()
    table = deployed.tables().config
    with table.batch_write() as batch:
        for number in range(2_500):
            batch.save(table(f"AS#{server}", f"RULE#{number:05d}", body="{}", rev=1))

    def batches_fail(request: Any) -> Any:
        target = request.headers["X-Amz-Target"]
        name = target.decode() if isinstance(target, bytes) else target
        return next_batch(request) if name.endswith("BatchWriteItem") else None

    batches = itertools.count(1)
    crash = 1

    def next_batch(request: Any) -> Any:
        return refusal("InternalServerError", 500)(request) if next(batches) >= crash else None

    for crash in (1, 2, 25, 40):  # noqa: B007 - next_batch reads it
        batches = itertools.count(1)
        faults.arm(batches_fail, 1, lasting=True)
        answer = admin("DELETE", f"{SERVERS}/{server}")(functions, (server, client, secret))
        run = functions.direct("key_rotation", load_event("schedule"))
        faults.clear()

        assert answer["statusCode"] in {503, 404}
        assert list(run["failed"]) == [server]
        token = functions.http("token", form_event("token", server, ASK, client, secret))
        key_set = functions.http("jwks", load_event("jwks") | {"pathParameters": {"authServerId": server}})
        assert (token["statusCode"], key_set["statusCode"]) == (400, 404), "nothing half-deleted is served"

    runs = [functions.direct("key_rotation", load_event("schedule")) for _ in range(12)]

    assert [run["swept"] for run in runs if run["swept"]] == [[server]]
    assert [item.sk for item in table.query(f"AS#{server}", consistent_read=True)] == ["#"]
    assert server not in [known["id"] for known in functions.admin("GET", SERVERS)]
