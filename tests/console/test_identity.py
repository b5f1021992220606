"""Identity providers, routing, sign-up, mappings, group rules and hooks: what is particular to their pages."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from authmint.http import Response
from authmint.oauth.outbound_fetch import Answer

from tests.management.admin import Admin

from .browser import Browser, Deployment, header, text

HOST = "https://id.partner.example"
ENDPOINTS = {f"protocol.endpoints.{name}.url": f"{HOST}/{name}" for name in ("authorization", "token", "jwks")}
CLIENT = {
    "protocol.credentials.client.client_id": "authmint",
    "protocol.credentials.client.client_secret": "upstream-secret",
}
PUBLIC = {"kty": "EC", "kid": "k1", "use": "sig", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
          "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}  # fmt: skip
HEADER_VALUE = {
    "channel.config.authScheme.key": "Authorization",
    "channel.config.authScheme.value": "header-secret",
}


def endpoint(
    method: str, uri: str, *, headers: Mapping[str, str], body: bytes | None, largest: int, timeout: float
) -> Answer:
    """One that proves that it wants events."""
    return Answer(200, json.dumps({"verification": headers["x-okta-verification-challenge"]}).encode())


@pytest.fixture(scope="module")
def browser() -> Browser:
    deployment = Deployment()
    deployment.admin = Admin(exchange=endpoint)
    return Browser(deployment)


def seen(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status == 200, said(answer)
    return text(answer)


def said(answer: Response) -> Any:
    return answer.status, re.findall(r'role="alert".*?</div>', text(answer), re.DOTALL)


def submitted(browser: Browser, path: str, **fields: str) -> str:
    """A form that is filled in and taken; where the browser is led."""
    answer = browser.submit(browser.get(path), path, **fields)
    assert answer.status == 303, said(answer)
    return header(answer, "location").partition("?")[0]


def done(browser: Browser, path: str, **fields: str) -> str:
    """What a button does, for who is sure; where the browser is led."""
    answer = browser.post(path, (("csrf", browser.csrf()), ("sure", "yes"), *fields.items()))
    assert answer.status == 303, said(answer)
    return header(answer, "location").partition("?")[0]


def kept(browser: Browser, api: str, page: str) -> Any:
    """The object of a page, as the API has it."""
    return browser.deployment.admin.get(f"{api}/{page.rpartition('/')[2]}").json


def person(browser: Browser, login: str) -> str:
    profile = {"login": login, "email": login, "firstName": "Ann", "lastName": "Bee"}
    return str(browser.deployment.admin.made("/api/v1/users", {"profile": profile})["id"])


def test_a_provider_is_made_changed_and_its_secret_is_never_shown(browser: Browser) -> None:
    path = submitted(browser, "/console/idps/new/oidc", name="Oidc", **{"protocol.issuer.url": HOST}, **CLIENT,
                     **ENDPOINTS)  # fmt: skip
    made = kept(browser, "/api/v1/idps", path)
    assert made["protocol"]["credentials"]["client"]["client_secret"] == "upstream-secret"
    assert (made["policy"]["provisioning"]["action"], made["policy"]["accountLink"]["action"]) == ("AUTO", "AUTO")

    for page in (path, f"{path}/users", f"{path}/delete", "/console/idps"):
        assert "upstream-secret" not in seen(browser, page)
    asked_again = browser.post(f"{path}/do/deactivate", csrf=browser.csrf())
    assert (asked_again.status, "upstream-secret" in text(asked_again)) == (200, False)
    submitted(browser, path, name="Oidc again", **{"policy.subject.filter": r".+@partner\.example"})

    changed = kept(browser, "/api/v1/idps", path)
    assert (changed["name"], changed["policy"]["subject"]["filter"]) == ("Oidc again", r".+@partner\.example")
    assert changed["protocol"] == made["protocol"]
    submitted(browser, path, **{"protocol.credentials.client.client_secret": "another"})
    assert kept(browser, "/api/v1/idps", path)["protocol"]["credentials"]["client"]["client_secret"] == "another"
    assert "okta_idp_oidc" in seen(browser, path)
    done(browser, f"{path}/do/deactivate")
    assert done(browser, f"{path}/delete", name="Oidc again") == "/console/idps"


@pytest.mark.parametrize("kind", ["google", "microsoft"])
def test_providers_that_everybody_knows_need_no_address(browser: Browser, kind: str) -> None:
    path = submitted(browser, f"/console/idps/new/{kind}", name=kind, **CLIENT)

    page = seen(browser, path)
    assert "protocol.issuer.url" not in page
    assert "okta_idp" not in page
    submitted(browser, path, **{"policy.accountLink.action": "DISABLED"})
    assert kept(browser, "/api/v1/idps", path)["policy"]["accountLink"]["action"] == "DISABLED"


def test_whom_a_provider_knows_is_seen_from_both_ends_and_forgotten(browser: Browser) -> None:
    provider = submitted(browser, "/console/idps/new/google", name="Links", **CLIENT)
    user, idp = person(browser, "linked@example.com"), provider.rpartition("/")[2]
    link = f"/api/v1/idps/{idp}/users/{user}"
    for there, here in ((f"{provider}/users/{user}", f"{provider}/users"), (f"/console/users/{user}/idps/{idp}", "")):
        assert browser.deployment.admin.post(link, {"externalId": "sub-7"}).status == 200
        assert "linked@example.com" in seen(browser, f"{provider}/users")
        assert f'href="/console/users/{user}/idps/{idp}"' in seen(browser, f"/console/users/{user}/idps")
        assert "sub-7" in seen(browser, there)
        assert done(browser, f"{there}/delete") == (here or f"/console/users/{user}/idps")
        assert browser.deployment.admin.get(link).status == 404


def test_routes_lead_to_providers_by_the_end_of_the_username(browser: Browser) -> None:
    idp = submitted(browser, "/console/idps/new/google", name="Routed", **CLIENT).rpartition("/")[2]
    rules = re.findall(r'href="(/console/routing/[^"/]+/rules)"', seen(browser, "/console/routing"))[0]
    assert f'value="GOOGLE {idp}"' in seen(browser, f"{rules}/new")
    patterns = {"conditions.userIdentifier.patterns": "@partner.example\nEQUALS ann@example.com"}
    form = browser.submit(browser.get(f"{rules}/new"), f"{rules}/new", name="Partner", **patterns)
    assert form.status == 400  # nobody said where to
    route = submitted(browser, f"{rules}/new", name="Partner", **patterns, **{"actions.idp.providers": f"GOOGLE {idp}"})

    api = f"/api/v1/policies/{rules.split('/')[3]}/rules"
    rule = kept(browser, api, route)
    assert rule["conditions"]["userIdentifier"]["patterns"] == [
        {"matchType": "SUFFIX", "value": "@partner.example"},
        {"matchType": "EQUALS", "value": "ann@example.com"},
    ]
    assert rule["actions"]["idp"]["providers"] == [{"type": "GOOGLE", "id": idp}]
    assert idp in seen(browser, rules)
    submitted(browser, route, name="Partner again")
    assert kept(browser, api, route)["conditions"] == rule["conditions"]
    submitted(browser, route, **{"actions.idp.providers": "OKTA"})
    assert kept(browser, api, route)["actions"]["idp"]["providers"] == [{"type": "OKTA"}]
    done(browser, f"{route}/do/deactivate")
    assert done(browser, f"{route}/delete", name="Partner again") == rules
    system = re.findall(rf'href="({rules}/[^"]+)">Default', seen(browser, rules))[0]
    assert f'href="{system}/delete"' not in seen(browser, system)


def test_strangers_are_let_in_by_a_rule_and_asked_what_it_says(browser: Browser) -> None:
    group = browser.deployment.admin.made("/api/v1/groups", {"profile": {"name": "Strangers"}})["id"]
    policy = submitted(browser, "/console/sign-up-policies/new", name="Open")
    page = seen(browser, f"{policy}/rules")
    assert f'href="{policy}/rules/new"' not in page
    rule = re.findall(rf'href="({policy}/rules/[^"]+)"', page)[0]
    asked = "email *\nnickName: What friends call you"
    submitted(
        browser,
        rule,
        **{
            "actions.profileEnrollment.access": "ALLOW",
            "actions.profileEnrollment.unknownUserAction": "REGISTER",
            "actions.profileEnrollment.activationRequirements.emailVerification": "true",
            "actions.profileEnrollment.targetGroupIds": group,
            "actions.profileEnrollment.profileAttributes": asked,
        },
    )

    says = kept(browser, f"/api/v1/policies/{policy.rpartition('/')[2]}/rules", rule)["actions"]["profileEnrollment"]
    assert (says["unknownUserAction"], says["targetGroupIds"]) == ("REGISTER", [group])
    assert says["profileAttributes"] == [
        {"name": "email", "label": "", "required": True},
        {"name": "nickName", "label": "What friends call you", "required": False},
    ]
    assert f">{asked}</textarea>" in seen(browser, rule)
    assert "ALLOW, REGISTER" in seen(browser, f"{policy}/rules")
    submitted(browser, rule, **{"actions.profileEnrollment.targetGroupIds": ""})
    assert seen(browser, f"{policy}/apps")
    assert done(browser, f"{policy}/delete", name="Open") == "/console/sign-up-policies"


def test_a_group_rule_puts_people_into_groups_while_it_is_on(browser: Browser) -> None:
    group = browser.deployment.admin.made("/api/v1/groups", {"profile": {"name": "Filled"}})["id"]
    user = person(browser, "ruled@example.com")
    condition = {"conditions.expression.value": 'user.login == "ruled@example.com"'}
    groups = {"actions.assignUserToGroups.groupIds": group}
    rule = submitted(browser, "/console/group-rules/new", name="Fill", **condition, **groups)

    done(browser, f"{rule}/do/activate")
    assert "ruled@example.com" in seen(browser, f"/console/groups/{group}/users")
    refused = browser.submit(browser.get(rule), rule, name="Fill again")
    assert (refused.status, "deactivate it first" in text(refused)) == (400, True)
    asked_again = browser.post(f"{rule}/do/deactivate", csrf=browser.csrf())
    assert "Whom it put into groups stays there" in text(asked_again)
    done(browser, f"{rule}/do/deactivate")
    submitted(browser, rule, name="Fill again")
    assert "okta_group_rule" in seen(browser, rule)
    assert "Fill again" in seen(browser, "/console/group-rules?q=again")
    assert done(browser, f"{rule}/delete", name="Fill again") == "/console/group-rules"
    assert user in {one["id"] for one in browser.deployment.admin.get(f"/api/v1/groups/{group}/users").json}


def test_what_profiles_are_made_of_is_changed(browser: Browser) -> None:
    provider = submitted(browser, "/console/idps/new/google", name="Mapped", **CLIENT)
    api = f"/api/v1/mappings?sourceId={provider.rpartition('/')[2]}"
    mapping = browser.deployment.admin.get(api).json[0]["id"]
    path = f"/console/mappings/{mapping}"

    page = seen(browser, "/console/mappings")
    assert f'href="{path}">google_idp → user<' in page
    assert provider.rpartition("/")[2] in page
    submitted(browser, path, properties='{"nickName": {"expression": "idpuser.firstName"}, "lastName": null}')

    properties = kept(browser, "/api/v1/mappings", path)["properties"]
    assert properties["nickName"] == {"expression": "idpuser.firstName", "pushStatus": "DONT_PUSH"}
    assert "lastName" not in properties
    assert "<h1>google_idp → user</h1>" in seen(browser, path)


URI = {"channel.config.uri": "https://hooks.example.com/tokens"}
CHANNELS = {
    "http": {**URI, **HEADER_VALUE, "channel.config.headers": "X-From: authmint"},
    "oauth": {**URI, "channel.config.tokenUrl": "https://hooks.example.com/token", "channel.config.clientId": "us",
              "channel.config.clientSecret": "header-secret"},
    "function": {"channel.config.functionArn": "arn:aws:lambda:eu-central-1:123456789012:function:hook-tokens"},
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANNELS)
def test_an_inline_hook_of_each_kind_is_made_changed_and_switched(browser: Browser, kind: str) -> None:
    path = submitted(browser, f"/console/inline-hooks/new/{kind}", name=kind, **CHANNELS[kind])
    made = kept(browser, "/api/v1/inlineHooks", path)
    assert (made["type"], made["status"]) == ("com.okta.oauth2.tokens.transform", "ACTIVE")

    submitted(browser, path, name=f"{kind} again")

    page = seen(browser, path)
    assert "header-secret" not in page
    assert ("okta_inline_hook" in page) is (kind == "http")
    assert kept(browser, "/api/v1/inlineHooks", path)["channel"] == made["channel"]
    done(browser, f"{path}/do/deactivate")
    done(browser, f"{path}/do/activate")
    assert done(browser, f"{path}/delete", name=f"{kind} again") == "/console/inline-hooks"


def test_a_rule_of_an_access_policy_names_a_hook(browser: Browser) -> None:
    admin = browser.deployment.admin
    hook = submitted(browser, "/console/inline-hooks/new/function", name="named", **CHANNELS["function"])
    server = f"/servers/{admin.server(name='hooked')['id']}"
    policy = submitted(browser, f"/console{server}/policies/new", name="p", description="d",
                       **{"conditions.clients.include": "ALL_CLIENTS"})  # fmt: skip
    rule = submitted(
        browser,
        f"{policy}/rules/new",
        name="r",
        **{
            "conditions.grantTypes.include": "client_credentials",
            "conditions.scopes.include": "*",
            "actions.token.inlineHook": hook.rpartition("/")[2],
        },
    )
    api = f"/api/v1/authorizationServers{policy.removeprefix('/console/servers')}/rules"
    assert kept(browser, api, rule)["actions"]["token"]["inlineHook"]["id"] == hook.rpartition("/")[2]

    refused = browser.post(f"{hook}/delete", (("csrf", browser.csrf()), ("name", "named")))
    assert (refused.status, "hooked" in text(refused)) == (422, True)
    submitted(browser, rule, **{"actions.token.inlineHook": ""})
    assert "inlineHook" not in kept(browser, api, rule)["actions"]["token"]


def test_an_event_hook_is_verified_and_its_signing_secret_shown_once(browser: Browser) -> None:
    events = {"events.items": "user.session.start\nuser.lifecycle.create"}
    path = submitted(browser, "/console/event-hooks/new", name="told", **events, **URI, **HEADER_VALUE)
    assert "UNVERIFIED" in seen(browser, path)

    done(browser, f"{path}/do/verify")
    assert kept(browser, "/api/v1/eventHooks", path)["verificationStatus"] == "VERIFIED"
    asked_again = browser.post(f"{path}/do/signing_secret", csrf=browser.csrf())
    assert "the one before" in text(asked_again)
    shown = browser.post(f"{path}/do/signing_secret", csrf=browser.csrf(), sure="yes")
    assert (shown.status, "shown once" in text(shown)) == (200, True)
    secret = re.findall(r"whsec_[\w+/=-]+", text(shown))[0]
    submitted(browser, path, name="told again")
    hook = kept(browser, "/api/v1/eventHooks", path)
    assert (hook["verificationStatus"], hook["channel"]["config"]["authScheme"]["key"]) == ("VERIFIED", "Authorization")
    page = seen(browser, path)
    assert "okta_event_hook" in page
    assert secret not in page
    done(browser, f"{path}/do/deactivate")
    assert done(browser, f"{path}/delete", name="told again") == "/console/event-hooks"


ISSUERS = "/api/v1/authorizationServers/{}/trustedIssuers"


def a_server(browser: Browser, name: str) -> str:
    made = browser.deployment.admin.made("/api/v1/authorizationServers", {"name": name, "audiences": [f"api://{name}"]})
    return str(made["id"])


def test_an_issuer_is_trusted_for_people_and_said_whom_it_means(browser: Browser) -> None:
    server, user = a_server(browser, "for-people"), person(browser, "meant@example.com")
    home, api = f"/console/servers/{server}/trusted-issuers", ISSUERS.format(server)
    assert "Trusted issuers" in seen(browser, f"/console/servers/{server}")
    assert f'href="{home}/new/people"' in seen(browser, f"{home}/new")

    path = submitted(browser, f"{home}/new/people", issuer="https://id.partner.example",
                     jwksUri="https://id.partner.example/keys")  # fmt: skip
    made = kept(browser, api, path)
    assert (made["use"], made["subject"]["match"], made["algorithms"]) == ("ID_JAG", "EXTERNAL_ID", ["RS256", "ES256"])
    submitted(browser, path, **{"subject.match": "CLAIM", "subject.claim": "upn", "maxTokenAgeSeconds": "60"})
    changed = kept(browser, api, path)
    assert (changed["subject"]["claim"], changed["maxTokenAgeSeconds"]) == ("upn", 60)
    assert (changed["jwksUri"], changed["created"]) == (made["jwksUri"], made["created"])
    submitted(browser, path, **{"subject.match": "LOGIN", "subject.claim": "", "jwksUri": "", "status": "INACTIVE",
                                "maxTokenAgeSeconds": "", "jwks": json.dumps({"keys": [PUBLIC]})})  # fmt: skip
    changed = kept(browser, api, path)
    assert (changed["status"], changed["maxTokenAgeSeconds"], "jwksUri" in changed) == ("INACTIVE", None, False)

    refused = browser.submit(browser.get(path), path, jwksUri="http://id.partner.example/keys")
    assert (refused.status, "https URL" in text(refused)) == (400, True)
    assert submitted(browser, f"{path}/subjects/new", sub="7", userId=user).startswith(f"{path}/subjects/")
    assert f">{user}<" in seen(browser, f"{path}/subjects")
    subject = browser.deployment.admin.get(f"{api}/{made['id']}/subjects").json[0]["id"]
    assert done(browser, f"{path}/subjects/{subject}/delete") == f"{path}/subjects"
    assert done(browser, f"{path}/delete", name="https://id.partner.example") == home
    assert browser.deployment.admin.get(api).json == []


def test_an_issuer_is_trusted_for_programs(browser: Browser) -> None:
    server = a_server(browser, "for-programs")
    home, api = f"/console/servers/{server}/trusted-issuers", ISSUERS.format(server)

    path = submitted(browser, f"{home}/new/programs", issuer="https://kubernetes.example", algorithms="ES256",
                     jwks=json.dumps({"keys": [PUBLIC]}))  # fmt: skip

    made = kept(browser, api, path)
    assert (made["use"], made["algorithms"], made["jwks"]["keys"][0]["kid"]) == ("WORKLOAD", ["ES256"], "k1")
    assert "subject.match" not in seen(browser, path)
    unread = browser.submit(browser.get(f"{home}/new/programs"), f"{home}/new/programs", issuer="https://x.example",
                            jwks="{")  # fmt: skip
    assert (unread.status, "This is no JSON" in text(unread)) == (422, True)


def test_people_are_let_delete_their_accounts_and_not_any_more(browser: Browser) -> None:
    path, api = "/console/self-service", "/api/v1/org/selfService"
    assert 'href="/console/self-service"' in seen(browser, "/console/users")
    for chosen in ("ALLOW", "DENY"):
        assert submitted(browser, path, accountDeletion=chosen) == path
        assert browser.deployment.admin.get(api).json["accountDeletion"] == chosen
    refused = browser.submit(browser.get(path), path, accountDeletion="PERHAPS")
    assert (refused.status, browser.deployment.admin.get(api).json["accountDeletion"]) == (400, "DENY")
    german = Browser(browser.deployment, language="de")
    assert "Eigene Konten" in text(german.get(path))
