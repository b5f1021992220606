"""The applications by which the console signs administrators in: made and brought up to date by direct invocation."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.oauth.console_client import CLIENT_ID, LAPTOP_CLIENT_ID, SCOPES, client_secret, cookie_key
from authmint.storage.clients import secret_digest

from tests.management.admin import Admin

SECRET = "s" * 40
HERE = "https://auth.example.com"


@pytest.fixture
def admin() -> Admin:
    return Admin(console_secret=SECRET)


def set_up(admin: Admin, **payload: Any) -> dict[str, Any]:
    return admin.api.bootstrap({"action": "set_up_console", "base_url": HERE, **payload})


def test_two_apps_are_made_once(admin: Admin) -> None:
    assert set_up(admin) == {"clientId": CLIENT_ID, "console": f"{HERE}/console", "changed": True}
    assert set_up(admin)["changed"] is False

    own, laptop = (admin.storage.clients.get(name) for name in (CLIENT_ID, LAPTOP_CLIENT_ID))
    assert own.redirect_uris == (f"{HERE}/console/callback",)
    assert [secret.digest for secret in own.secrets] == [secret_digest(client_secret(SECRET))]
    assert (laptop.auth_method, laptop.secrets, laptop.application_type) == ("none", (), "native")
    for client in (own, laptop):
        assert {grant.scope for grant in client.scope_grants} == set(SCOPES)
        assert (client.pkce_required, client.implicit_assignment) == (True, True)
    created = [event.type for event in admin.storage.events].count("application.lifecycle.create")
    assert created == 2


def test_another_address_or_secret_is_taken_over_and_what_administrators_changed_stays(admin: Admin) -> None:
    set_up(admin)
    before = admin.storage.clients.get(CLIENT_ID)
    admin.storage.clients.save(before, replace(before, label="ours", access_policy="rst1"), [])

    assert set_up(admin, base_url="https://other.example.com")["changed"] is True
    after = admin.storage.clients.get(CLIENT_ID)
    assert after.redirect_uris == ("https://other.example.com/console/callback",)
    assert (after.label, after.access_policy, after.secrets) == ("ours", "rst1", before.secrets)


@pytest.mark.parametrize("url", [None, 1, "auth.example.com", "http://auth.example.com", f"{HERE}/", "https://a b"])
def test_what_is_no_address_is_refused(admin: Admin, url: Any) -> None:
    assert set_up(admin, base_url=url)["error"] == "bad_base_url"
    assert not [client for client in admin.storage.clients.list(limit=10) if client.id == CLIENT_ID]


def test_without_a_secret_there_is_no_console() -> None:
    assert set_up(Admin())["error"] == "console_is_off"


def test_whoever_learns_one_secret_learns_nothing_of_the_other() -> None:
    assert client_secret(SECRET) != cookie_key(SECRET).hex()
    assert client_secret(SECRET) != client_secret(SECRET + "t")
