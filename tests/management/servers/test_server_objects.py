"""Scopes, claims, policies and rules (docs/protocol.md §25.2, §25.5)."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.management.admin import BASE_URL, SERVERS, Admin

RULE: dict[str, Any] = {
    "name": "all",
    "conditions": {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}},
}


@pytest.fixture
def path(admin: Admin) -> str:
    return f"{SERVERS}/{admin.server()['id']}"


def a_policy(admin: Admin, path: str, **changes: Any) -> Any:
    body = {"name": "p", "description": "d", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}}
    return admin.made(f"{path}/policies", body | changes)


def test_a_scope_is_shown_as_recorded(admin: Admin, path: str) -> None:
    scope = admin.made(f"{path}/scopes", {"name": "orders:read", "consent": "REQUIRED", "optional": True})

    assert scope == {
        "id": scope["id"],
        "name": "orders:read",
        "description": None,
        "system": False,
        "metadataPublish": "NO_CLIENTS",
        "consent": "REQUIRED",
        "optional": True,
        "apiResourceId": None,
        "default": False,
        "_links": {
            "self": {
                "href": f"{BASE_URL}{path}/scopes/{scope['id']}",
                "hints": {"allow": ["GET", "PUT", "DELETE"]},
            }
        },
    }
    assert admin.get(f"{path}/scopes/{scope['id']}").json == scope


def test_custom_scopes_come_first_by_name_and_page_by_name(admin: Admin, path: str) -> None:
    for name in ("b", "a", "c"):
        admin.made(f"{path}/scopes", {"name": name})

    first = admin.get(f"{path}/scopes?limit=2")

    assert [scope["name"] for scope in first.json] == ["a", "b"]
    assert "after=b&limit=2" in first.header("link")[1]
    assert [s["name"] for s in admin.get(f"{path}/scopes?after=b&limit=2").json] == ["c", "openid"]
    assert admin.get(f"{path}/scopes?after=zzz").code == "E0000029"
    assert [s["name"] for s in admin.get(f'{path}/scopes?filter=name eq "c"').json] == ["c"]


@pytest.mark.parametrize(
    "name", ["", " ", "a b", 'a"b', "a\\b", "ö", "okta", "*", "okta.x", "okta:x", "a<b>", "x" * 256, "online_access"]
)
def test_scope_names_that_are_refused(admin: Admin, path: str, name: str) -> None:
    answer = admin.post(f"{path}/scopes", {"name": name})

    assert (answer.status, answer.json["errorSummary"]) == (400, "Api validation failed: name")


def test_a_scope_name_is_unique_within_its_server_only(admin: Admin, path: str) -> None:
    other = f"{SERVERS}/{admin.server()['id']}"
    admin.made(f"{path}/scopes", {"name": "a"})

    refused = admin.post(f"{path}/scopes", {"name": "a"})

    assert refused.causes == ["name: An object with this field already exists in the current organization"]
    assert admin.post(f"{path}/scopes", {"name": "openid"}).status == 400
    assert admin.post(f"{other}/scopes", {"name": "a"}).status == 201


def test_a_system_scope_may_change_but_not_its_name_and_stays(admin: Admin, path: str) -> None:
    scope = admin.get(f"{path}/scopes").json[0]
    own = f"{path}/scopes/{scope['id']}"

    changed = admin.put(own, scope | {"metadataPublish": "NO_CLIENTS"})

    assert (changed.status, changed.json["metadataPublish"], changed.json["system"]) == (200, "NO_CLIENTS", True)
    for answer in (admin.put(own, scope | {"name": "x"}), admin.delete(own)):
        assert (answer.status, answer.code) == (403, "E0000111")


def test_a_constant_claim_is_stored_verbatim(admin: Admin, path: str) -> None:
    body = {"name": "team", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "'gold'"}

    claim = admin.made(f"{path}/claims", body | {"conditions": {}, "alwaysIncludeInToken": False})

    assert list(claim) == [
        "id", "name", "status", "claimType", "valueType", "value", "conditions", "system", "alwaysIncludeInToken",
        "apiResourceId", "_links",
    ]  # fmt: skip
    assert (claim["value"], claim["conditions"], claim["alwaysIncludeInToken"]) == ("'gold'", {"scopes": []}, True)


def test_a_groups_claim_shows_its_filter(admin: Admin, path: str) -> None:
    body = {"name": "g", "claimType": "IDENTITY", "valueType": "GROUPS", "value": "Eng"}

    assert admin.made(f"{path}/claims", body)["group_filter_type"] == "STARTS_WITH"
    assert admin.post(f"{path}/claims", body | {"name": "h", "group_filter_type": "REGEX", "value": "("}).status == 400


def test_a_bare_word_is_kept_as_a_text_constant(admin: Admin, path: str) -> None:
    body = {"name": "x", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "cool"}

    answer = admin.post(f"{path}/claims", body)

    assert (answer.status, answer.json["value"]) == (201, "cool")


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("{1,", "value: the expression ends where a value must stand, at position 4."),
        ("user.nickname", "value: users have no attribute 'nickname', at position 6."),
        ("zendesk.firstName", "value: Explicit references to apps aren't supported"),
        ("nope + 'x'", "value: there is no 'nope'; an expression begins with user, appuser, app, org, session, access"),
        ("String.len()", "value: String.len takes 1 argument, not 0, at position 8."),
        ("user.email matches '('", "value: this is not a regular expression"),
        ("T(java.lang.Runtime)", "value: there is no function 'T' here, at position 1."),
        ("user.email = 'x'", "value: values cannot be assigned; to compare, write '==', at position 12."),
        ("'a", "value: a text is not closed"),
        ("", "value: The field cannot be left blank"),
        ("x" * 1025, "value: The field is too long"),
        ("{" * 100, "value: nested deeper than 64 levels"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_with_the_place(admin: Admin, path: str, value: str, cause: str) -> None:
    body = {"name": "x", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": value}

    answer = admin.post(f"{path}/claims", body)

    assert (answer.status, answer.json["errorSummary"]) == (400, "Api validation failed: value")
    assert answer.causes[0].startswith(cause)


def test_an_expression_is_stored_verbatim(admin: Admin, path: str) -> None:
    value = "  user.department  MATCHES \"/Sales-.*/\" ? {\"x\", 'it''s'} : NULL "
    body = {"name": "x", "claimType": "IDENTITY", "valueType": "EXPRESSION", "value": value}

    assert admin.made(f"{path}/claims", body)["value"] == value


def test_the_subject_must_be_an_expression_too(admin: Admin, path: str) -> None:
    sub = next(claim for claim in admin.get(f"{path}/claims").json if claim["name"] == "sub")

    assert admin.put(f"{path}/claims/{sub['id']}", sub | {"value": "user.nope"}).causes == [
        "value: users have no attribute 'nope', at position 6."
    ]
    assert admin.put(f"{path}/claims/{sub['id']}", sub | {"value": "user.email ?: app.id"}).status == 200


@pytest.mark.parametrize("name", ["status", "iss", "scp", "cid", "sub", "exp", "aud", "ver"])
def test_names_of_the_protocol_cannot_be_claims(admin: Admin, path: str, name: str) -> None:
    body = {"name": name, "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "'x'"}

    assert admin.post(f"{path}/claims", body).json["errorSummary"] == "Api validation failed: name"


def test_a_claim_called_status_cannot_be_made_and_one_from_before_can_be_changed(admin: Admin, path: str) -> None:
    body = {"name": "tier", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "'x'"}
    made = admin.made(f"{path}/claims", body)
    url = f"{path}/claims/{made['id']}"
    assert admin.put(url, made | {"name": "status"}).status == 400
    server = admin.storage.servers.get(path.rpartition("/")[2])
    claims = tuple(replace(one, name="status") if one.id == made["id"] else one for one in server.claims)
    admin.storage.servers.save(server, replace(server, claims=claims), [])

    assert admin.put(url, made | {"name": "status", "value": "'y'"}).json["value"] == "'y'"
    assert admin.post(f"{path}/claims", body | {"name": "status", "claimType": "IDENTITY"}).status == 201


def test_a_claim_name_is_unique_within_its_type(admin: Admin, path: str) -> None:
    body = {"name": "x", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "'x'"}
    admin.made(f"{path}/claims", body)

    assert admin.post(f"{path}/claims", body).json["errorSummary"] == "Api validation failed: name"
    assert admin.post(f"{path}/claims", body | {"claimType": "IDENTITY"}).status == 201


def test_system_claims_stay_but_sub_may_be_a_constant(admin: Admin, path: str) -> None:
    claims = {claim["name"]: claim for claim in admin.get(f"{path}/claims").json}
    sub = claims["sub"]

    assert "value" not in claims["email"]
    assert admin.put(f"{path}/claims/{sub['id']}", sub).json == sub
    assert admin.put(f"{path}/claims/{sub['id']}", sub | {"value": "'machine'"}).json["value"] == "'machine'"
    assert admin.delete(f"{path}/claims/{sub['id']}").code == "E0000111"
    email = claims["email"] | {"alwaysIncludeInToken": False}
    assert admin.put(f"{path}/claims/{email['id']}", email).json == email


def test_a_policy_is_shown_as_recorded_whatever_type_was_sent(admin: Admin, path: str) -> None:
    policy = a_policy(admin, path, type="OKTA_SIGN_ON")

    assert list(policy) == [
        "id", "status", "name", "description", "priority", "system", "conditions", "created", "lastUpdated", "_links",
        "type",
    ]  # fmt: skip
    assert policy["type"] == "OAUTH_AUTHORIZATION_POLICY"
    assert list(policy["_links"]) == ["self", "rules", "deactivate"]


def test_deleting_a_policy_takes_its_rules_along(admin: Admin, path: str) -> None:
    own = f"{path}/policies/{a_policy(admin, path)['id']}"
    rule = admin.made(f"{own}/rules", RULE)

    assert admin.delete(own).status == 204
    assert admin.get(f"{own}/rules/{rule['id']}").json["errorSummary"].endswith("(Policy)")


def test_policy_lifecycle(admin: Admin, path: str) -> None:
    own = f"{path}/policies/{a_policy(admin, path)['id']}"

    assert [admin.post(f"{own}/lifecycle/{verb}").status for verb in ("deactivate", "deactivate")] == [204, 204]
    assert admin.get(own).json["status"] == "INACTIVE"
    assert "activate" in admin.get(own).json["_links"]


def test_a_rule_has_every_member_even_when_empty(admin: Admin, path: str) -> None:
    own = f"{path}/policies/{a_policy(admin, path)['id']}/rules"

    rule = admin.made(own, {"name": "r", "conditions": {"scopes": {}}})

    assert list(rule) == [
        "id", "status", "name", "priority", "created", "lastUpdated", "system", "conditions", "actions", "_links",
        "type",
    ]  # fmt: skip
    assert rule["conditions"] == {
        "people": {"users": {"exclude": []}},
        "grantTypes": {"include": []},
        "scopes": {"include": []},
    }
    assert rule["actions"] == {
        "token": {
            "accessTokenLifetimeMinutes": 60,
            "refreshTokenLifetimeMinutes": 0,
            "refreshTokenWindowMinutes": 10080,
        }
    }


def test_a_rule_for_users_needs_people(admin: Admin, path: str) -> None:
    own = f"{path}/policies/{a_policy(admin, path)['id']}/rules"
    conditions = {"grantTypes": {"include": ["authorization_code"]}, "scopes": {"include": ["*"]}}

    refused = admin.post(own, {"name": "r", "conditions": conditions})
    everyone = conditions | {"people": {"groups": {"include": ["EVERYONE"]}}}

    assert refused.json["errorSummary"] == "Api validation failed: conditions.people"
    assert refused.causes[0].startswith("conditions.people: At least one of ''conditions.people.users.include''")
    assert admin.post(own, {"name": "r", "conditions": everyone}).json["conditions"]["people"]["groups"] == {
        "include": ["EVERYONE"]
    }


@pytest.mark.parametrize(
    ("token", "field"),
    [
        ({"accessTokenLifetimeMinutes": 4}, "accessTokenLifetimeMinutes"),
        ({"accessTokenLifetimeMinutes": 1441}, "accessTokenLifetimeMinutes"),
        ({"refreshTokenLifetimeMinutes": 10}, "refreshTokenLifetimeMinutes"),
        ({"refreshTokenWindowMinutes": 4}, "refreshTokenWindowMinutes"),
        ({"refreshTokenLifetimeMinutes": 100, "refreshTokenWindowMinutes": 101}, "refreshTokenWindowMinutes"),
    ],
)
def test_lifetimes_out_of_range_name_their_field(admin: Admin, path: str, token: dict[str, int], field: str) -> None:
    own = f"{path}/policies/{a_policy(admin, path)['id']}/rules"

    answer = admin.post(own, RULE | {"actions": {"token": token}})

    assert answer.json["errorSummary"] == f"Api validation failed: actions.token.{field}"


def test_scopes_in_actions_are_refused_in_the_recorded_words(admin: Admin, path: str) -> None:
    own = f"{path}/policies/{a_policy(admin, path)['id']}/rules"

    answer = admin.post(own, RULE | {"actions": {"scopes": {"include": ["*"]}}})

    assert answer.causes == [
        "actions.scopes: Cannot add scopes to 'action.scopes', add to 'conditions.scopes.include' instead."
    ]


def test_a_rule_can_be_replaced_switched_and_deleted(admin: Admin, path: str) -> None:
    own = f"{path}/policies/{a_policy(admin, path)['id']}/rules"
    rule = admin.made(own, RULE | {"status": "INACTIVE"})
    one = f"{own}/{rule['id']}"

    replaced = admin.put(one, RULE | {"name": "new", "status": "ACTIVE"}).json

    assert (rule["status"], replaced["status"], replaced["name"]) == ("INACTIVE", "ACTIVE", "new")
    assert admin.get(one).json == replaced
    assert admin.post(f"{one}/lifecycle/deactivate").status == 204
    assert admin.delete(one).status == 204
    assert admin.post(f"{one}/lifecycle/activate").json["errorSummary"].endswith("(PolicyRule)")


def test_a_priority_beyond_the_last_is_clamped(admin: Admin, path: str) -> None:
    policy = a_policy(admin, path, priority=999)
    again = admin.put(f"{path}/policies/{policy['id']}", policy | {"priority": 2}).json

    assert (policy["priority"], again["priority"]) == (1, 1)


moves = st.lists(
    st.tuples(
        st.sampled_from(["insert", "move", "delete"]),
        st.integers(0, 5),
        st.one_of(st.none(), st.integers(-3, 9)),
    ),
    max_size=12,
)


@given(moves)
def test_priorities_stay_dense_and_as_asked_where_there_are_so_many(moves: list[tuple[str, int, int | None]]) -> None:
    admin = Admin()
    path = f"{SERVERS}/default"
    model: list[str] = []

    for kind, which, priority in moves:
        most = len(model) + int(kind == "insert" or not model)
        priority = None if priority is None else min(priority, most)
        sent = {} if priority is None else {"priority": priority}
        if kind == "insert" or not model:
            new = a_policy(admin, path, **sent)["id"]
            model.insert(len(model) if priority is None else max(priority, 1) - 1, new)
            continue
        known = model[which % len(model)]
        own = f"{path}/policies/{known}"
        if kind == "delete":
            admin.delete(own)
            model.remove(known)
        else:
            admin.put(own, {"name": "moved"} | sent)
            if priority is not None:
                model.remove(known)
                model.insert(max(priority, 1) - 1, known)

    listed = admin.get(f"{path}/policies").json
    assert [policy["id"] for policy in listed] == model
    assert [policy["priority"] for policy in listed] == list(range(1, len(model) + 1))


@pytest.mark.parametrize(
    ("kind", "conditions", "field"),
    [
        ("policies", {"clients": {"include": ["ALL_CLIENTS"]}, "network": {"connection": "ZONE"}}, "network"),
        ("policies", {"people": {"groups": {"include": ["00gA"]}}}, "people"),
        ("rules", RULE["conditions"] | {"network": {"connection": "ZONE"}}, "network"),
        ("rules", RULE["conditions"] | {"device": {"managed": True}}, "device"),
        ("rules", RULE["conditions"] | {"people": {"userTypes": {"include": ["otyA"]}}}, "people.userTypes"),
        ("claims", {"scopes": [], "people": {"users": {"include": ["00uA"]}}}, "people"),
    ],
)
def test_a_condition_that_nobody_evaluates_is_refused(
    admin: Admin, path: str, kind: str, conditions: Any, field: str
) -> None:
    policy = admin.made(f"{path}/policies", {"name": "p", "description": "d"})["id"]
    place, body = {
        "policies": (f"{path}/policies", {"name": "other", "description": "d"}),
        "rules": (f"{path}/policies/{policy}/rules", RULE),
        "claims": (f"{path}/claims", {"name": "c", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "'x'"}),
    }[kind]

    answer = admin.post(place, body | {"conditions": conditions})

    assert (answer.status, answer.causes) == (400, [f"conditions.{field}: This condition is not supported."])
    assert admin.post(place, body | {"conditions": conditions | {field.partition(".")[0]: None}}).status == 201
