"""Lists, forms and what can be done: the same for every family of objects."""

import re
from typing import Any

import pytest
from authmint.console.families import FAMILIES
from authmint.console.fields import BadField, Field, at, put_at
from authmint.console.http_client import Answer
from authmint.console.resources import Family
from authmint.web.forms import Form
from hypothesis import given
from hypothesis import strategies as st

from .browser import Browser, header, text

EVIL = '<script>alert("1")</script>&"\''


@pytest.fixture(scope="module")
def browser() -> Browser:
    return Browser()


def made(browser: Browser, path: str, **fields: str) -> str:
    """A new object, by its form; where the browser is led."""
    page = browser.get(f"{path}/new")
    assert page.status == 200, text(page)
    answer = browser.submit(page, f"{path}/new", **fields)
    assert answer.status == 303, re.findall(r'role="alert".*?</div>', text(answer), re.DOTALL)
    return header(answer, "location").partition("?")[0]


def test_a_server_with_scopes_claims_policy_and_rule_is_made_changed_and_deleted(browser: Browser) -> None:
    server = made(browser, "/console/servers", name="orders", audiences="api://orders")
    made(browser, f"{server}/scopes", name="orders:read", displayName="Read")
    claim = {"name": "dept", "value": "user.department", "claimType": "RESOURCE", "valueType": "EXPRESSION"}
    made(browser, f"{server}/claims", **claim, group_filter_type="")
    policy = made(
        browser, f"{server}/policies", name="all", description="d", **{"conditions.clients.include": "ALL_CLIENTS"}
    )
    rule = {"conditions.grantTypes.include": "client_credentials", "conditions.scopes.include": "*"}
    made(browser, f"{policy}/rules", name="machines", **rule)

    saved = browser.submit(browser.get(server), server, name="orders 2")
    assert header(saved, "location") == f"{server}?said=saved"
    assert "orders 2" in text(browser.get("/console/servers"))
    assert "machines" in text(browser.get(f"{policy}/rules"))

    csrf = browser.csrf()
    asked = browser.post(f"{server}/do/deactivate", csrf=csrf)
    assert (asked.status, "in the last 30 days: 0" in text(asked)) == (200, True)
    assert "INACTIVE" not in text(browser.get(server))
    assert browser.submit(asked, f"{server}/do/deactivate").status == 303
    assert "INACTIVE" in text(browser.get(server))
    assert browser.post(f"{server}/delete", csrf=csrf, name="orders").status == 422
    gone = browser.post(f"{server}/delete", csrf=csrf, name="orders 2")
    assert header(gone, "location") == "/console/servers?said=removed"
    assert browser.get(server).status == 404


def test_policies_and_rules_are_moved_and_their_order_decides(browser: Browser) -> None:
    server = made(browser, "/console/servers", name="moved", audiences="api://moved")
    for name in ("first", "second", "third"):
        include = {"conditions.clients.include": "ALL_CLIENTS"}
        policy = made(browser, f"{server}/policies", name=name, description="d", **include)
    listed = browser.deployment.admin

    def order() -> list[str]:
        found = listed.get(f"/api/v1/authorizationServers/{server.rpartition('/')[2]}/policies").json
        return [one["name"] for one in found]

    csrf = browser.csrf()
    assert browser.post(f"{policy}/move/up", csrf=csrf).status == 303
    assert order() == ["first", "third", "second"]
    assert browser.post(f"{policy}/move/down", csrf=csrf).status == 303
    assert order() == ["first", "second", "third"]
    page = text(browser.get(f"{server}/policies"))
    assert (page.count("/move/up"), page.count("/move/down")) == (2, 2)
    assert browser.post(f"{policy}/move/sideways", csrf=csrf).status == 400
    assert browser.post(f"{policy}/move/up", csrf="x").status == 400


def test_what_the_api_refuses_is_said_beside_what_was_typed(browser: Browser) -> None:
    page = browser.get("/console/servers/new")

    refused = browser.submit(page, "/console/servers/new", name="n" * 300, audiences="api://kept")

    assert refused.status == 400
    assert "E0000001" in text(refused)
    assert "api://kept" in text(refused)
    left_out = browser.submit(page, "/console/servers/new", name="x", audiences=" ")
    assert (left_out.status, "This has to be filled in." in text(left_out)) == (422, True)


def test_a_busy_deployment_loses_nothing_that_was_typed(browser: Browser) -> None:
    page = browser.get("/console/servers/new")
    busy = Answer(429, {"retry-after": "1"}, b'{"errorCode": "E0000047", "errorSummary": "Too many requests."}')
    browser.deployment.answers["POST", "/api/v1/authorizationServers"] = busy

    answer = browser.submit(page, "/console/servers/new", name="kept", audiences="api://kept")

    browser.deployment.answers.clear()
    assert answer.status == 429
    assert "Nothing was changed" in text(answer)
    assert "api://kept" in text(answer)


def test_forms_of_other_browsers_and_pages_change_nothing(browser: Browser) -> None:
    before = len(browser.deployment.sent)
    for token in ("", "x" * 43, Browser(browser.deployment).csrf()):
        assert browser.post("/console/servers/new", csrf=token, name="n", audiences="a").status == 400
    assert [call for call in browser.deployment.sent[before:] if call[0] != "GET"] == []


def test_no_page_takes_a_form_that_is_not_of_this_browser(browser: Browser) -> None:
    """Every page that takes forms, whatever it does with them: nothing reaches the deployment, not even a question."""
    paths = [
        re.sub(r"\{\w+\}", "x", f"/console{route.path}") for _, route in browser.site._routes if "POST" in route.methods
    ]
    assert len(paths) > 60
    before = len(browser.deployment.sent)

    answers = {path: browser.post(path, csrf="x" * 43, name="n", shown="yes").status for path in paths}

    assert set(answers.values()) == {400}, answers
    assert len(browser.deployment.sent) == before


def test_names_are_text_wherever_they_stand(browser: Browser) -> None:
    server = made(browser, "/console/servers", name=EVIL, audiences="api://evil", description=EVIL)
    user = {"profile.login": "evil@example.com", "profile.email": "evil@example.com"}
    made(browser, "/console/users", **user, **{"profile.firstName": EVIL, "profile.lastName": EVIL})

    for path in ("/console/servers", server, f"{server}/delete", "/console/users", "/console", "/console/log"):
        page = text(browser.get(path))
        assert "<script>alert" not in page, path
        assert 'alert("1")' not in page, path


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.path)
def test_every_family_can_be_listed_and_begun(browser: Browser, family: Family) -> None:
    if "{" in family.path:
        return
    assert browser.get(f"/console{family.path}").status == 200
    if family.makes:
        assert browser.get(f"/console{family.path}/new").status == 200


def test_pages_speak_german_to_whoever_does() -> None:
    page = text(Browser(language="de-AT,de;q=0.9").get("/console/servers"))

    assert '<html lang="de">' in page
    assert "Autorisierungsserver" in page


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1, max_size=1), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(body=st.dictionaries(st.text("ab", min_size=1, max_size=1), json_values, max_size=3), value=json_values)
def test_what_is_written_at_a_path_stands_there_and_nothing_else_changes(body: dict[str, Any], value: Any) -> None:
    before = {name: member for name, member in body.items() if name != "a"}

    put_at(body, "a.b", value)

    assert at(body, "a.b") == value
    assert {name: member for name, member in body.items() if name != "a"} == before


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("text", "", None),
        ("text", " a ", " a "),
        ("list", "a\r\n\n b \n", ["a", "b"]),
        ("list", "", []),
        ("number", " 12 ", 12),
        ("number", "", None),
        ("json", '{"a": [1]}', {"a": [1]}),
        ("json", "", None),
    ],
)
def test_fields_read_what_people_type(kind: Any, typed: str, value: Any) -> None:
    assert Field("f", "F", kind).written(Form((("f", typed),))) == value


@pytest.mark.parametrize(("kind", "typed"), [("number", "1.5"), ("number", "x"), ("json", "{")])
def test_what_is_no_value_of_its_kind_is_said(kind: Any, typed: str) -> None:
    with pytest.raises(BadField):
        Field("f", "F", kind).written(Form((("f", typed),)))
