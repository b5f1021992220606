"""Each function's flows against its role and the key's policy: nothing denied, nothing unused, nothing forbidden."""

import json
import time
from dataclasses import replace
from functools import partial
from itertools import chain, repeat
from typing import Any
from unittest.mock import Mock

import jwt
import pytest
from authmint.clock import SystemClock
from authmint.dynamo.outbox import DynamoOutbox
from authmint.dynamo.servers import DynamoServers
from authmint.ids import RandomIds
from authmint.mail.mailer import Rejected
from authmint.management.mail.brands import BRAND
from authmint.oauth.outbound_fetch import Answer
from authmint.outage import Outage
from authmint.rate_limit import RateLimit
from authmint.runtime.parts import Parts
from authmint.storage.outbox import Mail
from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.audit.deliveries import delivery
from tests.functions.assertions import ASSERTION, asserted
from tests.functions.backchannel import every_backchannel_flow
from tests.functions.deployment import WIRES, Functions, form_event, load_event
from tests.functions.documents import a_web, every_flow_of_strangers
from tests.functions.exchanges import asserted_at, every_assertion, every_exchange
from tests.functions.factor_calls import every_call_of_factors
from tests.functions.hook_flows import (
    every_flow_of_event_hooks,
    every_flow_of_hooks,
    every_hook_of_a_browser,
    every_import,
)
from tests.functions.lists import a_list_of
from tests.functions.providers import every_flow_by_providers
from tests.functions.registrations import every_flow_of_newcomers
from tests.functions.sign_ins import People, every_flow, every_flow_of_an_own_account, people_at
from tests.functions.unusual_sign_ins import every_unusual_flow
from tests.management.directory.users import body as people_body
from tests.management.federation.idps import an_idp
from tests.support.backend import Deployed
from tests.support.fakes import pregenerated
from tests.support.iam import Need, Statement, denied, needs, role, unused
from tests.support.pace import unbraked

ASK = "grant_type=client_credentials&scope=a"


def everything(functions: Functions, deployed: Deployed) -> None:
    """Every flow of every function."""
    server, client, secret = functions.ready()
    functions.admin("PUT", f"/api/v1/authorizationServers/{server}/security", {"statusList": True})
    token = json.loads(functions.http("token", form_event("token", server, ASK, client, secret))["body"])[
        "access_token"
    ]
    for path in ("introspect", "revoke", "introspect"):
        functions.http("token_status", form_event(path, server, f"token={token}", client, secret))
    hmac = functions.admin(
        "POST",
        "/oauth2/v1/clients",
        {
            "client_name": "hmac",
            "application_type": "service",
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_jwt",
        },
    )
    for function, path, body in (("token", "token", ASK), ("token_status", "introspect", "token=x")):
        functions.http(function, asserted(form_event(path, server, body, "", ""), server, path, hmac))
    functions.http("token_status", form_event("introspect", server, "token=x", client, "wrong"))
    assert functions.http("status_list", a_list_of(token))["statusCode"] == 200
    functions.http("discovery", load_event("discovery"))
    functions.http("discovery", load_event("discovery") | {"rawQueryString": f"client_id={client}"})
    functions.http("jwks", load_event("jwks") | {"pathParameters": {"authServerId": server}})
    _administration_by_oauth(functions)
    event = {"id": "e1", "published_ms": 1, "type": "t", "actor": {"id": "a", "type": "User"}}
    functions.direct("audit_sink", delivery(json.dumps({"event": event})))
    _mail(functions, deployed)
    functions.direct("audit_sink", {"source": "aws.scheduler"})
    functions.admin("GET", "/api/v1/logs")
    functions.admin("GET", "/api/v1/usage")
    functions.admin("GET", "/api/v1/usage/unused")
    _directory(functions, client)
    every_flow_of_hooks(functions, server, client, secret)
    every_flow_of_event_hooks(functions)
    _factors(functions)
    _providers(functions)
    _people(functions, server)
    with pytest.MonkeyPatch.context() as pace:  # one person signs in more often than four times a second
        pace.setattr(RateLimit, "take", unbraked())
        told = {"backchannel_logout_uri": "https://rp.example.com/logout"}
        people = people_at(functions, server, in_group=True, **told)
        _strangers(people)
        functions.admin("PUT", f"/api/v1/authorizationServers/{server}/security", {"statusList": True})
        every_backchannel_flow(people)
        every_flow(people)
        people.cookies.clear()
        people.sign_in()
        assert asserted_at(people)()["statusCode"] == 200
        _told_of_ends(people)
        every_hook_of_a_browser(people)
        _number(functions, unique="UNIQUE_VALIDATED")
        every_flow_by_providers(people)
        every_flow_of_an_own_account(people)
        _number(functions, unique="NOT_UNIQUE")
        every_unusual_flow(people)
    _administration(functions, server, client)
    _rotation(functions, deployed)


def _mail(functions: Functions, deployed: Deployed) -> None:
    """Words of mail are changed; mail is sent, given up and revived, or waits."""
    words = f"/api/v1/brands/{BRAND}/templates/email/PasswordChanged/customizations"
    made = functions.admin("POST", words, {"language": "en", "subject": "s", "body": "b"})
    functions.admin("DELETE", f"{words}/{made['id']}")
    now = SystemClock().now()
    outbox = DynamoOutbox(deployed.tables(), RandomIds(SystemClock()))
    mail = Mail("m1", "PasswordChanged", "p@b.example", now, now + 60, "00u1")
    outbox.add([mail, replace(mail, id="m2"), replace(mail, id="m3")])

    def told(mail_id: str) -> dict[str, Any]:
        keys = {"pk": {"S": "OUTBOX#0"}, "sk": {"S": mail_id}}
        return functions.direct("mailer", {"Records": [{"eventName": "INSERT", "dynamodb": {"Keys": keys}}]})

    assert told("m1") == {"sent": 1}
    with pytest.MonkeyPatch.context() as refusing:
        refusing.setattr("authmint.ses.postman.SesPostman.send", Mock(side_effect=Rejected("MessageRejected")))
        assert told("m2") == {"given_up": 1}
        refusing.setattr("authmint.ses.postman.SesPostman.send", Mock(side_effect=Outage("SES SendEmail: Throttled")))
        assert told("m3") == {"delayed": 1}
    assert functions.direct("mailer", {"action": "revive"}) == {"revived": 1, "sent": 1}
    assert functions.direct("mailer", load_event("bounce")) == {"bounce": 1}
    functions.admin("POST", "/api/v1/org/email/bounces/remove-list", {"emailAddresses": ["ann@b.example"]})


def _told_of_ends(people: People) -> None:
    """Everything of somebody ends; clients are told of sessions that ended, the first of them later."""
    functions, statuses = people.functions, chain((500,), repeat(200))
    people.cookies.clear()
    people.sign_in()
    everything = {"sub_id": {"format": "opaque", "id": people.user}}
    functions.admin("POST", "/oauth2/v1/global-token-revocation", everything)
    people.cookies.clear()
    with pytest.MonkeyPatch.context() as web:
        web.setattr(Parts, "exchange", lambda *_, **__: Answer(next(statuses), b"", {}))
        outcome = functions.direct("backchannel_logout", {})
    assert (outcome["delayed"], outcome["told"] > 0, outcome["ended"] > 0) == (1, True, True)


def _strangers(people: People) -> None:
    now = SystemClock().now()
    ahead = [0]

    def later(seconds: int) -> None:
        ahead[0] += seconds

    every_flow_of_newcomers(people)
    people.cookies.clear()
    with a_web() as web, pytest.MonkeyPatch.context() as watch:
        watch.setattr(SystemClock, "now", lambda _: now + ahead[0])
        every_flow_of_strangers(people, web, later)
    people.cookies.clear()


def _administration_by_oauth(functions: Functions) -> None:
    jwk, pkcs8 = pregenerated("ES256")
    app = {
        "label": "robot",
        "name": "oidc_client",
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "private_key_jwt"}},
        "settings": {
            "oauthClient": {
                "application_type": "service",
                "grant_types": ["client_credentials"],
                "jwks": {"keys": [jwk]},
            }
        },
    }
    robot = functions.admin("POST", "/api/v1/apps", app)["id"]
    base_url = "https://acme.example.com"
    functions.admin("POST", f"/api/v1/apps/{robot}/grants", {"issuer": base_url, "scopeId": "okta.apps.read"})
    _trusted_sign_ons(functions, f"SSWS {functions.token}")
    claims = {"iss": robot, "sub": robot, "aud": f"{base_url}/oauth2/v1/token", "exp": int(time.time()) + 60}
    key: Any = load_der_private_key(pkcs8, None)
    assertion = jwt.encode(claims, key, "ES256")
    body = f"grant_type=client_credentials&scope=okta.apps.read&client_assertion_type={ASSERTION}"
    event = form_event("token", "", f"{body}&client_assertion={assertion}", "", "")
    event |= {"rawPath": "/oauth2/v1/token", "pathParameters": {}}
    event["headers"].pop("authorization")
    token = json.loads(functions.http("token", event)["body"])["access_token"]
    apps = load_event("management") | {"httpMethod": "GET", "path": "/api/v1/apps"}
    apps["multiValueHeaders"] = {"Authorization": [f"Bearer {token}"]}
    assert functions.http("management", apps)["statusCode"] == 200
    _trusted_sign_ons(functions, f"Bearer {token}")


def _trusted_sign_ons(functions: Functions, authorization: str) -> None:
    """A program says for whom it calls, and what lets it do so."""
    event = form_event("authn", "", json.dumps({"username": "nobody@b.example", "password": "x"}), "", "")
    event |= {"rawPath": "/api/v1/authn", "pathParameters": {}}
    event["headers"] |= {"content-type": "application/json", "authorization": authorization}
    event["headers"]["x-forwarded-for"] = "198.51.100.7"
    assert functions.http("authorize", event)["statusCode"] == 401


def _directory(functions: Functions, client: str) -> None:
    app = f"/api/v1/apps/{client}"
    schema = {"definitions": {"custom": {"properties": {"level": {"title": "L", "type": "integer"}}}}}
    functions.admin("POST", "/api/v1/meta/schemas/user/default", schema)
    _number(functions, unique="UNIQUE_VALIDATED")
    group = functions.admin("POST", "/api/v1/groups", {"profile": {"name": "g"}})["id"]
    profile = {
        "login": "a@b.example",
        "email": "a@b.example",
        "firstName": "A",
        "lastName": "B",
        "level": 3,
        "number": "7",
    }
    credentials = {"password": {"value": "Correct-Horse-7"}}
    user = functions.admin("POST", "/api/v1/users", {"profile": profile, "credentials": credentials})["id"]
    for method, path, body in (
        ("POST", f"/api/v1/users/{user}", {"profile": {"level": 4, "number": "8", "login": "c@b.example"}}),
        ("GET", "/api/v1/users", None),
        ("GET", "/api/v1/users/c", None),
        ("PUT", f"/api/v1/groups/{group}/users/{user}", None),
        ("GET", f"/api/v1/groups/{group}/users", None),
        ("PUT", f"{app}/groups/{group}", {}),
        ("POST", f"{app}/users", {"id": user}),
        ("GET", f"/api/v1/users/{user}/appLinks", None),
        ("DELETE", f"/api/v1/groups/{group}/users/{user}", None),
        ("DELETE", f"/api/v1/groups/{group}", None),
        ("DELETE", f"/api/v1/users/{user}", None),
    ):
        functions.admin(method, path, body)
    with pytest.MonkeyPatch.context() as crash:
        left = functions.admin("POST", "/api/v1/groups", {"profile": {"name": "left"}})["id"]
        app = functions.admin("POST", "/oauth2/v1/clients", {"client_name": "left", "application_type": "service"})
        for kind in ("users", "groups", "clients"):
            crash.setattr(f"authmint.dynamo.{kind}.sweep", lambda *_, **__: False)
        functions.admin("DELETE", f"/api/v1/users/{user}")
        functions.admin("DELETE", f"/api/v1/groups/{left}")
        _number(functions, unique="NOT_UNIQUE")
        functions.admin("DELETE", f"/oauth2/v1/clients/{app['client_id']}")
    swept = set(functions.direct("key_rotation", {})["swept"])
    (numbers,) = swept - {f"USER#{user}", f"GROUP#{left}", f"CLIENT#{app['client_id']}"}
    assert numbers.startswith("UNIQUE#")


def _providers(functions: Functions) -> None:
    """A provider is made, knows somebody, and goes; what a crash leaves of it and of whom it knew is swept."""
    path, user = "/api/v1/idps", functions.admin("POST", "/api/v1/users", people_body("known@b.example"))["id"]
    made = [functions.admin("POST", path, an_idp(name=name))["id"] for name in ("first", "second")]
    by_key = {"client": {"client_id": "c", "token_endpoint_auth_method": "private_key_jwt"}}
    functions.admin("PUT", f"{path}/{made[0]}", an_idp(name="first", protocol={"credentials": by_key}))
    functions.admin("POST", f"{path}/{made[0]}/credentials/keys/generate")
    for provider in made:
        functions.admin("POST", f"{path}/{provider}/users/{user}", {"externalId": "s"})
    for read in (path, f"{path}/{made[0]}/users?expand=user", f"/api/v1/users/{user}/idps"):
        functions.admin("GET", read)
    functions.admin("DELETE", f"{path}/{made[0]}/users/{user}")
    functions.admin("DELETE", f"{path}/{made[0]}")
    with pytest.MonkeyPatch.context() as crash:
        for kind in ("users", "identity_providers"):
            crash.setattr(f"authmint.dynamo.{kind}.sweep", lambda *_, **__: False)
        functions.admin("DELETE", f"{path}/{made[1]}")
        for _ in range(2):
            functions.admin("DELETE", f"/api/v1/users/{user}")
    assert set(functions.direct("key_rotation", {})["swept"]) == {f"IDP#{made[1]}", f"USER#{user}"}


def _factors(functions: Functions) -> None:
    user = every_call_of_factors(functions)
    with pytest.MonkeyPatch.context() as crash:
        crash.setattr("authmint.dynamo.users.sweep", lambda *_, **__: False)
        functions.admin("DELETE", f"/api/v1/users/{user}")
        functions.admin("DELETE", f"/api/v1/users/{user}")
    assert f"USER#{user}" in functions.direct("key_rotation", {})["swept"]


def _number(functions: Functions, **more: str) -> None:
    """Users have a number."""
    attributes = {"number": {"title": "Number", "type": "string"} | more}
    definitions = {"custom": {"properties": attributes}}
    functions.admin("POST", "/api/v1/meta/schemas/user/default", {"definitions": definitions})


def _people(functions: Functions, server: str) -> None:
    """A person gets tokens by password; who guesses it is locked out."""
    base = f"/api/v1/authorizationServers/{server}"
    policy = functions.admin("GET", f"{base}/policies")[0]["id"]
    conditions = {
        "people": {"groups": {"include": ["EVERYONE"]}},
        "grantTypes": {"include": ["password"]},
        "scopes": {"include": ["*"]},
    }
    functions.admin("POST", f"{base}/policies/{policy}/rules", {"name": "people", "conditions": conditions})
    app = {
        "label": "native",
        "name": "oidc_client",
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": {"application_type": "native", "grant_types": ["password"]}},
    }
    client = functions.admin("POST", "/api/v1/apps", app)["credentials"]["oauthClient"]
    group = functions.admin("POST", "/api/v1/groups", {"profile": {"name": "people"}})["id"]
    profile = {"login": "p@b.example", "email": "p@b.example", "firstName": "P", "lastName": "B"}
    credentials = {"password": {"value": "Correct-Horse-7"}}
    body = {"profile": profile, "credentials": credentials, "groupIds": [group]}
    user = functions.admin("POST", "/api/v1/users", body)["id"]
    everyone = next(one for one in functions.admin("GET", "/api/v1/groups") if one["profile"]["name"] == "Everyone")
    for assigned in (group, everyone["id"]):
        functions.admin("PUT", f"/api/v1/apps/{client['client_id']}/groups/{assigned}", {})

    def ask(password: str, login: str = "p@b.example") -> dict[str, Any]:
        form = f"grant_type=password&username={login}&scope=openid+a&password={password}"
        event = form_event("token", server, form, client["client_id"], client["client_secret"])
        return functions.http("token", event)

    granted = ask("Correct-Horse-7")
    token = json.loads(granted["body"])["access_token"]
    introspect = form_event("introspect", server, f"token={token}", client["client_id"], client["client_secret"])
    assert json.loads(functions.http("token_status", introspect)["body"])["username"] == "p@b.example"
    every_exchange(functions, server, token)
    every_assertion(functions, server, user)
    every_import(functions, partial(ask, "Correct-Horse-7"))
    now = SystemClock().now()
    with pytest.MonkeyPatch.context() as pace:
        for second in range(1, 6):  # four attempts a second are judged
            pace.setattr(SystemClock, "now", lambda _, at=now + second: at)
            assert {ask("wrong")["statusCode"] for _ in range(2)} == {400}
        pace.setattr(SystemClock, "now", lambda _: now + 6)
        assert ask("Correct-Horse-7")["statusCode"] == 400


def _administration(functions: Functions, server: str, client: str) -> None:
    base = f"/api/v1/authorizationServers/{server}"
    functions.admin("GET", "/api/v1/authorizationServers")
    functions.admin("GET", "/api/v1/apps")
    functions.admin("POST", f"{base}/credentials/lifecycle/keyRotate", {"use": "sig"})
    secrets = functions.admin("GET", f"/api/v1/apps/{client}/credentials/secrets")
    functions.admin("GET", f"/api/v1/apps/{client}/credentials/secrets/{secrets[0]['id']}")
    functions.admin("POST", f"/api/v1/apps/{client}/lifecycle/deactivate")
    assert functions.direct("backchannel_logout", {})["revoked"] > 0
    functions.admin("DELETE", f"/api/v1/apps/{client}")
    functions.admin("DELETE", base)


def _rotation(functions: Functions, deployed: Deployed) -> None:
    server, _, _ = functions.ready_again()
    servers = DynamoServers(deployed.tables(), SystemClock())
    record = servers.get(server)
    old = replace(record.keys[0], activated_at=1, published_at=1)
    expired = replace(old, kid="gone", status="EXPIRED", expired_at=1, withdraw_at=2)
    servers.save(record, replace(record, keys=(old, expired), rotate_at=1), [])
    functions.direct("key_rotation", {})  # announces, and withdraws the expired key
    record = servers.get(server)
    seen = tuple(replace(key, published_at=1) for key in record.keys)
    servers.save(record, replace(record, keys=seen, rotate_at=1), [])
    functions.direct("key_rotation", {})  # promotes
    # What a crash in the middle of a deletion leaves behind: the schedule sweeps it.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DynamoServers, "sweep", lambda *_, **__: False)
        functions.admin("DELETE", f"/api/v1/authorizationServers/{server}")
    assert functions.direct("key_rotation", {})["swept"] == [server]


def made(functions: Functions, deployed: Deployed, *, by_action: bool) -> dict[str, list[Need]]:
    """What the calls of each function needed."""
    tables = {deployed.config: "ConfigTable", deployed.grants: "GrantsTable", deployed.events: "EventsTable"}
    found: dict[str, list[Need]] = {name: [] for name in WIRES}
    for function, service, operation, parameters in functions.calls.made:
        if function in found:
            found[function] += needs(service, operation, parameters, tables, by_action=by_action)
    return found


def test_no_call_is_denied_and_no_permission_is_unused(functions: Functions, deployed: Deployed) -> None:
    everything(functions, deployed)

    by_item, by_action = (made(functions, deployed, by_action=mode) for mode in (False, True))
    assert {name: unused(name, wanted) for name, wanted in by_item.items()} == {name: [] for name in WIRES}
    for judged in (by_item, by_action):
        assert {name: denied(name, wanted) for name, wanted in judged.items()} == {name: [] for name in WIRES}
    assert any(len(need.leading_keys) > 1 and need.action == "dynamodb:PutItem" for need in by_action["token"])


def test_a_transaction_over_what_two_statements_allow_is_denied_where_it_is_judged_by_action() -> None:
    keys = ("ForAllValues:StringLike", "dynamodb:LeadingKeys")
    table = {"Fn::GetAtt": ["GrantsTable", "Arn"]}
    apart = [
        Statement(prefix, ("dynamodb:PutItem",), table, {keys[0]: {keys[1]: [f"{prefix}#*"]}})
        for prefix in ("FAMILY", "HOLDERS")
    ]
    puts = [{"Put": {"TableName": "t", "Item": {"pk": {"S": key}}}} for key in ("FAMILY#1", "HOLDERS#1")]

    def allowed(*, by_action: bool) -> bool:
        call = {"TransactItems": puts}
        wanted = needs("dynamodb", "TransactWriteItems", call, {"t": "GrantsTable"}, by_action=by_action)
        return all(any(statement.allows(need) for statement in apart) for need in wanted)

    assert allowed(by_action=False)
    assert not allowed(by_action=True)


def test_a_role_says_once_what_it_may_do_to_a_table() -> None:
    for function in WIRES:
        said = [(action, str(s.resource)) for s in role(function) for action in s.actions if "dynamodb" in action]
        assert len(said) == len(set(said)), function


def permissions(function: str) -> set[str]:
    return {action for statement in role(function) for action in statement.actions}


def test_who_makes_signing_keys_cannot_open_them() -> None:
    context = {"purpose": "signing-key", "server": "aus1", "kid": "k"}

    for function in ("management", "key_rotation"):
        assert denied(function, [Need("kms:Decrypt", "Key", (), context)])
    assert not denied("token", [Need("kms:Decrypt", "Key", (), context)])


def test_secrets_of_factors_are_opened_where_answers_are_checked_and_nowhere_else() -> None:
    need = Need("kms:Decrypt", "Key", (), {"purpose": "factor-secret", "user": "00u1", "factor": "uft1"})

    for function in WIRES.keys() - {"management", "authorize"}:
        assert denied(function, [need])
    assert not denied("management", [need])


def test_secrets_at_providers_are_opened_where_they_are_shown_or_used_and_nowhere_else() -> None:
    need = Need("kms:Decrypt", "Key", (), {"purpose": "idp-secret", "idp": "0oa1", "secret": "client_secret"})

    for function in WIRES.keys() - {"management", "authorize"}:
        assert denied(function, [need])
    for function in ("management", "authorize"):
        assert not denied(function, [need])


def test_secrets_of_hooks_are_opened_by_who_asks_hooks() -> None:
    need = Need("kms:Decrypt", "Key", (), {"purpose": "hook-secret", "hook": "cal1", "secret": "channel"})

    assert {function for function in WIRES if not denied(function, [need])} == {
        "management",
        "token",
        "authorize",
        "hooks",
    }
    assert {function for function in WIRES if not denied(function, [replace(need, action="kms:Encrypt")])} == {
        "management"
    }


def test_who_signs_cannot_make_or_change_keys() -> None:
    writing = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}

    assert not {action for action in permissions("token") if action.startswith("kms:")} - {"kms:Decrypt"}
    for function in ("token", "token_status", "discovery", "jwks"):
        assert all(denied(function, [Need(action, "ConfigTable", ("AS#aus1",))]) for action in writing)
    assert denied("token_status", [Need("kms:Decrypt", "Key", (), {"purpose": "signing-key"})])


def test_a_key_call_without_an_encryption_context_is_denied_to_everybody() -> None:
    for function in WIRES:
        for action in ("Decrypt", "Encrypt", "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKey"):
            assert denied(function, [Need(f"kms:{action}", "Key")])
