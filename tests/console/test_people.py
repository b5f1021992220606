"""Applications, people and security: what is particular to their pages."""

import itertools
import re
from typing import Any

import pytest
from authmint.http import Response
from authmint.storage.events import Event, Party

from .browser import Browser, header, text

EVIL = '<script>alert("1")</script>'
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def browser() -> Browser:
    return Browser()


def made(browser: Browser, path: str, **fields: str) -> str:
    """A new object, by its form; where the browser is led."""
    answer = browser.submit(seen(browser, path), path, **fields)
    assert answer.status == 303, alerts(answer)
    return header(answer, "location").partition("?")[0]


def seen(browser: Browser, path: str) -> Response:
    answer = browser.get(path)
    assert answer.status == 200, (path, alerts(answer))
    return answer


def done(browser: Browser, path: str, **fields: str) -> str:
    """What a button does, for who is sure; where the browser is led."""
    answer = browser.post(path, (("csrf", browser.csrf()), ("sure", "yes"), *fields.items()))
    assert answer.status == 303, (path, alerts(answer))
    return header(answer, "location").partition("?")[0]


def alerts(answer: Response) -> Any:
    return answer.status, re.findall(r'role="alert".*?</div>', text(answer), re.DOTALL)


def app(browser: Browser, kind: str, **fields: str) -> tuple[str, str]:
    """A new application: its path, and the page that is shown once."""
    path = f"/console/apps/new/{kind}"
    answer = browser.submit(seen(browser, path), path, label=f"{kind} app {next(NUMBERS)}", **fields)
    assert answer.status == 200, alerts(answer)
    found = re.search(r'href="(/console/apps/[^/"]+)"', text(answer).partition("</dl>")[2])
    assert found
    return found[1], text(answer)


def person(browser: Browser, login: str) -> str:
    profile = {"login": login, "email": login, "firstName": "Ann", "lastName": "Bee"}
    fields = {f"profile.{name}": value for name, value in profile.items()}
    return made(browser, "/console/users/new", **fields, **{"credentials.password.value": "Correct-Horse-7"})


def test_a_password_that_was_typed_is_in_no_call_that_is_shown(browser: Browser) -> None:
    path, secret = "/console/users/new", "Never-Shown-Horse-9"

    names = {f"profile.{name}": "x" for name in ("login", "email", "firstName", "lastName")}
    answer = browser.submit(seen(browser, path), path, **names, **{"credentials.password.value": secret})

    assert answer.status == 400, alerts(answer)
    calls = text(answer).partition('class="calls"')[2]
    assert ("POST" in calls, secret in calls) == (True, False)


REDIRECT = {"settings.oauthClient.redirect_uris": "https://app.example.com/back"}


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("service", {}, ("-d grant_type=client_credentials", "-u &#39;")),
        ("web", REDIRECT, ("/v1/authorize?", "code_challenge", "Secret")),
        ("browser", REDIRECT, ("-d client_id=", "code_verifier")),
        ("native", REDIRECT, ("-d client_id=", "code_verifier")),
        ("mcp", {"settings.oauthClient.redirect_uris": "http://127.0.0.1/callback"}, ("code_challenge",)),
    ],
)
def test_an_application_of_each_kind_is_made_with_few_words(
    browser: Browser, kind: str, fields: dict[str, str], said: tuple[str, ...]
) -> None:
    path, page = app(browser, kind, **fields)

    assert [word for word in said if word not in page] == []
    public = kind in {"browser", "native", "mcp"}
    assert ("shown once" not in page) is public
    saved = browser.submit(seen(browser, path), path, label=f"{kind} again")
    assert saved.status == 303, alerts(saved)


def test_a_secret_is_replaced_without_an_outage(browser: Browser) -> None:
    path, _ = app(browser, "service")
    first = re.findall(rf'href="({path}/secrets/oc[^"/]+)"', text(seen(browser, f"{path}/secrets")))[0]
    new = browser.submit(seen(browser, f"{path}/secrets/new"), f"{path}/secrets/new")
    assert (new.status, "client_secret" in text(new)) == (200, True), alerts(new)
    assert '<li aria-current="step">Give it' in text(seen(browser, f"{path}/secrets"))
    done(browser, f"{first}/do/deactivate", listed="yes")
    assert '<li aria-current="step">Delete' in text(seen(browser, f"{path}/secrets"))
    assert done(browser, f"{first}/delete") == f"{path}/secrets"
    assert first not in text(seen(browser, f"{path}/secrets"))


def test_a_key_is_added_and_taken_away(browser: Browser) -> None:
    path, _ = app(browser, "service")
    jwk = '{"kty": "EC", "crv": "P-256", "kid": "two", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",' \
          ' "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}'  # fmt: skip

    made(browser, f"{path}/jwks/new", jwk=jwk)

    row = re.findall(rf'href="({path}/jwks/[^"/]+)">two<', text(seen(browser, f"{path}/jwks")))[0]
    done(browser, f"{row}/do/deactivate", listed="yes")
    assert done(browser, f"{row}/delete") == f"{path}/jwks"


def test_people_and_groups_are_assigned_by_choosing_them(browser: Browser) -> None:
    path, _ = app(browser, "web", **REDIRECT)
    user = person(browser, "chosen@example.com").rpartition("/")[2]
    group = made(browser, "/console/groups/new", **{"profile.name": "Chosen"}).rpartition("/")[2]

    found = seen(browser, f"{path}/users/new?q=chosen")
    assert "chosen@example.com" in text(found)
    assert done(browser, f"{path}/users/new", id=user) == f"{path}/users"
    assert done(browser, f"{path}/groups/new", id=group) == f"{path}/groups"

    assert "chosen@example.com" in text(seen(browser, f"{path}/users"))
    assert "Chosen" in text(seen(browser, f"{path}/groups"))
    one = f"{path}/users/{user}"
    assert browser.submit(seen(browser, one), one, **{"credentials.userName": "other"}).status == 303
    one = f"{path}/groups/{group}"
    assert browser.submit(seen(browser, one), one, priority="3").status == 303
    done(browser, f"{path}/users/{user}/delete")
    done(browser, f"{path}/groups/{group}/delete")
    assert "chosen@example.com" not in text(seen(browser, f"{path}/users"))


def test_a_service_is_given_scopes_and_roles(browser: Browser) -> None:
    path, _ = app(browser, "service")

    grant = made(browser, f"{path}/grants/new", scopeId="okta.users.read")
    role = made(browser, f"{path}/roles/new", type="APP_ADMIN")

    assert "okta.users.read" in text(seen(browser, f"{path}/grants"))
    other, _ = app(browser, "service")
    assert done(browser, f"{role}/apps/new", id=other.rpartition("/")[2]) == f"{role}/apps"
    assert "service app" in text(seen(browser, f"{role}/apps"))
    done(browser, f"{grant}/delete")
    done(browser, f"{role}/delete")
    assert text(seen(browser, f"{path}/refresh-tokens"))


def test_a_group_gets_a_member_and_loses_one(browser: Browser) -> None:
    user = person(browser, "member@example.com")
    group = made(browser, "/console/groups/new", **{"profile.name": "Members"})

    assert done(browser, f"{group}/users/new", id=user.rpartition("/")[2]) == f"{group}/users"
    assert "Members" in text(seen(browser, f"{user}/groups"))
    assert "member@example.com" in text(seen(browser, f"{group}/users"))
    done(browser, f"{user}/groups/{group.rpartition('/')[2]}/delete")
    assert "member@example.com" not in text(seen(browser, f"{group}/users"))
    assert "Chosen" not in text(seen(browser, f"{group}/apps"))


def test_somebody_goes_through_their_life(browser: Browser) -> None:
    user = person(browser, "life@example.com")
    for step, status in (("suspend", "SUSPENDED"), ("unsuspend", "ACTIVE"), ("risk", "ACTIVE"), ("forget", "ACTIVE"),
                         ("reset_factors", "ACTIVE"), ("sign_out", "ACTIVE"), ("no_risk", "ACTIVE"),
                         ("expire_password", "PASSWORD_EXPIRED")):  # fmt: skip
        done(browser, f"{user}/do/{step}")
        assert f'data-status="{status}"' in text(seen(browser, user)), step
    shown = browser.post(f"{user}/do/reset_password", csrf=browser.csrf())
    assert (shown.status, "resetPasswordUrl" in text(shown)) == (200, True), alerts(shown)
    done(browser, f"{user}/do/deactivate")
    assert "life@example.com" in text(seen(browser, "/console/users?view=2"))
    assert "life@example.com" not in text(seen(browser, "/console/users"))
    assert done(browser, f"{user}/delete", name="life@example.com") == "/console/users"


def test_attributes_of_the_deployment_are_fields(browser: Browser) -> None:
    custom = {"properties": {
        "badge": {"title": "Badge", "type": "string"},
        "floors": {"title": "Floors", "type": "array", "items": {"type": "integer"}},
        "remote": {"title": "Remote", "type": "boolean"},
        "level": {"title": "Level", "type": "integer"},
    }}  # fmt: skip
    schema = {"definitions": {"custom": {"id": "#custom", "type": "object", **custom}}}
    assert browser.deployment.admin.post("/api/v1/meta/schemas/user/default", schema).status == 200
    user = person(browser, "badge@example.com")

    written = {"badge": "B-7", "remote": "false", "level": "3", "department": "Sales"}
    saved = browser.submit(seen(browser, user), user, **{f"profile.{name}": value for name, value in written.items()})

    assert saved.status == 303, alerts(saved)
    profile = browser.deployment.admin.get(f"/api/v1/users/{user.rpartition('/')[2]}").json["profile"]
    assert {name: profile.get(name) for name in written} == written | {"remote": False, "level": 3}


RULES = {
    "policies": {"actions.signon.access": "ALLOW", "conditions.network.connection": "ANYWHERE"},
    "app-policies": {"actions.appSignOn.access": "ALLOW", "actions.appSignOn.verificationMethod.factorMode": "2FA",
                     "actions.appSignOn.verificationMethod.reauthenticateIn": "PT2H"},
    "password-policies": {"actions.passwordChange.access": "ALLOW"},
    "enrolment-policies": {"actions.enroll.self": "LOGIN"},
}  # fmt: skip


@pytest.mark.parametrize("path", RULES)
def test_policies_of_each_type_have_rules_in_an_order(browser: Browser, path: str) -> None:
    policy = made(browser, f"/console/{path}/new", name=f"p {path}")
    assert browser.submit(seen(browser, policy), policy, description="d").status == 303
    for name in ("first", "second"):
        made(browser, f"{policy}/rules/new", name=name, **RULES[path])
    rules = re.findall(r'href="([^"]+)">(first|second)<', text(seen(browser, f"{policy}/rules")))
    assert [name for _, name in rules] == ["first", "second"]

    assert done(browser, f"{rules[1][0]}/move/up") == f"{policy}/rules"
    moved = re.findall(r">(first|second)<", text(seen(browser, f"{policy}/rules")))
    assert moved == ["second", "first"]
    done(browser, f"{rules[1][0]}/move/down")
    assert re.findall(r">(first|second)<", text(seen(browser, f"{policy}/rules"))) == ["first", "second"]
    one = rules[0][0]
    saved = browser.submit(seen(browser, one), one, name="first again")
    assert saved.status == 303, alerts(saved)
    done(browser, f"{one}/do/deactivate")
    done(browser, f"{one}/delete", name="first again")
    done(browser, f"{policy}/delete", name=f"p {path}")


def test_an_application_is_given_a_policy(browser: Browser) -> None:
    path, _ = app(browser, "web", **REDIRECT)
    policy = made(browser, "/console/app-policies/new", name="strict")

    assert done(browser, f"{policy}/apps/new", id=path.rpartition("/")[2]) == f"{policy}/apps"
    assert "web app" in text(seen(browser, f"{policy}/apps"))


def test_zones_and_behaviours_are_written_as_people_write_them(browser: Browser) -> None:
    zone = made(browser, "/console/zones/new/addresses", name="office", gateways="192.0.2.7\n198.51.100.0/24")
    places = made(browser, "/console/zones/new/places", name="south", locations="DE-BY\nat")
    speed = made(browser, "/console/behaviors/new/speed", name="jet", **{"settings.velocityKph": "900"})

    get = browser.deployment.admin.get
    gateways = get(f"/api/v1/zones/{zone.rpartition('/')[2]}").json["gateways"]
    assert [one["value"] for one in gateways] == ["192.0.2.7/32", "198.51.100.0/24"]
    located = get(f"/api/v1/zones/{places.rpartition('/')[2]}").json["locations"]
    assert [(one["country"], one.get("region")) for one in located] == [("DE", "DE-BY"), ("AT", None)]
    for path, name in ((zone, "office 2"), (places, "south 2"), (speed, "jet 2")):
        assert browser.submit(seen(browser, path), path, name=name).status == 303
        done(browser, f"{path}/do/deactivate")
        assert done(browser, f"{path}/delete", name=name) == path.rpartition("/")[0]


def test_authenticators_origins_and_tokens(browser: Browser) -> None:
    page = text(seen(browser, "/console/authenticators"))
    one = re.findall(r'href="(/console/authenticators/[^"]+)">Google', page)[0]
    done(browser, f"{one}/do/deactivate")
    assert 'data-status="INACTIVE"' in text(seen(browser, one))
    assert browser.submit(seen(browser, one), one).status == 303

    origin = made(browser, "/console/origins/new", name="app", origin="https://app.example.com", scopes="REDIRECT")
    assert "REDIRECT" in text(seen(browser, "/console/origins?q=app"))
    done(browser, f"{origin}/delete", name="app")

    token = browser.submit(seen(browser, "/console/tokens/new"), "/console/tokens/new", name="deploys")
    assert (token.status, "&#34;token&#34;" in text(token)) == (200, True), alerts(token)
    assert "deploys" in text(seen(browser, "/console/tokens"))


def test_administrators_are_those_with_roles(browser: Browser) -> None:
    user = person(browser, "boss@example.com")
    made(browser, f"{user}/roles/new", type="HELP_DESK_ADMIN")

    page = text(seen(browser, "/console/administrators"))
    assert "boss@example.com" in page
    assert f'href="{user}/roles"' in page


def test_a_sign_on_is_tried_for_somebody(browser: Browser) -> None:
    person(browser, "tried@example.com")

    page = text(seen(browser, "/console/explain?user=tried@example.com&address=192.0.2.7&device=new"))

    assert "gets in" in page
    assert "this service" in page
    assert "Default Rule" in page
    unknown = browser.get("/console/explain?user=nobody@example.com")
    assert (unknown.status, "E0000007" in text(unknown)) == (404, True)


def test_the_analysis_says_who_would_be_locked_out(browser: Browser) -> None:
    group = made(browser, "/console/groups/new", **{"profile.name": "Locked"}).rpartition("/")[2]
    user = person(browser, "locked@example.com").rpartition("/")[2]
    done(browser, f"/console/groups/{group}/users/new", id=user)
    policy = made(browser, "/console/policies/new", name="nobody", **{"conditions.people.groups.include": group})
    rule = made(browser, f"{policy}/rules/new", name="refuses", **{"actions.signon.access": "DENY"})
    done(browser, f"{policy}/do/deactivate")

    page = text(seen(browser, "/console/analysis"))
    assert "nobody / nobody" in page
    assert rule.rpartition("/")[2] not in page
    assert "Nobody signed in." in text(seen(browser, "/console/analysis?of=sign-ins"))
    people = seen(browser, f"/console/analysis?of=people&activate={policy.rpartition('/')[2]}")
    assert "people were tried" in text(people)
    done(browser, f"{policy}/delete", name="nobody")


def test_the_log_can_be_watched_and_filters_are_links(browser: Browser) -> None:
    page = text(seen(browser, "/console/log?outcome=SUCCESS"))
    assert 'http-equiv="refresh"' not in page
    assert "live=yes" in page
    assert 'href="/console/log?outcome=SUCCESS&amp;type=' in page
    assert 'http-equiv="refresh"' in text(seen(browser, "/console/log?live=yes"))


def test_the_overview_says_what_wants_attention(browser: Browser) -> None:
    assert "What was refused in the last day" in text(seen(browser, "/console"))


@pytest.mark.parametrize("path", ["types/default", "group-attributes"])
def test_attributes_are_made_and_taken_away(browser: Browser, path: str) -> None:
    if path.startswith("types"):
        found = re.findall(r'href="(/console/types/[^"/]+)"', text(seen(browser, "/console/types")))
        path = f"{next(one for one in found if not one.endswith('/new')).removeprefix('/console/')}/attributes"
    path = f"/console/{path}"

    assert made(browser, path, name="desk", title="Desk", type="array") == path
    assert "desk" in text(seen(browser, path))
    taken = browser.submit(seen(browser, path), path, name="a b", title="Kept title", type="string")
    assert (taken.status, "Kept title" in text(taken)) == (400, True)
    assert done(browser, f"{path}/desk/delete", name="desk") == path
    assert "desk" not in text(seen(browser, path))


def test_the_second_of_two_administrators_is_told_and_loses_nothing(browser: Browser) -> None:
    group = made(browser, "/console/groups/new", **{"profile.name": "Two", "profile.description": "old"})
    ours, theirs = seen(browser, group), seen(browser, group)
    assert browser.submit(theirs, group, **{"profile.description": "theirs"}).status == 303

    late = browser.submit(ours, group, **{"profile.description": "ours"})

    assert (late.status, "Somebody else changed this" in text(late)) == (412, True)
    assert ">ours</textarea>" in text(late)
    assert "theirs" in text(late)
    get = browser.deployment.admin.get
    assert get(f"/api/v1/groups/{group.rpartition('/')[2]}").json["profile"]["description"] == "theirs"
    assert browser.submit(late, group).status == 303
    assert get(f"/api/v1/groups/{group.rpartition('/')[2]}").json["profile"]["description"] == "ours"


def test_usage_is_shown_as_pictures_and_as_the_table_that_they_are_of(browser: Browser) -> None:
    browser.get("/console")
    kind, client = "app.oauth2.as.token.grant.access_token", Party("0oaA", "PublicClientApp", EVIL)
    at = browser.clock.now() * 1_000
    granted = [Event(f"granted-{number}", at, kind, client, debug={"grant_type": EVIL}) for number in range(3)]
    browser.deployment.admin.storage.log.record(granted)

    page = text(seen(browser, "/console/usage?by=grantType&days=1"))

    assert "<svg" in page
    assert "<td>3</td>" in page
    assert EVIL not in page
    assert "What nobody used" in page
    assert text(seen(browser, "/console/usage?by=nothing&days=x"))
