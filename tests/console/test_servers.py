"""Pages that only authorization servers have, over the real management API."""

import html
import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from authmint.clock import timestamp
from authmint.console.errors import ApiProblem
from authmint.console.http_client import Answer

from .browser import Browser, header, text

EVIL = '<script>alert("1")</script>&"\''
SERVERS = "/api/v1/authorizationServers"


class Shop:
    """A server with a policy for one client, and somebody at a browser who looks at it."""

    def __init__(self) -> None:
        self.browser = Browser()
        admin = self.admin = self.browser.deployment.admin
        self.id = admin.server(name="shop", audiences=["api://shop"])["id"]
        self.api = f"{SERVERS}/{self.id}"
        self.home = f"/console/servers/{self.id}"
        for name in ("shop:read", "shop:write"):
            admin.made(f"{self.api}/scopes", {"name": name})
        self.client = self.service("nightly")
        self.other = self.service("other")
        self.policy = admin.made(f"{self.api}/policies", policy("nights", self.client))["id"]
        self.rule = admin.made(f"{self.api}/policies/{self.policy}/rules", rule("machines", "shop:read"))["id"]

    def service(self, name: str) -> str:
        service = {"client_name": name, "application_type": "service", "grant_types": ["client_credentials"]}
        made: str = self.admin.made("/oauth2/v1/clients", service)["client_id"]
        return made

    def preview(self, **parameters: str) -> str:
        return self.page(f"/preview?{urlencode(parameters)}")

    def page(self, path: str) -> str:
        answer = self.browser.get(self.home + path)
        assert answer.status == 200, text(answer)
        return seen(text(answer))


def seen(page: str) -> str:
    """What a page says, without its markup."""
    page = re.sub(r"<(style|script|title)\b.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def policy(name: str, *clients: str) -> Any:
    conditions = {"clients": {"include": list(clients)}}
    return {"type": "OAUTH_AUTHORIZATION_POLICY", "name": name, "description": "d", "conditions": conditions}


def rule(name: str, *scopes: str) -> Any:
    conditions = {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": list(scopes)}}
    return {"type": "RESOURCE_ACCESS", "name": name, "conditions": conditions}


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop()


def test_a_preview_shows_tokens_where_claims_came_from_and_the_way_to_the_decision(shop: Shop) -> None:
    claim = {"name": "tier", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "app.clientId + '!'"}
    shop.admin.made(f"{shop.api}/claims", claim)
    left_out = claim | {"name": "never", "value": "user.department"}
    shop.admin.made(f"{shop.api}/claims", left_out)

    page = shop.preview(client_id=shop.client, grant_type="client_credentials", scope="shop:read")

    assert "Granted : rule machines of the policy nights" in page
    assert f'tier "{shop.client}!" app.clientId + \'!\' app.clientId = "{shop.client}"' in page
    assert 'scp ["shop:read"] the protocol' in page
    assert "never left out: its value is null user.department" in page
    assert "→ The request" in page
    assert "✓ Policy 1: nights is for this client ✓ Rule 1: machines decides ✓ A token shop:read" in page
    assert "clients" not in page.partition("Rule 1: machines – decides")[2].partition("A token")[0]


def test_a_refusal_names_what_came_nearest_and_what_would_mend_it(shop: Shop) -> None:
    page = shop.preview(client_id=shop.client, grant_type="client_credentials", scope="shop:write")
    assert "✗ Rule 1: machines does not fit: scopes ✗ Refused access_denied" in page
    assert "scopes: wanted shop:read, met shop:write" in page
    assert "What came nearest Rule machines of the policy nights" in page

    page = shop.preview(client_id=shop.other, grant_type="client_credentials", scope="shop:read")
    assert "✗ Policy 1: nights does not fit: clients" in page
    assert f"clients: wanted {shop.client}, met {shop.other}" in page
    assert "add the client to conditions.clients.include of the policy 'nights'" in page


def test_implicit_requests_say_what_they_want(shop: Shop) -> None:
    shop.browser.deployment.sent.clear()
    shop.preview(client_id=shop.client, grant_type="implicit", response_type="id_token", user_id="nobody@example.com")
    shop.preview(client_id=shop.client, grant_type="client_credentials", response_type="token", user_id="x")

    sent = [body for method, _, body in shop.browser.deployment.sent if method == "POST"]
    assert sent[0]["response_type"] == "id_token"
    assert sent[1] == {"client_id": shop.client, "grant_type": "client_credentials"}


def test_two_requests_are_compared(shop: Shop) -> None:
    asked = {"grant_type": "client_credentials", "scope": "shop:read", "client_id": shop.client}
    second = {"b_grant_type": "client_credentials", "b_scope": "shop:read", "b_client_id": shop.other}

    page = shop.preview(compare="yes", **asked, **second)

    assert "Outcome ALLOW DENY" in page
    assert 'Access token: scp ["shop:read"] –' in page
    same = {f"b_{name}": value for name, value in asked.items()}
    assert "Nothing: both get the same." in shop.preview(compare="yes", **asked, **same)


def test_what_the_api_says_of_an_impossible_request_stands_beside_it(shop: Shop) -> None:
    page = shop.preview(client_id="0oaNobody", grant_type="client_credentials", resource="api://kept")
    assert "E0000007" in page

    answer = shop.browser.get(f"{shop.home}/preview?client_id={shop.client}&grant_type=password&resource=kept")
    assert "E0000001" in text(answer)
    assert 'value="kept"' in text(answer)


def test_a_preview_can_be_asked_for_by_who_may_not_see_clients_and_people(shop: Shop) -> None:
    shop.browser.deployment.answers |= {
        ("GET", "/oauth2/v1/clients"): ApiProblem(403, "E0000006", "no"),
        ("GET", "/api/v1/users"): ApiProblem(403, "E0000006", "no"),
    }

    page = shop.preview(client_id=shop.client, grant_type="client_credentials", scope="shop:read")

    shop.browser.deployment.answers.clear()
    assert "Granted" in page


def test_names_are_text_in_pictures_too() -> None:
    shop = Shop()
    policies, client = f"{shop.api}/policies", shop.client
    evil = shop.admin.made(policies, policy(EVIL, client) | {"priority": 1})["id"]
    shop.admin.made(f"{policies}/{evil}/rules", rule(EVIL[:50], "shop:write"))

    answer = shop.browser.get(f"{shop.home}/preview?client_id={client}&grant_type=client_credentials&scope={EVIL}")
    other = shop.browser.get(f"{shop.home}/preview?client_id={client}&grant_type=client_credentials&scope=shop:read")

    for page in (text(answer), text(other)):
        assert "<script>alert" not in page
        assert 'alert("1")' not in page
    assert "Policy 1: <script>alert" in seen(text(other))


def test_a_long_way_is_a_page_that_still_loads() -> None:
    shop = Shop()
    for number in range(120):
        shop.admin.made(f"{shop.api}/policies/{shop.policy}/rules", rule(f"rule {number}", "openid"))

    answer = shop.browser.get(f"{shop.home}/preview?client_id={shop.client}&grant_type=client_credentials")
    assert "invalid_scope" in text(answer)
    answer = shop.browser.get(
        f"{shop.home}/preview?client_id={shop.client}&grant_type=client_credentials&scope=shop:write"
    )

    assert "64 more, none of which fits" in text(answer)
    assert len(answer.body) < 150_000


def test_keys_are_on_a_timeline_and_rotated(shop: Shop) -> None:
    before = shop.admin.get(f"{shop.api}/credentials/rotation").json
    signing, announced = (key["kid"] for key in before["keys"])
    page = shop.page("/keys")
    assert f"{signing[:12]} · signs {announced[:12]} · announced, signs next" in page
    assert f"next on {before['nextRotation'][:10]}" in page

    assert shop.browser.post(f"{shop.home}/keys", csrf="x").status == 400
    assert shop.browser.post(f"{shop.home}/keys", csrf=shop.browser.csrf()).status == 303

    after = {key["kid"]: key["status"] for key in shop.admin.get(f"{shop.api}/credentials/rotation").json["keys"]}
    assert (after[announced], after[signing]) == ("ACTIVE", "EXPIRED")
    page = text(shop.browser.get(f"{shop.home}/keys"))
    assert [page.count(f'<rect class="{phase}"') for phase in ("waits", "signs", "retired")] == [1, 2, 2]


def test_a_key_is_revoked_after_the_name_of_its_server(shop: Shop) -> None:
    kid = shop.admin.get(f"{shop.api}/credentials/rotation").json["keys"][0]["kid"]
    path, csrf = f"{shop.home}/keys/{kid}/revoke", shop.browser.csrf()
    assert "is inactive at once" in shop.page(f"/keys/{kid}/revoke")

    wrong = shop.browser.post(path, csrf=csrf, name="sho", reason="leaked in a log")
    assert (wrong.status, 'value="leaked in a log"' in text(wrong)) == (422, True)
    assert shop.admin.get(f"{shop.api}/credentials/keys/{kid}").status == 200
    assert header(shop.browser.post(path, csrf=csrf, name="shop"), "location") == f"{shop.home}/keys?said=done"

    assert shop.admin.get(f"{shop.api}/credentials/keys/{kid}").status == 404
    assert f"Revoked keys {kid}" in shop.page("/keys")
    assert shop.browser.get(f"{shop.home}/keys/nothing/revoke").status == 404


def test_security_is_a_form_that_keeps_what_it_does_not_know(shop: Shop) -> None:
    path = f"{shop.home}/security"
    page = shop.browser.get(path)

    saved = shop.browser.submit(page, path, resourceIndicators="ON", **{"par.lifetimeSeconds": "90"})
    assert header(saved, "location") == f"{path}?said=saved"
    settings = shop.admin.get(f"{shop.api}/security").json
    assert (settings["resourceIndicators"], settings["par"]) == ("ON", {"lifetimeSeconds": 90})
    shop.browser.submit(shop.browser.get(path), path)
    assert shop.admin.get(f"{shop.api}/security").json == settings

    page = shop.browser.get(path)
    refused = shop.browser.submit(page, path, **{"par.lifetimeSeconds": "5", "dpop.nonceSeconds": "90"})
    assert (refused.status, 'value="90"' in text(refused)) == (400, True)
    assert "from 60 to 3600" in text(refused)
    refused = shop.browser.submit(page, path, clientRegistration="{")
    assert (refused.status, "This is no JSON" in text(refused)) == (422, True)


def test_who_saves_security_settings_second_is_told() -> None:
    shop = Shop()
    path = f"{shop.home}/security"
    first, second = shop.browser.get(path), shop.browser.get(path)
    assert shop.browser.submit(first, path, **{"par.lifetimeSeconds": "90"}).status == 303

    late = shop.browser.submit(second, path, **{"par.lifetimeSeconds": "120"})

    assert (late.status, "Somebody else changed this" in text(late)) == (412, True)
    assert "There now: 90" in seen(text(late))
    assert shop.admin.get(f"{shop.api}/security").json["par"] == {"lifetimeSeconds": 90}
    assert shop.browser.submit(late, path).status == 303
    assert shop.admin.get(f"{shop.api}/security").json["par"] == {"lifetimeSeconds": 120}


def test_the_analysis_names_what_is_wrong_and_who_can_get_a_scope(shop: Shop) -> None:
    page = shop.page("/analysis?scope=shop:read")
    assert f"machines of the policy nights clients: {shop.client}; grant types: client_credentials" in page
    assert "Scopes that nobody can get" in page
    assert "shop:write" in page.partition("Scopes that nobody can get")[2]
    assert "Nobody." in shop.page("/analysis?scope=shop:write")
    assert shop.browser.get(f"{shop.home}/analysis?scope=nothing").status == 404


def test_a_thousand_claims_and_clients_are_a_page_that_still_loads() -> None:
    shop = Shop()
    claim = {"claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "user.city"}
    for number in range(300):
        shop.admin.made(f"{shop.api}/claims", claim | {"name": f"claim-{number}"})
    for number in range(40):
        made = policy(f"many {number}", *(f"0oa{number:03}{other:014}" for other in range(100)))
        shop.admin.made(f"{shop.api}/policies", made | {"priority": 1})

    wish = f"client_id={shop.client}&grant_type=client_credentials&scope=shop:read"
    answer = shop.browser.get(f"{shop.home}/preview?{wish}")

    assert len(answer.body) < 150_000
    assert "200 more" in text(answer)


def test_a_claim_is_tried_before_it_is_saved(shop: Shop) -> None:
    person = {"profile": {"firstName": "T", "lastName": "R", "email": "try@example.com", "login": "try@example.com"}}
    shop.admin.made("/api/v1/users?activate=false", person)
    path = f"{shop.home}/claims/new"
    page = shop.browser.get(path)
    claims = len(shop.admin.get(f"{shop.api}/claims").json)

    typed = {"name": "kept", "value": "user.firstName + '!'", "try_user": "try@example.com"}
    tried = shop.browser.submit(page, f"{path}/trial", **typed)
    assert 'It is: "T!" It looked at: user.firstName = "T"' in seen(text(tried))
    assert all(f'value="{value}"' in text(tried) for value in ("kept", "try@example.com"))
    assert f'<form method="post" action="{path}"' in text(tried)

    wrong = seen(text(shop.browser.submit(page, f"{path}/trial", value="user.firstname")))
    assert "value: " in wrong
    assert "Left out: its value is null" in seen(text(shop.browser.submit(page, f"{path}/trial", value="user.city")))
    failed = seen(text(shop.browser.submit(page, f"{path}/trial", value="1 > 'a'")))
    assert "Left out: it could not be evaluated: there is no token (" in failed
    assert len(shop.admin.get(f"{shop.api}/claims").json) == claims

    made = shop.browser.submit(tried, path)
    claim = header(made, "location").partition("?")[0]
    again = shop.browser.submit(shop.browser.get(claim), f"{claim}/trial", value="app.clientId", try_client=shop.client)
    assert f'It is: "{shop.client}"' in seen(text(again))
    assert "String.substringAfter" in seen(text(again))
    assert shop.browser.post(f"{claim}/trial", csrf="x", value="1").status == 400


FIRST = {"first.scope": "shop:read", "first.service": "nightly"}


def test_the_wizard_makes_a_server_whose_first_program_gets_a_token() -> None:
    browser = Browser()
    page, admin = browser.get("/console/servers/new"), browser.deployment.admin

    made = browser.submit(page, "/console/servers/new", name="wizard", audiences="api://wizard", **FIRST)

    assert made.status == 200
    seen_there = seen(text(made))
    [client] = [one for one in admin.get("/oauth2/v1/clients").json if one["client_name"] == "nightly"]
    [server] = [one for one in admin.get(SERVERS).json if one["name"] == "wizard"]
    (secret,) = re.findall(r"<dt>Secret</dt><dd><code>([^<]+)</code>", text(made))
    assert f"curl {server['issuer']}/v1/token" in seen_there
    assert f"-u '{client['client_id']}:{secret}'" in seen_there
    program = html.unescape(re.findall(r'<pre tabindex="0" id="python">(.*?)</pre>', text(made), re.DOTALL)[0])
    compile(program, "sample", "exec")
    wish = {"client_id": client["client_id"], "grant_type": "client_credentials", "scope": "shop:read"}
    preview = admin.post(f"{SERVERS}/{server['id']}/tokens/preview", wish).json
    assert preview["access_token"]["payload"]["aud"] == "api://wizard"


@pytest.mark.parametrize("refused", [f"{SERVERS}/", "/oauth2/v1/clients"])
def test_the_wizard_leaves_nothing_half_made(refused: str) -> None:
    browser = Browser()
    page, admin = browser.get("/console/servers/new"), browser.deployment.admin
    if refused == f"{SERVERS}/":  # the scope is no name
        answer = browser.submit(page, "/console/servers/new", name="w", audiences="a", **FIRST | {"first.scope": "a b"})
    else:
        browser.deployment.answers["POST", refused] = ApiProblem(403, "E0000006", "You do not have permission")
        answer = browser.submit(page, "/console/servers/new", name="w", audiences="api://w", **FIRST)

    assert answer.status in {400, 403}
    assert 'value="nightly"' in text(answer)
    assert [one["name"] for one in admin.get(SERVERS).json if one["name"] == "w"] == []
    assert admin.get("/oauth2/v1/clients").json == []


def test_a_program_without_a_scope_is_asked_about() -> None:
    browser = Browser()
    page = browser.get("/console/servers/new")

    answer = browser.submit(page, "/console/servers/new", name="w", audiences="a", **{"first.service": "nightly"})

    assert answer.status == 422
    assert re.search(r'name="first.scope"[^>]*aria-invalid="true"', text(answer))


def test_a_server_that_goes_is_missed_by_whoever_had_tokens_from_it(shop: Shop) -> None:
    usage = {"groups": [{"tokens": 4, "clients": 2}]}
    answers = shop.browser.deployment.answers
    since = timestamp(shop.browser.clock.now() - 30 * 86_400)
    answers["GET", f"/api/v1/usage?since={since}&server={shop.id}"] = Answer(200, {}, json.dumps(usage).encode())
    assert "Clients that had tokens from it in the last 30 days: 2" in shop.page("/delete")

    answers["GET", f"/api/v1/usage?since={since}&server={shop.id}"] = ApiProblem(403, "E0000006", "no")
    assert "Type its name" in shop.page("/delete")
    answers.clear()


def test_a_list_in_one_piece_is_shown_in_pieces() -> None:
    shop = Shop()
    for number in range(120):
        shop.admin.made(f"{shop.api}/policies/{shop.policy}/rules", rule(f"rule {number}", "openid"))
    path = f"{shop.home}/policies/{shop.policy}/rules"

    first = text(shop.browser.get(path))
    second = text(shop.browser.get(f"{path}?start=100"))

    assert (first.count("/move/up"), first.count("/move/down")) == (99, 100)
    assert (second.count("/move/up"), second.count("/move/down")) == (21, 20)
    assert f'href="{path}?start=100"' in first
    assert 'rel="next"' not in second
    assert len(first) < 150_000
