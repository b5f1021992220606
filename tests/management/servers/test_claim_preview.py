"""``…/claims/preview``: a claim is tried before it is saved (docs/protocol.md §22)."""

from typing import Any

import pytest

from tests.management.admin import SERVERS, Admin
from tests.management.apps import an_app
from tests.support.builders import a_group, a_user
from tests.support.fakes import NOW


@pytest.fixture(scope="module")
def admin() -> Admin:
    admin = Admin()
    storage = admin.storage
    storage.users.add(a_user(id="00uT", login="tess@example.com", profile={"department": "Sales"}), [])
    for name in ("eng-one", "eng-two", "ops"):
        storage.groups.add(a_group(id=name, name=name), [])
        storage.groups.join(name, "00uT", [], at=NOW)
    return admin


@pytest.fixture(scope="module")
def base(admin: Admin) -> str:
    return f"{SERVERS}/{admin.server(name='claims tried')['id']}/claims"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"value": "user.department", "user_id": "tess@example.com"}, {"included": True, "value": "Sales"}),
        ({"value": "user.department", "user_id": "00uT"}, {"inputs": {"user.department": "Sales"}}),
        ({"value": "user.department"}, {"included": False, "leftOut": "null", "value": None}),
        ({"value": "access.scope", "scope": "a b"}, {"value": ["a", "b"]}),
        ({"value": "app.clientId"}, {"value": ""}),
        ({"value": "user.department > 3", "user_id": "00uT"}, {"included": False, "leftOut": "failed"}),
        ({"value": "eng", "valueType": "GROUPS", "user_id": "00uT"}, {"value": ["eng-one", "eng-two"]}),
        (
            {"value": "^o", "valueType": "GROUPS", "group_filter_type": "REGEX", "user_id": "00uT"},
            {"value": None, "leftOut": "no_match"},
        ),
    ],
)
def test_a_claim_is_what_it_would_be(admin: Admin, base: str, body: Any, expected: Any) -> None:
    before = len(admin.storage.events)

    answer = admin.post(f"{base}/preview", body)

    assert answer.status == 200, answer.json
    assert {name: answer.json[name] for name in expected} == expected
    assert (answer.json["failure"] is None) == (answer.json["leftOut"] != "failed")
    assert len(admin.storage.events) == before


def test_the_client_is_one_that_is_registered(admin: Admin, base: str) -> None:
    client = an_app(admin, client_id="0oaOfTheClaim")["id"]

    answer = admin.post(f"{base}/preview", {"value": "app.clientId + appuser.userName", "client_id": client})

    assert (answer.json["leftOut"], answer.json["inputs"]["app.clientId"]) == ("null", client)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"value": "user.nothing"}, 400, "nothing"),
        ({"value": "1 +"}, 400, "at position"),
        ({"value": ""}, 400, "value"),
        ({"value": "[", "valueType": "GROUPS", "group_filter_type": "REGEX"}, 400, "value"),
        ({"value": "user.city", "user_id": "nobody@example.com"}, 404, "nobody@example.com"),
        ({"value": "user.city", "client_id": "0oaNothing"}, 404, "0oaNothing"),
    ],
)
def test_what_could_not_be_saved_is_refused_as_when_it_is_saved(
    admin: Admin, base: str, body: Any, status: int, said: str
) -> None:
    answer = admin.post(f"{base}/preview", body)

    assert answer.status == status
    assert said in str(answer.json)
