"""Codes and refresh tokens raced over HTTP against the running stack, and what is alive afterwards."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.support.people import CALLBACK, Deployment, deployment_with_a_person, query_of
from tests.support.stack import Running

PARALLEL = 50


class App:
    """A client with HTTP Basic, and a browser that is signed in."""

    def __init__(self, people: Deployment, **changes: Any) -> None:
        self.people = people
        registered = people.client(**changes)
        self.credentials = (registered["client_id"], registered["client_secret"])
        self._browser = people.browser()
        self._signed_in = False

    def code(self) -> str:
        query = {
            "client_id": self.credentials[0],
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid offline_access",
            "state": "s",
        }
        url = requests.Request("GET", f"{self.people.issuer}/v1/authorize", params=query).prepare().url or ""
        back = self._browser.visit(url) if self._signed_in else self._browser.sign_in(url)
        self._signed_in = True
        assert isinstance(back, str)
        return query_of(back)["code"]

    def post(self, path: str, **form: str) -> requests.Response:
        return requests.post(f"{self.people.issuer}/v1/{path}", data=form, auth=self.credentials, timeout=60)

    def redeem(self, code: str) -> requests.Response:
        return self.post("token", grant_type="authorization_code", code=code, redirect_uri=CALLBACK)

    def refresh(self, token: str, **form: str) -> requests.Response:
        return self.post("token", grant_type="refresh_token", refresh_token=token, **form)

    def active(self, token: str) -> bool:
        return bool(self.post("introspect", token=token).json()["active"])


@pytest.fixture
def people(stack: Running) -> Deployment:
    return deployment_with_a_person(stack)


def at_once(call: Any) -> list[requests.Response]:
    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(lambda _: call(), range(PARALLEL)))


def test_of_fifty_redemptions_one_mints_and_the_others_revoke_what_it_gave(people: Deployment) -> None:
    app = App(people)
    code = app.code()

    answers = at_once(lambda: app.redeem(code))

    minted = [answer.json() for answer in answers if answer.ok]
    assert len(minted) == 1
    assert {answer.json()["error"] for answer in answers if not answer.ok} == {"invalid_grant"}
    assert not app.active(minted[0]["access_token"])
    assert not app.active(minted[0]["refresh_token"])
    assert app.refresh(minted[0]["refresh_token"]).json()["error"] == "invalid_grant"


def test_of_fifty_refreshes_within_the_leeway_all_get_the_same_bytes(people: Deployment) -> None:
    app = App(people, refresh_token={"rotation_type": "ROTATE", "leeway": 60})
    first = app.redeem(app.code()).json()

    answers = at_once(lambda: app.refresh(first["refresh_token"]))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    tokens = answers[0].json()
    assert tokens["refresh_token"] != first["refresh_token"]
    assert app.active(tokens["access_token"])
    assert app.refresh(tokens["refresh_token"]).ok


def test_within_the_leeway_another_request_gets_nothing_new(people: Deployment) -> None:
    app = App(people, refresh_token={"rotation_type": "ROTATE", "leeway": 60})
    first = app.redeem(app.code()).json()
    tokens = app.refresh(first["refresh_token"]).json()

    other = app.refresh(first["refresh_token"], scope="openid")

    assert not other.ok or other.json()["refresh_token"] == tokens["refresh_token"]


def test_of_fifty_refreshes_without_leeway_one_mints_and_the_reuse_kills_the_family(people: Deployment) -> None:
    app = App(people, refresh_token={"rotation_type": "ROTATE", "leeway": 0})
    first = app.redeem(app.code()).json()

    answers = at_once(lambda: app.refresh(first["refresh_token"]))

    minted = [answer.json() for answer in answers if answer.ok]
    assert len(minted) == 1
    assert {answer.json()["error"] for answer in answers if not answer.ok} == {"invalid_grant"}
    for token in (first["access_token"], minted[0]["access_token"], minted[0]["refresh_token"]):
        assert not app.active(token)
    assert app.refresh(minted[0]["refresh_token"]).json()["error"] == "invalid_grant"


def test_fifty_refreshes_of_a_static_token_all_mint(people: Deployment) -> None:
    app = App(people, refresh_token={"rotation_type": "STATIC"})
    first = app.redeem(app.code()).json()

    answers = at_once(lambda: app.refresh(first["refresh_token"]))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["access_token"] for answer in answers}) == PARALLEL
    assert {answer.json().get("refresh_token", first["refresh_token"]) for answer in answers} == {
        first["refresh_token"]
    }


def test_a_suspended_user_and_a_deactivated_client_get_nothing(people: Deployment) -> None:
    app, other = App(people), App(people)
    tokens, others = app.redeem(app.code()).json(), other.redeem(other.code()).json()

    people.stack.admin("POST", f"/api/v1/apps/{other.credentials[0]}/lifecycle/deactivate").raise_for_status()
    people.stack.admin("POST", f"/api/v1/users/{people.user}/lifecycle/suspend").raise_for_status()
    try:
        assert not app.active(tokens["access_token"])
        assert app.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
        assert other.refresh(others["refresh_token"]).json()["error"] == "invalid_client"
    finally:
        people.stack.admin("POST", f"/api/v1/users/{people.user}/lifecycle/unsuspend").raise_for_status()
