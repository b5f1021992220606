"""docs/protocol.md §37.8: the sign-in page by routing rules, and who is told where somebody signs in."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest

from tests.federation.conftest import Partners
from tests.federation.world import ACME, APP, Browser, Page, request_of


def routed(partners: Partners, *providers: str, **conditions: Any) -> None:
    """A rule that leads to these; an empty one is this service."""
    admin = partners.here.admin
    (policy,) = admin.get("/api/v1/policies?type=IDP_DISCOVERY").json
    named = [{"type": "OIDC", "id": one} if one else {"type": "OKTA"} for one in providers]
    rule = {"name": f"r{len(providers)}{conditions}"[:50], "conditions": conditions}
    rule["actions"] = {"idp": {"providers": named}}
    answer = admin.post(f"/api/v1/policies/{policy['id']}/rules", rule)
    assert answer.status == 200, answer.json


def by_suffix(value: str) -> dict[str, Any]:
    return {"patterns": [{"matchType": "SUFFIX", "value": value}]}


def opened(partners: Partners, browser: Browser, **more: str) -> Page:
    return browser.open(partners.here.authorize_uri(**more))


def buttons(page: Page) -> list[str]:
    return [link for link in page.links if link.startswith("/signin/idp")]


def asks(page: Page) -> set[str]:
    return {"username", "password"} & set(page.form().found)


def test_without_rules_the_page_is_as_ever(partners: Partners) -> None:
    page = opened(partners, Browser(partners.world))
    assert (asks(page), buttons(page)) == ({"username", "password"}, [])


def test_one_provider_is_gone_to_at_once(partners: Partners) -> None:
    routed(partners, partners.idp)
    assert "code" in opened(partners, Browser(partners.world)).fields
    assert Browser(partners.world).open(f"{ACME}/signin").url == f"{ACME}/signin"
    assert len(partners.there.requests) == 2


def test_several_are_offered_and_work_without_scripts(partners: Partners) -> None:
    second = partners.here.provider(name="<b>Second</b>")["id"]
    routed(partners, "", partners.idp, second)
    browser = Browser(partners.world)

    page = opened(partners, browser)

    assert asks(page) == {"username", "password"}
    assert len(buttons(page)) == 2
    assert "Sign in with partner" in page.text
    assert "&lt;b&gt;Second&lt;/b&gt;" in page.text
    assert "code" in browser.open(urljoin(ACME, buttons(page)[0])).fields


def test_the_password_works_beside_the_buttons(partners: Partners) -> None:
    routed(partners, partners.idp, "")
    partners.here.user("local@example.com")
    browser = Browser(partners.world)
    page = opened(partners, browser)
    assert "code" in browser.submit(page, username="local@example.com", password="Correct-horse-9").fields


def test_several_without_ours_are_buttons_alone(partners: Partners) -> None:
    second = partners.here.provider(name="second")["id"]
    routed(partners, partners.idp, second)
    page = opened(partners, Browser(partners.world))
    assert (asks(page), len(buttons(page))) == (set(), 2)


def test_where_the_username_decides_it_is_asked_for_first(partners: Partners) -> None:
    routed(partners, partners.idp, userIdentifier=by_suffix("@partner.example"))
    partners.here.user("local@example.com")
    browser = Browser(partners.world)

    page = opened(partners, browser, login_hint="zoe")
    assert (asks(page), page.form().found["username"]) == ({"username"}, "zoe")
    assert "form-action" not in dict(page.response.headers)["content-security-policy"]
    back = browser.submit(page, act="identify", username="zoe@partner.example")
    assert "code" in back.fields
    assert partners.there.requests[0]["login_hint"] == "zoe@partner.example"

    browser = Browser(partners.world)
    page = browser.submit(opened(partners, browser), act="identify", username="local@example.com")
    assert (asks(page), page.form().found["username"]) == ({"username", "password"}, "local@example.com")
    assert "code" in browser.submit(page, password="Correct-horse-9").fields


def test_who_is_unknown_is_asked_for_a_password_too(partners: Partners) -> None:
    routed(partners, partners.idp, userIdentifier=by_suffix("@partner.example"))
    browser = Browser(partners.world)
    page = browser.submit(opened(partners, browser), act="identify", username="nobody@example.com")
    assert asks(page) == {"username", "password"}


def test_by_app(partners: Partners) -> None:
    other = partners.here.app(label="other")
    routed(partners, partners.idp, app={"include": [{"type": "APP", "id": other["client_id"]}]})
    assert asks(opened(partners, Browser(partners.world))) == {"username", "password"}
    assert "code" in opened(partners, Browser(partners.world), client_id=other["client_id"]).fields


def test_by_network(partners: Partners) -> None:
    gateways = [{"type": "CIDR", "value": "198.51.100.0/24"}]
    zone = partners.here.admin.made("/api/v1/zones", {"type": "IP", "name": "office", "gateways": gateways})["id"]
    routed(partners, partners.idp, network={"connection": "ZONE", "include": [zone]})
    assert "code" in opened(partners, Browser(partners.world)).fields


def test_an_attribute_of_who_is_known(partners: Partners) -> None:
    identifier = {"type": "ATTRIBUTE", "attribute": "department", "patterns": [{"matchType": "EQUALS", "value": "x"}]}
    routed(partners, partners.idp, userIdentifier=identifier)
    partners.here.user("zoe@partner.example", department="X")
    for login, there in (("zoe@partner.example", True), ("nobody@partner.example", False)):
        browser = Browser(partners.world)
        back = browser.submit(opened(partners, browser), act="identify", username=login)
        assert ("code" in back.fields) is there


def test_a_request_that_names_a_provider_asks_no_rule(partners: Partners) -> None:
    routed(partners, "")
    assert "code" in partners.sign_in().fields


def test_who_wants_to_sign_in_otherwise_gets_the_form(partners: Partners) -> None:
    """The page of a provider that does not answer leads here."""
    routed(partners, partners.idp)
    partners.here.user("local@example.com")
    browser = Browser(partners.world)
    del partners.world.hosts[partners.there.origin]
    page = opened(partners, browser)
    state = dict(parse_qsl(urlsplit(page.url).query))["state"]
    page = browser.open(f"{ACME}/oauth2/v1/authorize/callback?state={state}&code=x")
    (other,) = [link for link in page.links if "other=1" in link]

    page = browser.open(urljoin(ACME, other))

    assert (asks(page), len(buttons(page))) == ({"username", "password"}, 1)
    back = browser.submit(page, username="local@example.com", password="Correct-horse-9")
    assert back.url.startswith(APP)


def test_in_german(partners: Partners) -> None:
    routed(partners, "", partners.idp)
    page = opened(partners, Browser(partners.world), ui_locales="de")
    assert "Mit partner anmelden" in page.text


def test_a_provider_that_is_off_is_not_offered(partners: Partners) -> None:
    routed(partners, partners.idp)
    partners.here.admin.post(f"/api/v1/idps/{partners.idp}/lifecycle/deactivate")
    page = opened(partners, Browser(partners.world))
    assert (asks(page), buttons(page)) == ({"username", "password"}, [])


# Webfinger ------------------------------------------------------------------------------------------------------


def told(partners: Partners, query: str) -> Any:
    answer = partners.here.answer(request_of("GET", f"{ACME}/.well-known/webfinger?{query}", {}))
    return answer.status, dict(answer.headers), json.loads(answer.body)


def test_who_asks_is_told_where_somebody_signs_in(partners: Partners) -> None:
    routed(partners, partners.idp, userIdentifier=by_suffix("@partner.example"))
    resource = "okta:acct:zoe@partner.example"

    status, headers, body = told(partners, f"resource={resource}&rel=okta:idp")

    assert (status, headers["content-type"]) == (200, "application/jrd+json")
    assert body == {
        "subject": resource,
        "links": [
            {
                "rel": "okta:idp",
                "href": f"{ACME}/sso/idps/{partners.idp}",
                "titles": {"und": "partner"},
                "properties": {"okta:idp:type": "OIDC", "okta:idp:id": partners.idp},
            }
        ],
    }


def test_known_and_unknown_people_get_the_same_answer(partners: Partners) -> None:
    partners.here.user("local@example.com")
    routed(partners, partners.idp, userIdentifier=by_suffix("@partner.example"))
    answers = [told(partners, f"resource=okta:acct:{name}@example.com") for name in ("local", "nobody")]
    assert [body["links"] for _, _, body in answers] == [
        [
            {
                "rel": "http://openid.net/specs/connect/1.0/issuer",
                "href": ACME,
                "properties": {"okta:idp:type": "OKTA"},
            }
        ]
    ] * 2


@pytest.mark.parametrize(
    "query", ["", "resource=", "resource=acct:x", "resource=okta:acct:", f"resource=okta:acct:{'x' * 321}"]
)
def test_a_malformed_resource(partners: Partners, query: str) -> None:
    status, _, body = told(partners, query)
    assert (status, body["errorSummary"]) == (400, "Api validation failed: resource")
    assert body["errorCauses"] == [{"errorSummary": "The requested resource is malformed."}]


def test_who_asks_too_often_waits(partners: Partners) -> None:
    partners.here.parts.settings = replace(partners.here.parts.settings, sign_ins=2)
    statuses = [told(partners, "resource=okta:acct:x")[0] for _ in range(3)]
    assert statuses == [200, 200, 429]
