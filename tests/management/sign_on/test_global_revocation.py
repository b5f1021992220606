"""``/oauth2/v1/global-token-revocation``: everything that somebody is signed in by ends at once."""

from typing import Any

import pytest
from authmint.runtime import wiring

from tests.federation.conftest import Partners, partners
from tests.federation.world import ACME, Browser, Deployment, World
from tests.management.admin import Admin
from tests.management.administrators.people import by_oauth, grant, person

__all__ = ["partners"]
PATH = "/oauth2/v1/global-token-revocation"
ANN = "ann@acme.example"


def signed_in(here: Deployment, browser: Browser) -> dict[str, Any]:
    page = browser.submit(
        browser.open(here.authorize_uri(scope="openid offline_access")), username=ANN, password=PASSWORD
    )
    return here.redeemed(page.fields["code"])


PASSWORD = "Correct-horse-9"


@pytest.fixture
def here() -> Deployment:
    here = Deployment(World())
    here.admin.api = wiring.management_api(here.parts)  # by the same clock
    here.client = here.app(label="refreshing", grant_types=["authorization_code", "refresh_token"])
    return here


@pytest.mark.parametrize("form", ["opaque", "iss_sub"])
def test_every_token_and_session_of_before_is_dead_and_later_ones_live(here: Deployment, form: str) -> None:
    user, browser = here.user(ANN), Browser(here.world)
    before = signed_in(here, browser)
    code = browser.open(here.authorize_uri()).fields["code"]
    means = {"format": form, "id": user} if form == "opaque" else {"format": form, "iss": ACME, "sub": user}

    assert here.admin.post(PATH, {"sub_id": means}).status == 204

    for token in (before["access_token"], before["refresh_token"], before["id_token"]):
        assert here.called("/oauth2/v1/introspect", token=token) == {"active": False}
    with pytest.raises(AssertionError, match="invalid_grant"):
        here.redeemed(code)
    assert "/signin" in browser.open(here.authorize_uri()).url
    after = signed_in(here, Browser(here.world))
    assert here.called("/oauth2/v1/introspect", token=after["access_token"])["active"] is True
    types = [event.type for event in here.storage.events]
    assert types.count("user.session.clear") == types.count("app.oauth2.token.revoke.implicit.user") == 1


def test_a_provider_names_whom_it_knows(partners: Partners) -> None:
    partners.sign_in()
    (user,) = partners.here.storage.users.list()
    means = {"format": "iss_sub", "iss": "https://idp.example.com", "sub": partners.there.subject}

    assert partners.here.admin.post(PATH, {"sub_id": means}).status == 204

    assert partners.here.storage.users.get(user.id).token_generation == user.token_generation + 1
    means["sub"] = "another"
    assert partners.here.admin.post(PATH, {"sub_id": means}).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sub_id": "00u"},
        {"sub_id": {}},
        {"sub_id": {"format": "email", "email": ANN}},
        {"sub_id": {"format": "opaque"}},
        {"sub_id": {"format": "opaque", "id": ["x"]}},
        {"sub_id": {"format": "opaque", "id": "00uNOBODY"}},
        {"sub_id": {"format": "opaque", "id": ANN}},
        {"sub_id": {"format": "iss_sub", "iss": ACME}},
        {"sub_id": {"format": "iss_sub", "iss": "https://evil.example", "sub": "x"}},
        {"sub_id": {"format": "iss_sub", "iss": f"{ACME}/", "sub": "x"}},
    ],
)
def test_what_means_nobody_ends_nothing(here: Deployment, body: Any) -> None:
    user = here.user(ANN)
    answer = here.admin.post(PATH, body)
    assert answer.status == 400, answer.json
    assert here.storage.users.get(user).token_generation == 0


def test_only_higher_roles_end_what_administrators_are_signed_in_by(here: Deployment) -> None:
    admin = here.admin
    chief, user = here.user("chief@acme.example"), here.user(ANN)
    grant(admin, f"/api/v1/users/{chief}", "SUPER_ADMIN")
    ends = {who: {"sub_id": {"format": "opaque", "id": who}} for who in (chief, user)}
    callers = {role: person(admin, role.lower(), role) for role in ("ORG_ADMIN", "USER_ADMIN", "SUPER_ADMIN")}

    assert callers["ORG_ADMIN"].status("POST", PATH, ends[chief]) == 403
    assert callers["USER_ADMIN"].status("POST", PATH, ends[user]) == 403
    assert here.storage.users.get(chief).token_generation == 0
    assert callers["ORG_ADMIN"].status("POST", PATH, ends[user]) == 204
    assert callers["SUPER_ADMIN"].status("POST", PATH, ends[chief]) == 204


def test_a_token_needs_the_scope() -> None:
    admin = Admin()
    user = person(admin, "ann").id
    body = {"sub_id": {"format": "opaque", "id": user}}
    chief = person(admin, "chief", "SUPER_ADMIN").id
    assert by_oauth(admin, chief, "okta.users.manage").status("POST", PATH, body) == 403
    assert by_oauth(admin, chief, "okta.universalLogout.manage").status("POST", PATH, body) == 204
