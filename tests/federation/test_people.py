"""docs/protocol.md §37.6: people who come from a provider are found, linked, made, and kept as it says."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from authmint.storage.errors import Conflict, NotFound
from authmint.storage.users import Users

from tests.federation.conftest import Partners
from tests.federation.world import ACME, APP, Browser, Page, Provider
from tests.management.administrators.people import grant

NOT_MATCHED = "Could not match social profile to an Okta user."


def refused(page: Page) -> bool:
    assert page.url.startswith(APP), page.text
    return page.fields.get("error_description") == NOT_MATCHED


def reasons(partners: Partners) -> list[str]:
    events = partners.here.events("user.authentication.auth_via_IDP")
    return [str(event.debug["error_message"]) for event in events if event.outcome == "FAILURE"]


def test_who_is_new_is_made_with_what_the_provider_says(partners: Partners) -> None:
    partners.there.said = {"nickname": "zo", "address": {"locality": "Bern"}}
    partners.sign_in()

    (user,) = partners.here.storage.users.list()
    shown = partners.here.admin.get(f"/api/v1/users/{user.id}").json

    assert (shown["status"], shown["credentials"]) == (
        "ACTIVE",
        {"provider": {"type": "FEDERATION", "name": "partner"}},
    )
    assert {name: value for name, value in shown["profile"].items() if value is not None} == {
        "firstName": "Zoe",
        "lastName": "Doe",
        "login": "zoe@partner.example",
        "email": "zoe@partner.example",
        "nickName": "zo",
        "city": "Bern",
        "timezone": "America/Los_Angeles",
    }
    types = [event.type for event in partners.here.storage.events if event.type.startswith("user.")]
    assert types == ["user.lifecycle.create", "user.lifecycle.activate", "user.idp.link.create"]
    link = partners.here.admin.get(f"/api/v1/idps/{partners.idp}/users/{user.id}").json
    assert (link["externalId"], link["profile"]["email"]) == ("248289761001", "zoe@partner.example")


def test_who_comes_again_is_the_same_whatever_they_are_called_now(partners: Partners) -> None:
    partners.sign_in()
    (before,) = partners.here.storage.users.list()
    partners.there.claims = {"email": "other@partner.example", "email_verified": False, "family_name": "New"}

    partners.sign_in()

    (after,) = partners.here.storage.users.list()
    assert (after.id, after.profile) == (before.id, before.profile)
    link = partners.here.storage.idp_links.get(partners.idp, after.id)
    assert link.profile["email"] == "other@partner.example"


def test_another_subject_with_the_same_address_is_somebody_else(partners: Partners) -> None:
    partners.sign_in()
    partners.settings(accountLink={"action": "DISABLED"})
    partners.there.subject = "another"
    assert refused(partners.sign_in())


@pytest.mark.parametrize("verified", [None, False, "no"])
def test_an_address_that_is_not_verified_links_nobody(partners: Partners, verified: Any) -> None:
    """Whoever can have a provider say an address would come by the account of whose it is."""
    partners.here.user("zoe@partner.example")
    partners.there.claims = {"email_verified": verified}
    assert refused(partners.sign_in())
    assert list(partners.here.storage.idp_links.of_idp(partners.idp)) == []


def test_a_verified_address_links_who_is_there(partners: Partners) -> None:
    user = partners.here.user("Zoe@Partner.example")
    claims = partners.here.tokens(partners.sign_in().fields["code"])
    assert claims["sub"] == user
    assert [link.user_id for link in partners.here.storage.idp_links.of_idp(partners.idp)] == [user]
    assert len(partners.here.events("user.idp.link.create")) == 1


def test_by_address_where_that_is_the_rule(partners: Partners) -> None:
    user = partners.here.user("z.doe@example.com", email="zoe@partner.example")
    template = {"userNameTemplate": {"template": "idpuser.email"}}
    partners.settings(subject=template | {"matchType": "EMAIL"})
    assert partners.here.tokens(partners.sign_in().fields["code"])["sub"] == user
    partners.here.user("second@example.com", email="zoe@partner.example")
    partners.there.subject = "another"
    assert refused(partners.sign_in())
    partners.settings(subject=template | {"matchType": "USERNAME_OR_EMAIL"})
    assert refused(partners.sign_in())


NUMBER = {"type": "string", "title": "Number", "unique": "UNIQUE_VALIDATED"}


def by_number(partners: Partners, **definition: Any) -> str:
    """People are matched by their number, which is what the provider calls them. Id of number 7."""
    attribute(partners, definition)
    user = partners.here.user("z.doe@example.com", number="e-7")
    subject = {"userNameTemplate": {"template": "idpuser.sub"}, "matchType": "CUSTOM_ATTRIBUTE"}
    partners.settings(subject=subject | {"matchAttribute": "number"})
    return user


def attribute(partners: Partners, definition: dict[str, Any]) -> None:
    properties = {"number": NUMBER | definition}
    body = {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": properties}}}
    answer = partners.here.admin.post("/api/v1/meta/schemas/user/default", body)
    assert answer.status == 200, answer.json


def test_by_an_attribute_of_its_own(partners: Partners) -> None:
    user = by_number(partners)
    partners.there.claims = {"email_verified": False}
    partners.there.subject = "E-7"
    assert partners.here.tokens(partners.sign_in().fields["code"])["sub"] == user
    partners.there.subject = "e-8"
    assert refused(partners.sign_in())


def test_who_only_folds_to_somebody_is_not_them(partners: Partners) -> None:
    """KELVIN SIGN folds to k: at the provider that is somebody else."""
    by_number(partners)
    partners.here.user("k@example.com", number="k-1")
    partners.there.subject = "\u212a-1"
    assert refused(partners.sign_in())
    assert "the username only folds to the user's" in reasons(partners)[-1]


@pytest.mark.parametrize(
    "definition", [{"unique": None}, {"permissions": [{"principal": "SELF", "action": "READ_WRITE"}]}]
)
def test_nobody_is_matched_by_what_people_write_themselves_or_share(
    partners: Partners, definition: dict[str, Any]
) -> None:
    """Whoever could write somebody else's number would have them sign in to an account of theirs."""
    by_number(partners)
    attribute(partners, definition)
    partners.there.subject = "e-7"
    assert refused(partners.sign_in())
    assert "number tells people apart no more" in reasons(partners)[-1]


def test_no_administrator_is_recognized_but_one_may_be_linked(partners: Partners) -> None:
    user = partners.here.user("zoe@partner.example")
    grant(partners.here.admin, f"/api/v1/users/{user}", "READ_ONLY_ADMIN")
    assert refused(partners.sign_in())

    path = f"/api/v1/idps/{partners.idp}/users/{user}"
    partners.here.admin.made(path, {"externalId": partners.there.subject})
    assert "code" in partners.sign_in().fields


def test_a_provider_that_became_another_one_signs_no_administrator_in(partners: Partners) -> None:
    """Who may change providers must not become whom one of them signs in."""
    user = partners.here.user("zoe@partner.example")
    partners.sign_in()
    grant(partners.here.admin, f"/api/v1/users/{user}", "SUPER_ADMIN")
    assert "code" in partners.sign_in().fields

    evil = Provider(partners.world, "https://evil.example.com")
    path = f"/api/v1/idps/{partners.idp}"
    body = json.loads(json.dumps(partners.here.admin.get(path).json).replace(partners.there.origin, evil.origin))
    assert partners.here.admin.put(path, body).status == 200

    assert refused(partners.sign_in())
    assert reasons(partners)[-1] == "the provider is another one than the administrator was linked to"


def test_a_filter_keeps_others_out(partners: Partners) -> None:
    partners.settings(subject={"userNameTemplate": {"template": "idpuser.email"}, "filter": r".+@corp\.example"})
    assert refused(partners.sign_in())
    partners.there.claims = {"email": "zoe@corp.example"}
    assert "code" in partners.sign_in().fields


@pytest.mark.parametrize(
    "template",
    [
        "idpuser.nickname",
        "idpuser.email == null",
        'String.substringAfter(idpuser.nickname, "@")',
        '"   "',
        "String.substring(idpuser.email, 5, 2)",
        'idpuser.email + "' + "x" * 100 + '"',
    ],
)
def test_a_template_without_a_username_signs_nobody_in(partners: Partners, template: str) -> None:
    partners.settings(subject={"userNameTemplate": {"template": template}})
    assert refused(partners.sign_in())
    assert partners.who() == []


def test_where_nothing_is_provisioned_who_is_not_there_stays_out(partners: Partners) -> None:
    partners.settings(provisioning={"action": "DISABLED"})
    assert refused(partners.sign_in())


def test_a_person_without_what_a_profile_needs_is_not_made(partners: Partners) -> None:
    partners.there.claims = {"family_name": None}
    assert refused(partners.sign_in())
    assert partners.who() == []
    assert reasons(partners) == ["attributes without a value: lastName"]


def test_a_login_that_is_taken_makes_nobody_and_ends(partners: Partners) -> None:
    """The username finds nobody, and the mapping makes a login that somebody has."""
    partners.here.user("zoe@partner.example")
    partners.settings(subject={"userNameTemplate": {"template": "idpuser.sub"}})
    assert refused(partners.sign_in())
    assert partners.who() == ["zoe@partner.example"]


def test_an_address_that_nobody_vouches_for_is_not_called_verified(partners: Partners) -> None:
    partners.there.claims = {"email_verified": None}
    partners.sign_in()
    (user,) = partners.here.storage.users.list()
    assert not user.email_verified


@pytest.mark.parametrize("status", ["suspended", "deprovisioned"])
def test_a_closed_account_opens_where_the_provider_may(partners: Partners, status: str) -> None:
    partners.sign_in()
    (user,) = partners.here.storage.users.list()
    verb = {"suspended": "suspend", "deprovisioned": "deactivate"}[status]
    partners.here.admin.post(f"/api/v1/users/{user.id}/lifecycle/{verb}")
    assert refused(partners.sign_in())

    action = {"suspended": "UNSUSPEND", "deprovisioned": "REACTIVATE"}[status]
    partners.settings(provisioning={"action": "AUTO", "conditions": {status: {"action": action}}})

    assert "code" in partners.sign_in().fields
    assert partners.here.storage.users.get(user.id).status == "ACTIVE"
    assert partners.here.events(f"user.lifecycle.{action.lower()}")


def test_who_has_not_chosen_a_password_yet_needs_none(partners: Partners) -> None:
    profile = dict.fromkeys(("login", "email"), "zoe@partner.example") | {"firstName": "Z", "lastName": "D"}
    made = partners.here.admin.made("/api/v1/users", {"profile": profile})
    assert made["status"] == "PROVISIONED"
    assert "code" in partners.sign_in().fields
    assert partners.here.storage.users.get(made["id"]).status == "ACTIVE"


@pytest.mark.parametrize("status", ["STAGED", "LOCKED_OUT"])
def test_other_states_stay_as_they_are(partners: Partners, status: Any) -> None:
    user = partners.here.storage.users.get(partners.here.user("zoe@partner.example"))
    partners.here.storage.users.save(user, replace(user, status=status), [])
    assert refused(partners.sign_in())


# Groups ---------------------------------------------------------------------------------------------------------


def group(partners: Partners, name: str) -> str:
    made: str = partners.here.admin.made("/api/v1/groups", {"profile": {"name": name}})["id"]
    return made


def memberships(partners: Partners) -> list[str]:
    (user,) = partners.here.storage.users.list()
    return [one.name for one in partners.here.storage.directory.person(user.id).groups if one.name != "Everyone"]


def test_who_is_made_joins_the_groups_of_the_provider(partners: Partners) -> None:
    ids = [group(partners, name) for name in ("a", "b")]
    partners.settings(provisioning={"action": "AUTO", "groups": {"action": "ASSIGN", "assignments": ids}})
    partners.sign_in()
    assert memberships(partners) == ["a", "b"]
    assert len(partners.here.events("group.user_membership.add")) == 2


def test_groups_follow_a_claim(partners: Partners) -> None:
    ids = {name: group(partners, name) for name in ("a", "b", "c", "other")}
    groups = {"sourceAttributeName": "groups", "filter": [ids["a"], ids["b"], ids["c"]]}
    partners.settings(provisioning={"action": "AUTO", "groups": {"action": "SYNC", **groups}})
    partners.there.claims = {"groups": ["a", ids["b"], "other", "Everyone", 7]}
    partners.sign_in()
    assert memberships(partners) == ["a", "b"]
    (user,) = partners.here.storage.users.list()
    partners.here.admin.put(f"/api/v1/groups/{ids['other']}/users/{user.id}")

    partners.there.claims = {"groups": "c"}
    partners.sign_in()
    assert memberships(partners) == ["c", "other"]

    partners.settings(provisioning={"action": "AUTO", "groups": {"action": "APPEND", **groups}})
    partners.there.claims = {"groups": ["a"]}
    partners.sign_in()
    assert memberships(partners) == ["a", "c", "other"]


def test_nobody_comes_by_a_role_by_what_a_provider_says(partners: Partners) -> None:
    admins = group(partners, "admins")
    provisioning = {"action": "AUTO", "groups": {"action": "ASSIGN", "assignments": [admins]}}
    partners.settings(provisioning=provisioning)
    grant(partners.here.admin, f"/api/v1/groups/{admins}", "SUPER_ADMIN")

    partners.sign_in()
    partners.sign_in()

    assert memberships(partners) == []


def test_group_rules_hold_for_who_comes_from_elsewhere(partners: Partners) -> None:
    ids = [group(partners, name) for name in ("Does", "Millers")]
    for name, group_id in (("Doe", ids[0]), ("Miller", ids[1])):
        expression = {"type": "urn:okta:expression:1.0", "value": f'user.lastName == "{name}"'}
        rule = {"type": "group_rule", "name": name, "conditions": {"expression": expression}}
        rule["actions"] = {"assignUserToGroups": {"groupIds": [group_id]}}
        made = partners.here.admin.made("/api/v1/groups/rules", rule)["id"]
        assert partners.here.admin.post(f"/api/v1/groups/rules/{made}/lifecycle/activate").status == 204
    partners.settings(provisioning={"action": "AUTO", "profileMaster": True})

    partners.sign_in()
    assert memberships(partners) == ["Does"]
    partners.there.claims = {"family_name": "Miller"}
    partners.sign_in()

    assert memberships(partners) == ["Millers"]


# Profiles -------------------------------------------------------------------------------------------------------


def test_a_provider_that_is_the_master_writes_at_every_sign_in(partners: Partners) -> None:
    partners.settings(provisioning={"action": "AUTO", "profileMaster": True})
    partners.sign_in()
    partners.there.claims = {"family_name": "Miller", "email": "new@partner.example", "given_name": None}

    partners.sign_in()

    (user,) = partners.here.storage.users.list()
    assert user.profile["lastName"] == "Miller"
    assert (user.login, user.email) == ("zoe@partner.example", "new@partner.example")
    assert user.profile["firstName"] == "Zoe", "what it does not say does not break the profile"


def test_what_the_master_writes_nobody_else_does(partners: Partners) -> None:
    partners.settings(provisioning={"action": "AUTO", "profileMaster": True})
    partners.sign_in()
    (user,) = partners.here.storage.users.list()
    path = f"/api/v1/users/{user.id}"

    refused = partners.here.admin.post(path, {"profile": {"lastName": "Mine"}})

    assert (refused.status, refused.code) == (403, "E0000023")
    assert partners.here.admin.post(path, {"profile": {"lastName": "Doe", "title": "Dr"}}).status == 200
    partners.settings(provisioning={"action": "AUTO", "profileMaster": False})
    assert partners.here.admin.post(path, {"profile": {"lastName": "Mine"}}).status == 200


def test_pushed_attributes_follow_the_provider_and_others_stay(partners: Partners) -> None:
    (mapping,) = partners.here.admin.get(f"/api/v1/mappings?sourceId={partners.idp}").json
    pushed = {"lastName": {"expression": "appuser.lastName", "pushStatus": "PUSH"}}
    answer = partners.here.admin.post(f"/api/v1/mappings/{mapping['id']}", {"properties": pushed})
    assert answer.status == 200, answer.json
    partners.sign_in()
    partners.there.claims = {"family_name": "Miller", "given_name": "Other"}

    partners.sign_in()

    (user,) = partners.here.storage.users.list()
    assert (user.profile["firstName"], user.profile["lastName"]) == ("Zoe", "Miller")


def test_no_master_writes_an_address_that_nobody_vouches_for(partners: Partners) -> None:
    partners.settings(provisioning={"action": "AUTO", "profileMaster": True})
    partners.sign_in()
    partners.there.claims = {"email": "ceo@acme.example.com", "email_verified": False, "family_name": "Miller"}

    partners.sign_in()

    (user,) = partners.here.storage.users.list()
    assert (user.email, user.profile["lastName"]) == ("zoe@partner.example", "Miller")


def test_a_master_takes_over_whom_it_recognizes(partners: Partners) -> None:
    user_id = partners.here.user("zoe@partner.example")
    partners.settings(provisioning={"action": "AUTO", "profileMaster": True})

    partners.sign_in()

    user = partners.here.storage.users.get(user_id)
    assert (user.profile["firstName"], user.profile["lastName"]) == ("Zoe", "Doe")
    assert user.provider is not None
    assert (user.provider.idp_id, user.password is not None) == (partners.idp, True)
    refused = partners.here.admin.post(f"/api/v1/users/{user_id}", {"profile": {"lastName": "Mine"}})
    assert refused.code == "E0000023"


def test_what_does_not_fit_stays_out_and_locks_nobody_out(partners: Partners) -> None:
    partners.settings(provisioning={"action": "AUTO", "profileMaster": True})
    partners.sign_in()
    partners.there.claims = {"email": "no address", "family_name": "Miller"}

    assert "code" in partners.sign_in().fields

    (user,) = partners.here.storage.users.list()
    assert (user.email, user.profile["lastName"]) == ("zoe@partner.example", "Doe")


def test_who_is_new_needs_a_profile_that_fits(partners: Partners) -> None:
    partners.there.claims = {"email": "no address"}
    assert refused(partners.sign_in())
    assert partners.who() == []
    assert reasons(partners)[0].startswith("attributes that do not fit: ")


def test_what_a_provider_says_of_an_administrator_changes_nothing(partners: Partners) -> None:
    partners.settings(provisioning={"action": "AUTO", "profileMaster": True})
    partners.sign_in()
    (user,) = partners.here.storage.users.list()
    grant(partners.here.admin, f"/api/v1/users/{user.id}", "READ_ONLY_ADMIN")
    partners.there.claims = {"family_name": "Miller"}

    assert "code" in partners.sign_in().fields

    assert partners.here.storage.users.get(user.id).profile["lastName"] == "Doe"


# Two at once ----------------------------------------------------------------------------------------------------


def test_of_two_first_sign_ins_at_once_both_get_in_as_one_person(partners: Partners) -> None:
    def attempt(_: int) -> str:
        return partners.sign_in(Browser(partners.world)).fields.get("code", "")

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(attempt, range(16)))

    assert all(codes)
    assert partners.who() == ["zoe@partner.example"]
    assert len(partners.here.events("user.lifecycle.create")) == 1


def test_who_comes_second_finds_whom_the_first_made(partners: Partners, monkeypatch: pytest.MonkeyPatch) -> None:
    users: Users = partners.here.storage.users
    add, raced = users.add, list[int]()

    def late(user: Any, events: Any, **more: Any) -> None:
        if not raced:
            raced.append(1)
            partners.sign_in()  # another one, to its end
        add(user, events, **more)

    monkeypatch.setattr(users, "add", late)

    assert "code" in partners.sign_in().fields
    assert partners.who() == ["zoe@partner.example"]


def test_a_change_that_comes_between_is_read_again(partners: Partners, monkeypatch: pytest.MonkeyPatch) -> None:
    partners.settings(provisioning={"action": "AUTO", "profileMaster": True})
    partners.sign_in()
    partners.there.claims = {"family_name": "Miller"}
    users, raced = partners.here.storage.users, list[int]()
    save = users.save

    def late(*args: Any, **more: Any) -> None:
        if not raced:
            raced.append(1)
            raise Conflict("user")
        save(*args, **more)

    monkeypatch.setattr(users, "save", late)

    assert "code" in partners.sign_in().fields
    (user,) = users.list()
    assert user.profile["lastName"] == "Miller"


@pytest.mark.parametrize(("record", "call"), [("directory", "person"), ("idp_links", "add"), ("groups", "join")])
def test_what_is_gone_meanwhile_is_looked_for_again(
    partners: Partners, record: str, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    partners.here.user("zoe@partner.example")
    group = partners.here.admin.made("/api/v1/groups", {"profile": {"name": "Staff"}})["id"]
    partners.settings(provisioning={"action": "AUTO", "groups": {"action": "ASSIGN", "assignments": [group]}})
    known, raced = getattr(partners.here.storage, record), list[int]()
    kept = getattr(known, call)

    def late(*args: Any, **more: Any) -> Any:
        if not raced:
            raced.append(1)
            raise NotFound(call)
        return kept(*args, **more)

    monkeypatch.setattr(known, call, late)

    assert "code" in partners.sign_in().fields
    assert raced


def test_a_user_with_many_providers_gets_no_more(partners: Partners, monkeypatch: pytest.MonkeyPatch) -> None:
    partners.here.user("zoe@partner.example")
    monkeypatch.setattr("authmint.federation.people.MOST_LINKS", 0)
    assert refused(partners.sign_in())


def test_a_google_account_is_social(partners: Partners) -> None:
    google = "https://accounts.google.com"
    partners.idp = partners.here.provider(type="GOOGLE", name="g", protocol={"endpoints": None, "issuer": None})["id"]
    pages = {"/o/oauth2/auth": "/authorize", "/oauth2/v3/token": "/token", "/oauth2/v3/certs": "/keys"}
    for origin in (google, "https://www.googleapis.com"):
        partners.world.hosts[origin] = lambda request: partners.there.answer(replace(request, path=pages[request.path]))
    partners.there.claims = {"iss": google}
    browser = Browser(partners.world)

    assert "code" in partners.sign_in(browser).fields

    session = json.loads(browser.open(f"{ACME}/api/v1/sessions/me").text)
    assert session["idp"] == {"id": partners.idp, "type": "SOCIAL"}
    assert partners.here.events("user.authentication.auth_via_social")
    (user,) = partners.here.storage.users.list()
    assert user.provider is not None
    assert (user.provider.kind, user.provider.unverified) == ("SOCIAL", "")
