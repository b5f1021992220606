"""Roles that are limited to groups or apps, and people whom only higher roles touch."""

from typing import Any

import pytest
from authmint.policy.sign_on.defaults import IDS

from tests.management.admin import BASE_URL, Admin
from tests.management.administrators.people import by_oauth, grant, group, person
from tests.management.apps import APPS, CLIENTS, an_app, app_body
from tests.management.directory.groups import GROUPS
from tests.management.directory.users import USERS, body, made

POLICIES = "/api/v1/policies"


@pytest.fixture
def two(admin: Admin) -> Any:
    """Two people, each in a group of their own."""
    ann, bob = made(admin, "ann@example.com")["id"], made(admin, "bob@example.com")["id"]
    return ann, bob, group(admin, "anns", ann), group(admin, "bobs", bob)


# Groups


def test_a_group_administrator_sees_and_changes_who_is_in_the_target_groups(admin: Admin, two: Any) -> None:
    ann, bob, anns, bobs = two
    gus = person(admin, "gus", "USER_ADMIN", groups=(anns,))

    assert gus.ids(USERS) == [ann]
    assert gus.ids(f'{USERS}?search=profile.login eq "bob@example.com"') == []
    assert gus.ids(f'{USERS}?search=status eq "PROVISIONED"&sortBy=profile.email') == [ann]
    assert gus.ids(GROUPS) == [anns]
    assert gus.ids(f'{GROUPS}?search=profile.name eq "bobs"') == []
    for method, path in (
        ("GET", f"{USERS}/{bob}"),
        ("GET", f"{USERS}/bob@example.com"),
        ("POST", f"{USERS}/{bob}"),
        ("DELETE", f"{USERS}/{bob}"),
        ("POST", f"{USERS}/{bob}/lifecycle/reset_factors"),
        ("GET", f"{GROUPS}/{bobs}"),
        ("PUT", f"{GROUPS}/{bobs}"),
        ("PUT", f"{GROUPS}/{anns}/users/{bob}"),  # or everybody could be drawn into reach
        ("PUT", f"{GROUPS}/{bobs}/users/{ann}"),
    ):
        assert gus.call(method, path, {}).code == "E0000007", (method, path)
    assert gus.status("POST", f"{USERS}/{ann}", {"profile": {"nickName": "A"}}) == 200
    assert gus.status("PUT", f"{GROUPS}/{anns}", {"profile": {"name": "ours"}}) == 200
    assert gus.call("DELETE", f"{GROUPS}/{anns}").code == "E0000006"
    assert gus.call("POST", GROUPS, {"profile": {"name": "more"}}).code == "E0000006"


def test_new_users_begin_in_a_target_group_and_in_no_other(admin: Admin, two: Any) -> None:
    _, _, anns, bobs = two
    gus = person(admin, "gus", "USER_ADMIN", groups=(anns,))

    refused = [
        gus.status("POST", USERS, body("new@example.com") | {"groupIds": ids})
        for ids in ([], [bobs], [anns, bobs], ["00gnone"])
    ]

    assert refused == [403] * 4
    assert gus.status("POST", USERS, body("new@example.com") | {"groupIds": [anns]}) == 200
    assert len(gus.ids(USERS)) == 2


def test_pages_of_members_of_targets_go_on(admin: Admin) -> None:
    users = [made(admin, f"u{number}@example.com")["id"] for number in range(7)]
    first, second = group(admin, "first", *users[:4]), group(admin, "second", *users[2:6])
    gone = users[3]
    helper = person(admin, "helen", "HELP_DESK_ADMIN", groups=(first, second))
    admin.delete(f"{USERS}/{gone}")
    admin.delete(f"{USERS}/{gone}")

    found, path = [], f"{USERS}?limit=2"
    while path:
        answer = helper.call("GET", path)
        found += [one["id"] for one in answer.json]
        following = [link for link in answer.header("link") if 'rel="next"' in link]
        path = following[0].partition(">")[0][1:] if following else ""

    assert found == [one for one in users[:6] if one != gone]


def test_a_role_whose_last_target_is_deleted_reaches_nobody(admin: Admin, two: Any) -> None:
    _, bob, anns, _ = two
    gus = person(admin, "gus", "USER_ADMIN", groups=(anns,))

    admin.delete(f"{GROUPS}/{anns}")

    assert gus.ids(USERS) == []
    assert gus.status("GET", f"{USERS}/{bob}") == 404


def test_roles_add_up(admin: Admin, two: Any) -> None:
    ann, bob, anns, bobs = two
    gus = person(admin, "gus", "USER_ADMIN", groups=(anns,))
    grant(admin, f"{USERS}/{gus.id}", "HELP_DESK_ADMIN", groups=(bobs,))

    assert gus.ids(USERS) == [ann, bob]
    assert gus.call("POST", f"{USERS}/{bob}/lifecycle/suspend").code == "E0000006"
    assert gus.status("DELETE", f"{USERS}/{bob}/sessions") == 204


# Apps


def test_an_app_administrator_sees_and_changes_the_target_apps(admin: Admin) -> None:
    own, other = an_app(admin, label="own")["id"], an_app(admin, label="other")["id"]
    amy = person(admin, "amy", "APP_ADMIN", apps=(f"oidc_client/{own}",))

    assert amy.ids(APPS) == [own]
    assert amy.ids(CLIENTS, "client_id") == [own]
    for method, path in (
        ("GET", f"{APPS}/{other}"),
        ("PUT", f"{APPS}/{other}"),
        ("DELETE", f"{APPS}/{other}"),
        ("POST", f"{APPS}/{other}/lifecycle/deactivate"),
        ("GET", f"{APPS}/{other}/credentials/secrets"),
        ("POST", f"{APPS}/{other}/users"),
        ("DELETE", f"{APPS}/{other}/tokens"),
        ("GET", f"{CLIENTS}/{other}"),
    ):
        assert amy.call(method, path, {}).code == "E0000007", (method, path)
    assert amy.status("POST", f"{APPS}/{own}/lifecycle/deactivate") == 200
    assert amy.call("POST", APPS, app_body("third")).code == "E0000006"


def test_all_apps_as_a_target_are_those_to_come_too(admin: Admin) -> None:
    amy = person(admin, "amy", "APP_ADMIN", apps=("oidc_client",))

    assert amy.status("POST", APPS, app_body("new")) == 200
    assert len(amy.ids(APPS)) == 1


def test_a_policy_of_apps_is_changed_by_who_administers_all_that_have_it(admin: Admin) -> None:
    own, other = an_app(admin, label="own")["id"], an_app(admin, label="other")["id"]
    policy = admin.made(POLICIES, {"type": "ACCESS_POLICY", "name": "strict"})["id"]
    amy = person(admin, "amy", "APP_ADMIN", apps=(f"oidc_client/{own}",))
    changed = {"type": "ACCESS_POLICY", "name": "stricter"}

    assert amy.status("PUT", f"{POLICIES}/{policy}", changed) == 403  # no app has it
    assert amy.status("POST", POLICIES, changed) == 403
    assert amy.status("PUT", f"{APPS}/{own}/policies/{policy}") == 204
    assert amy.status("PUT", f"{APPS}/{other}/policies/{policy}") == 404
    assert amy.status("PUT", f"{POLICIES}/{policy}", changed) == 200
    assert amy.status("POST", f"{POLICIES}/{policy}/clone") == 403
    admin.put(f"{APPS}/{other}/policies/{policy}")
    assert amy.status("PUT", f"{POLICIES}/{policy}", changed) == 403
    assert [one["id"] for one in amy.call("GET", f"{POLICIES}/{policy}/app").json] == [own]


def test_how_people_sign_in_to_what_administers_is_for_super_administrators(admin: Admin) -> None:
    """Who could weaken it could come by the tokens of everybody who administers."""
    app = an_app(admin, label="administers")["id"]
    policy = admin.made(POLICIES, {"type": "ACCESS_POLICY", "name": "strict"})["id"]
    amy = person(admin, "amy", "APP_ADMIN")
    (default,) = [one["id"] for one in admin.get(f"{POLICIES}?type=ACCESS_POLICY").json if one["system"]]
    changed = {"type": "ACCESS_POLICY", "name": "weaker"}
    weaker = {"type": "ACCESS_POLICY", "name": "all", "actions": {"appSignOn": {"access": "ALLOW"}}}
    assert amy.status("PUT", f"{POLICIES}/{policy}", changed) == 200

    admin.made(f"{APPS}/{app}/grants", {"scopeId": "okta.users.manage", "issuer": BASE_URL})

    assert amy.status("POST", f"{POLICIES}/{default}/rules", weaker) == 403
    admin.put(f"{APPS}/{app}/policies/{policy}")
    assert amy.status("PUT", f"{POLICIES}/{policy}", changed) == 403
    assert amy.status("POST", f"{POLICIES}/{policy}/rules", weaker) == 403
    assert amy.status("POST", f"{POLICIES}/{default}/rules", weaker) == 200


# Whom and what only higher roles touch

_ON_PEOPLE: tuple[tuple[str, str, Any], ...] = (
    ("POST", "", {"profile": {"email": "mine@example.com"}}),
    ("PUT", "", {"profile": {}}),
    ("DELETE", "", None),
    ("POST", "/lifecycle/deactivate", None),
    ("POST", "/lifecycle/suspend", None),
    ("POST", "/lifecycle/reset_password", None),
    ("POST", "/lifecycle/expire_password?tempPassword=true", None),
    ("POST", "/lifecycle/reset_factors", None),
    ("POST", "/credentials/forgot_password", None),
    ("POST", "/factors", {}),
    ("POST", "/recoveryCodes", None),
    ("DELETE", "/sessions", None),
    ("POST", "/behaviors/reset", None),
    ("PUT", "/risk", {"riskLevel": "HIGH"}),
)


@pytest.mark.parametrize("through_a_group", [False, True])
def test_nobody_below_touches_a_super_administrator(admin: Admin, through_a_group: bool) -> None:
    root = person(admin, "root")
    path = f"{GROUPS}/{group(admin, 'roots', root.id)}" if through_a_group else f"{USERS}/{root.id}"
    grant(admin, path, "SUPER_ADMIN")
    for role in ("ORG_ADMIN", "USER_ADMIN", "HELP_DESK_ADMIN"):
        lower = person(admin, role.partition("_")[0].lower(), role)
        for method, rest, sent in _ON_PEOPLE:
            assert lower.call(method, f"{USERS}/{root.id}{rest}", sent).code == "E0000006", (role, method, rest)
        assert lower.call("DELETE", "/api/v1/api-tokens/00Troot").status in {403, 404}
        assert lower.status("GET", f"{USERS}/{root.id}") == 200
    assert admin.get(f"{USERS}/{root.id}").json["status"] == "ACTIVE"


def test_people_with_a_role_are_out_of_the_hands_of_group_and_help_desk_administrators(admin: Admin) -> None:
    reader = person(admin, "rea", "READ_ONLY_ADMIN")
    for role in ("USER_ADMIN", "HELP_DESK_ADMIN"):
        lower = person(admin, role.partition("_")[0].lower(), role)
        assert lower.call("POST", f"{USERS}/{reader.id}/lifecycle/reset_password").code == "E0000006"
    olga = person(admin, "olga", "ORG_ADMIN")
    assert olga.status("POST", f"{USERS}/{reader.id}/lifecycle/reset_password?sendEmail=false") == 200


def test_groups_with_a_role_belong_to_super_administrators(admin: Admin) -> None:
    ann = made(admin)["id"]
    staff = group(admin, "staff")
    admins = [person(admin, role.lower()[:3], role) for role in ("ORG_ADMIN", "USER_ADMIN", "GROUP_MEMBERSHIP_ADMIN")]
    targeted = person(admin, "tim", "USER_ADMIN", groups=(staff,))
    grant(admin, f"{GROUPS}/{staff}", "READ_ONLY_ADMIN")
    root = person(admin, "root", "SUPER_ADMIN")

    for lower in (*admins, targeted):
        for method, path, sent in (
            ("PUT", f"{GROUPS}/{staff}/users/{lower.id}", None),  # themselves
            ("PUT", f"{GROUPS}/{staff}", {"profile": {"name": "x"}}),
            ("DELETE", f"{GROUPS}/{staff}", None),
            ("POST", USERS, body("new@example.com") | {"groupIds": [staff]}),
        ):
            assert lower.status(method, path, sent) in {403, 404}, (method, path)
    assert admins[0].call("PUT", f"{GROUPS}/{staff}/users/{ann}").code == "E0000006"
    assert root.status("PUT", f"{GROUPS}/{staff}/users/{ann}") == 204


def test_apps_that_administer_are_not_changed_by_who_administers_apps(admin: Admin) -> None:
    app = an_app(admin)["id"]
    amy = person(admin, "amy", "APP_ADMIN")
    assert amy.status("POST", f"{APPS}/{app}/credentials/secrets") == 201

    grant(admin, f"{CLIENTS}/{app}", "SUPER_ADMIN")

    scope = {"issuer": "https://acme.example.com", "scopeId": "okta.users.manage"}
    for method, path, sent in (
        ("POST", f"{APPS}/{app}/credentials/jwks", {}),
        ("GET", f"{APPS}/{app}/credentials/secrets", None),
        ("PUT", f"{APPS}/{app}", app_body("mine")),
        ("POST", f"{CLIENTS}/{app}/lifecycle/newSecret", None),
        ("DELETE", f"{CLIENTS}/{app}", None),
        ("PUT", f"{APPS}/{app}/policies/{IDS['ACCESS_POLICY'][0]}", None),
        ("POST", f"{APPS}/{an_app(admin, label='b')['id']}/grants", scope),
    ):
        assert amy.call(method, path, sent).code == "E0000006", (method, path)
    assert amy.status("GET", f"{APPS}/{app}") == 200


def test_a_deleted_client_leaves_no_roles_to_who_takes_its_id(admin: Admin) -> None:
    made = admin.made(APPS, app_body(client_id="robot-one", client_secret="s" * 40))["id"]
    grant(admin, f"{CLIENTS}/{made}", "ORG_ADMIN")

    admin.post(f"{APPS}/{made}/lifecycle/deactivate")
    admin.delete(f"{APPS}/{made}")

    assert admin.storage.roles.get().clients == {}


def test_read_only_administrators_write_nothing_and_read_no_secret(admin: Admin) -> None:
    app = an_app(admin)
    rea = person(admin, "rea", "READ_ONLY_ADMIN")
    secret = app["credentials"]["oauthClient"]["client_secret"]

    for path in (f"{APPS}/{app['id']}", APPS, f"{CLIENTS}/{app['id']}", CLIENTS, "/api/v1/logs"):
        answer = rea.call("GET", path)
        assert (answer.status, secret in answer.response.body.decode()) == (200, False), path
    assert rea.call("GET", f"{APPS}/{app['id']}/credentials/secrets").code == "E0000006"
    assert rea.call("PUT", f"{APPS}/{app['id']}", app_body("other")).code == "E0000006"


# Callers


def test_a_role_taken_away_is_gone_at_the_next_call(admin: Admin) -> None:
    rea = person(admin, "rea")
    role = grant(admin, f"{USERS}/{rea.id}", "READ_ONLY_ADMIN")
    bearer = by_oauth(admin, rea.id, "okta.users.read")
    assert [one.status("GET", USERS) for one in (rea, bearer)] == [200, 200]

    admin.delete(f"{USERS}/{rea.id}/roles/{role}")

    assert [one.call("GET", USERS).code for one in (rea, bearer)] == ["E0000006"] * 2


def test_tokens_of_people_end_with_them(admin: Admin) -> None:
    rea = person(admin, "rea", "READ_ONLY_ADMIN")
    bearer = by_oauth(admin, rea.id, "okta.users.read")

    admin.post(f"{USERS}/{rea.id}/lifecycle/suspend")

    assert rea.call("GET", USERS).code == "E0000011"
    assert bearer.status("GET", USERS) == 401


def test_scope_and_role_both_allow(admin: Admin) -> None:
    rea = person(admin, "rea", "READ_ONLY_ADMIN")
    wide = by_oauth(admin, rea.id, "okta.users.manage")
    narrow = by_oauth(admin, rea.id, "okta.apps.read")

    assert wide.status("GET", USERS) == 200
    assert wide.call("POST", USERS, body()).code == "E0000006"
    refused = narrow.call("GET", USERS)
    assert (refused.status, refused.response.body) == (403, b"")
    assert 'error="insufficient_scope"' in refused.header("www-authenticate")[0]


def test_me_is_the_person(admin: Admin) -> None:
    ann = person(admin, "ann")
    own = by_oauth(admin, ann.id, "okta.users.read.self")
    other = made(admin, "bob@example.com")["id"]

    assert own.call("GET", f"{USERS}/me").json["profile"]["login"] == "ann@example.com"
    assert own.status("GET", f"{USERS}/{ann.id}") == 200
    assert own.status("GET", f"{USERS}/{other}") == own.status("GET", USERS) == 403
    assert own.status("POST", f"{USERS}/me/credentials/change_password", {}) == 403
    assert ann.call("GET", f"{USERS}/me").json["id"] == ann.id
    assert ann.call("POST", f"{USERS}/me", {"profile": {"nickName": "x"}}).code == "E0000006"


def test_events_name_the_person(admin: Admin) -> None:
    root = person(admin, "root", "SUPER_ADMIN")
    bearer = by_oauth(admin, root.id, "okta.groups.manage")

    for caller, name in ((root, "one"), (bearer, "two")):
        assert caller.status("POST", GROUPS, {"profile": {"name": name}}) == 200

    for event in admin.storage.events[-2:]:
        assert (event.actor.id, event.actor.type, event.actor.alternate_id) == (root.id, "User", "root@example.com")
    assert [list(event.actor.detail or {}) for event in admin.storage.events[-2:]] == [["apiTokenId"], ["clientId"]]


def test_an_api_token_may_do_no_more_than_what_made_it(admin: Admin) -> None:
    root = person(admin, "root", "SUPER_ADMIN")
    bearer = by_oauth(admin, root.id, "okta.apiTokens.manage")

    text = bearer.call("POST", "/api/v1/api-tokens", {"name": "mine"}).json["token"]
    token = {"authorization": f"SSWS {text}"}

    assert admin.call("GET", "/api/v1/api-tokens", headers=token).status == 200
    assert admin.call("GET", USERS, headers=token).code == "E0000006"
    made = next(one for one in admin.get("/api/v1/api-tokens").json if one["name"] == "mine")
    assert made["userId"] == root.id


def test_api_tokens_are_seen_by_their_owners_and_by_who_is_above_them(admin: Admin) -> None:
    ann, gus = person(admin, "ann"), person(admin, "gus", "USER_ADMIN")
    path = "/api/v1/api-tokens"
    helen = person(admin, "helen", "HELP_DESK_ADMIN", groups=(group(admin, "anns", ann.id),))

    assert set(gus.ids(path)) == {"00Tann", "00Tgus", "00Thelen"}
    assert set(helen.ids(path)) == {"00Tann", "00Thelen"}
    assert gus.call("DELETE", f"{path}/00Tann").code == "E0000006"
    assert helen.call("DELETE", f"{path}/00Tgus").code == "E0000007"
    assert helen.call("POST", path, {"name": "more"}).code == "E0000006"
    assert helen.status("DELETE", f"{path}/00Tann") == 204
    assert gus.status("DELETE", f"{path}/current") == 204
