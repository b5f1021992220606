"""People's flows through the functions, event by event: for what is counted or allowed call by call."""

import json
import re
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from urllib.parse import urlencode, urlsplit

import jwt
import pyotp
from authmint.clock import SystemClock
from authmint.dynamo.outbox import DynamoOutbox
from authmint.ids import RandomIds
from authmint.policy.sign_on.defaults import IDS
from authmint.storage.admin_scopes import OWN_ACCOUNT_SCOPES

from tests.functions.deployment import Functions, form_event, load_event
from tests.management.federation.idps import an_idp
from tests.support.authenticator import SoftwareKey
from tests.support.people import CALLBACK, LOGIN, PASSWORD, SIGNED_OUT, Form, query_of

BASE_URL = "https://acme.example.com"
#: RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CIBA = "urn:openid:params:grant-type:ciba"


@dataclass
class People:
    """A client, a server that gives people everything, Maria, and her browser."""

    functions: Functions
    server: str
    client: str
    secret: str
    user: str
    cookies: dict[str, str] = field(default_factory=dict)
    password: str = PASSWORD

    def event(self, method: str, target: str, body: str | None = None, **headers: str) -> dict[str, Any]:
        parts, event = urlsplit(target), load_event("token")
        cookies = [f"{name}={value}" for name, value in self.cookies.items()]
        of_server = parts.path.startswith(f"/oauth2/{self.server}/")
        event |= {
            "rawPath": parts.path,
            "rawQueryString": parts.query,
            "pathParameters": {"authServerId": self.server} if of_server else {},
            "cookies": cookies,
            "body": body,
        }
        event["headers"] |= {"origin": BASE_URL} | headers
        event["requestContext"]["http"] |= {"method": method, "path": parts.path}
        return event

    def visit(self, method: str, target: str, body: str | None = None, **headers: str) -> dict[str, Any]:
        """One request of the browser to ``authorize``, which keeps its cookies."""
        answer = self.functions.http("authorize", self.event(method, target, body, **headers))
        for cookie in answer.get("cookies", []):
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return answer

    def follow(self, answer: dict[str, Any]) -> tuple[str, str]:
        """Through redirects, to a page (its path and text) or to the client (the URL and nothing)."""
        at = ""
        while answer["statusCode"] in {302, 303}:
            at = answer["headers"]["location"]
            if urlsplit(at).netloc not in {"", urlsplit(BASE_URL).netloc}:
                return at, ""
            answer = self.visit("GET", at)
        return at, answer["body"]

    def submit(self, path: str, page: str, **fields: str) -> tuple[str, str]:
        return self.follow(self.visit("POST", path, urlencode(form_of(page).fields | fields)))

    def authorize(self, **fields: str) -> tuple[str, str]:
        query = {"client_id": self.client, "redirect_uri": CALLBACK, "response_type": "code", "state": "s"}
        query |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        query |= {"scope": "openid offline_access", "nonce": "n"} | fields
        return self.follow(self.visit("GET", f"/oauth2/{self.server}/v1/authorize?{urlencode(query)}"))

    def sign_in(self) -> None:
        """And agree to what there is to agree to."""
        at, page = self.authorize()
        assert page, at
        at, page = self.submit("/signin", page, username=LOGIN, password=self.password)
        if page:
            at, _ = self.submit("/consent", page, decision="allow")
        assert at.startswith(CALLBACK), page

    def code(self) -> str:
        return query_of(self.authorize()[0])["code"]

    def post(self, function: str, path: str, **fields: str) -> dict[str, Any]:
        event = form_event(path, self.server, urlencode(fields), self.client, self.secret)
        answer: dict[str, Any] = json.loads(self.functions.http(function, event)["body"] or "{}")
        return answer

    def redeem(self, code: str) -> dict[str, Any]:
        proof = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.post("token", "token", grant_type="authorization_code", **proof)

    def refresh(self, token: str) -> dict[str, Any]:
        return self.post("token", "token", grant_type="refresh_token", refresh_token=token)

    def live_longer(self) -> None:
        """Refresh tokens may lie unused for years from now on: their families move in the lists."""
        base = f"/api/v1/authorizationServers/{self.server}/policies"
        policy = self.functions.admin("GET", base)[0]["id"]
        rules = self.functions.admin("GET", f"{base}/{policy}/rules")
        rule = next(rule for rule in rules if rule["name"] == "browsers")
        rule["actions"]["token"] |= {"refreshTokenWindowMinutes": 1_000_000}
        self.functions.admin("PUT", f"{base}/{policy}/rules/{rule['id']}", rule)

    def json(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        headers = {"content-type": "application/json"}
        return self.visit(method, path, None if body is None else json.dumps(body), **headers)


def form_of(page: str) -> Form:
    form = Form()
    form.feed(page)
    assert form.action, page
    return form


def people_at(functions: Functions, server: str, *, in_group: bool = False, **settings: Any) -> People:
    """Maria at a server. What she gives a client she is asked about. ``in_group``: of hers, beside Everyone.

    ``settings``: more of the client's.
    """
    base = f"/api/v1/authorizationServers/{server}"
    functions.admin("POST", f"{base}/scopes", {"name": "orders", "consent": "REQUIRED"})
    policy = functions.admin("GET", f"{base}/policies")[0]["id"]
    conditions = {
        "people": {"groups": {"include": ["EVERYONE"]}},
        "grantTypes": {"include": ["authorization_code", "implicit", DEVICE, CIBA]},
        "scopes": {"include": ["*"]},
    }
    functions.admin("POST", f"{base}/policies/{policy}/rules", {"name": "browsers", "conditions": conditions})
    oauth = {
        "application_type": "native",
        "grant_types": ["authorization_code", "implicit", "refresh_token", DEVICE],
        "response_types": ["code", "token", "id_token"],
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [SIGNED_OUT],
        "refresh_token": {"rotation_type": "ROTATE", "leeway": 30},
        "consent_method": "REQUIRED",
        **settings,
    }
    app = {
        "label": "browsers",
        "name": "oidc_client",
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": oauth},
    }
    client = functions.admin("POST", "/api/v1/apps", app)["credentials"]["oauthClient"]
    profile = {"login": LOGIN, "email": LOGIN, "firstName": "Maria", "lastName": "Lopez"}
    body: dict[str, Any] = {"profile": profile, "credentials": {"password": {"value": PASSWORD}}}
    if in_group:
        body["groupIds"] = [functions.admin("POST", "/api/v1/groups", {"profile": {"name": f"of {server}"}})["id"]]
    user = functions.admin("POST", "/api/v1/users", body)["id"]
    everyone = next(g["id"] for g in functions.admin("GET", "/api/v1/groups") if g["profile"]["name"] == "Everyone")
    functions.admin("PUT", f"/api/v1/apps/{client['client_id']}/groups/{everyone}", {})
    return People(functions, server, client["client_id"], client["client_secret"], user)


def every_flow(people: People) -> None:
    """Codes, refresh, replay, implicit, pushed requests, devices, sessions, passwords, sign-out, administration."""
    functions, base = people.functions, f"/oauth2/{people.server}/v1"
    people.sign_in()
    assert query_of(people.authorize(scope="openid orders", prompt="none")[0])["error"] == "consent_required"
    _, page = people.authorize(scope="openid orders")
    people.submit("/consent", page, decision="allow")
    tokens = people.redeem(people.code())
    people.live_longer()
    refreshed = people.refresh(tokens["refresh_token"])
    userinfo = people.event("GET", f"{base}/userinfo", authorization=f"Bearer {refreshed['access_token']}")
    assert json.loads(functions.http("token_status", userinfo)["body"])["sub"] == people.user
    for token in (refreshed["access_token"], refreshed["refresh_token"]):
        assert people.post("token_status", "introspect", token=token)["active"]
    people.post("token_status", "revoke", token=refreshed["refresh_token"])
    script = form_event("token", people.server, "grant_type=refresh_token", people.client, people.secret)
    script["headers"]["origin"] = "https://shop.example"
    functions.http("token", script)  # whether that site is trusted is looked up
    code = people.code()
    replayed = people.redeem(code)
    assert people.redeem(code)["error"] == "invalid_grant"
    assert not people.post("token_status", "introspect", token=replayed["access_token"])["active"]
    assert "access_token=" in people.authorize(response_type="token id_token")[0]
    asked = {"response_type": "code", "scope": "openid", "state": "s", "code_challenge": CHALLENGE}
    pushed = people.post("token", "par", redirect_uri=CALLBACK, code_challenge_method="S256", **asked)
    query = urlencode({"client_id": people.client, "request_uri": pushed["request_uri"]})
    assert people.follow(people.visit("GET", f"{base}/authorize?{query}"))[0].startswith(CALLBACK)
    _signed(people)
    _devices(people)
    _sessions(people)
    _administration(people)
    _, page = people.follow(people.visit("GET", "/signout"))
    if page:
        people.submit("/signout", page)
    leave = urlencode({"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": SIGNED_OUT})
    people.cookies.clear()
    people.sign_in()
    assert people.follow(people.visit("GET", f"{base}/logout?{leave}"))[0] == SIGNED_OUT
    _expired_password(people)
    _recovery(people)
    _signed_up(people)
    people.cookies.clear()
    people.sign_in()
    _factors(people)


def _signed(people: People) -> None:
    """A request object, keyed by the client's secret, at both endpoints."""
    issuer = f"{BASE_URL}/oauth2/{people.server}"
    claims = {"iss": people.client, "aud": issuer, "client_id": people.client, "redirect_uri": CALLBACK, "state": "s"}
    claims |= {"response_type": "code", "scope": "openid", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    request = jwt.encode(claims | {"jti": str(uuid.uuid4())}, people.secret, "HS256")
    query = urlencode({"client_id": people.client, "request": request})
    assert people.follow(people.visit("GET", f"/oauth2/{people.server}/v1/authorize?{query}"))[0].startswith(CALLBACK)
    assert "request_uri" in people.post("token", "par", request=jwt.encode(claims, people.secret, "HS256"))


def _devices(people: People) -> None:
    device = people.post("token", "device/authorize", scope="openid")
    form = {"grant_type": DEVICE, "device_code": device["device_code"]}
    assert people.post("token", "token", **form)["error"] == "authorization_pending"
    answer = people.visit("GET", f"/activate?user_code={device['user_code']}")
    _, page = people.follow(answer)
    _, page = people.submit("/activate", page or answer["body"], user_code=device["user_code"])
    people.submit("/activate", page, decision="allow")
    assert "access_token" in people.post("token", "token", **form)


def _sessions(people: People) -> None:
    body = {"username": LOGIN, "password": PASSWORD}
    token = json.loads(people.json("POST", "/api/v1/authn", body)["body"])["sessionToken"]
    assert people.json("POST", "/api/v1/sessions", {"sessionToken": token})["statusCode"] == 200
    mine = json.loads(people.json("GET", "/api/v1/sessions/me")["body"])["id"]
    people.functions.admin("POST", f"/api/v1/sessions/{mine}/lifecycle/refresh")
    assert people.json("POST", "/api/v1/sessions/me/lifecycle/refresh")["statusCode"] == 200
    foreign = people.visit("OPTIONS", "/api/v1/sessions/me", origin="https://shop.example")
    assert foreign["statusCode"] == 204  # whether that origin is trusted was looked up
    again = json.loads(people.json("POST", "/api/v1/authn", body)["body"])["sessionToken"]
    assert people.authorize(sessionToken=again)[0].startswith(CALLBACK)


def _factors(people: People) -> None:
    """An app is set up because a request wants two factors, and then proves the second one; a passkey is both."""
    at, page = people.authorize(acr_values="urn:okta:loa:2fa:any")
    at, page = people.submit("/enrol", page, choose="totp")
    secret = re.search(r'id="enrol-secret"[^>]*>([A-Z2-7]+)<', page)
    assert secret, page
    app = pyotp.TOTP(secret[1])
    at, page = people.submit("/enrol", page, code=app.now())
    assert at.startswith(CALLBACK), page
    _passkeys(people)
    _remembered(people, app)


def _remembered(people: People, app: pyotp.TOTP) -> None:
    """A policy of her own asks her for a second factor, in browsers that do not know her."""
    admin, name = people.functions.admin, f"strong {people.user}"
    group = admin("POST", "/api/v1/groups", {"profile": {"name": name}})["id"]
    admin("PUT", f"/api/v1/groups/{group}/users/{people.user}")
    conditions = {"people": {"groups": {"include": [group]}}}
    policy = admin("POST", "/api/v1/policies", {"type": "OKTA_SIGN_ON", "name": name, "conditions": conditions})["id"]
    signon = {"access": "ALLOW", "requireFactor": True, "factorPromptMode": "DEVICE"}
    admin("POST", f"/api/v1/policies/{policy}/rules", {"type": "SIGN_ON", "name": name, "actions": {"signon": signon}})
    people.cookies.clear()
    _, page = people.authorize()
    _, page = people.submit("/signin", page, username=LOGIN, password=people.password)
    wrong = people.visit("POST", "/challenge", urlencode(form_of(page).fields | {"code": "000000"}))
    assert wrong["statusCode"] == 422
    code = app.at(int(time.time()) + 30)
    at, page = people.submit("/challenge", wrong["body"], code=code, remember="yes")
    assert at.startswith(CALLBACK), page
    people.visit("POST", "/signout", urlencode(form_of(people.visit("GET", "/signout")["body"]).fields))
    _, page = people.authorize()
    at, page = people.submit("/signin", page, username=LOGIN, password=people.password)
    assert at.startswith(CALLBACK), page
    admin("DELETE", f"/api/v1/policies/{policy}")


def _passkeys(people: People) -> None:
    """The browser asks for one, and it says who that is."""
    key = SoftwareKey()
    at, page = people.authorize(acr_values="phr")
    at, page = people.submit("/enrol", page, choose="webauthn")
    options = form_of(page).options
    at, page = people.submit("/enrol", page, **key.registered(options))
    assert at.startswith(CALLBACK), page
    people.cookies.clear()
    at, page = people.authorize()
    asked = people.visit("POST", "/signin/key", urlencode(form_of(page).fields))
    at, page = people.submit("/signin", page, **key.asserted(json.loads(asked["body"])))
    assert at.startswith(CALLBACK), page
    _own_account(people)


def _own_account(people: People) -> None:
    """With the passkey just proved: its name, new codes, a browser that is forgotten; then the passkey goes."""
    page = people.visit("GET", "/account")["body"]
    fields = form_of(page).fields
    found = re.search(r'name="factor" value="(fwf[^"]+)"', page)
    assert found, page
    key = {"csrf": fields["csrf"], "factor": found[1]}
    for more in (
        {"act": "rename", "name": "mine"},
        {"act": "forget", "browser": "x"},
        {"act": "codes"},
        {"act": "remove"},
    ):
        answer = people.visit("POST", "/account", urlencode(key | more))
        assert answer["statusCode"] in {200, 303}, answer
    _another_address(people, key["csrf"])
    people.visit("POST", "/account", urlencode(key | {"act": "everywhere"}))


def every_flow_of_an_own_account(people: People) -> None:
    """Somebody of a type, whom a provider knows, looks after everything, and leaves."""
    admin, login = people.functions.admin, "leaver@example.org"
    kind = admin("POST", "/api/v1/meta/types/user", {"name": "leaver", "displayName": "Leaver"})["id"]
    profile = {"login": login, "email": login, "firstName": "Lee", "lastName": "Ver"}
    credentials = {"password": {"value": PASSWORD}}
    user = {"profile": profile, "credentials": credentials, "type": {"id": kind}}
    user_id = admin("POST", "/api/v1/users", user)["id"]
    idp = admin("POST", "/api/v1/idps", an_idp(name="of leavers"))["id"]
    admin("POST", f"/api/v1/idps/{idp}/users/{user_id}", {"externalId": "leaver"})
    admin("PUT", "/api/v1/org/selfService", {"accountDeletion": "ALLOW"})
    people.cookies.clear()
    phone = {"name": "mobilePhone", "label": "Phone", "required": True}
    says = {"access": "ALLOW", "unknownUserAction": "DENY", "profileAttributes": [phone]}
    rule, enrolment = "/api/v1/policies/{}/rules/{}".format(*IDS["PROFILE_ENROLLMENT"]), {"profileEnrollment": says}
    before = admin("GET", rule)
    admin(
        "PUT",
        rule,
        {"name": "asks", "actions": {"profileEnrollment": says | {"progressiveProfilingAction": "ENABLED"}}},
    )
    at, page = people.authorize(scope="openid offline_access orders")
    at, page = people.submit("/signin", page, username=login, password=PASSWORD)
    at, page = people.submit("/profile", page, **{"profile.mobilePhone": "1"})
    at, page = people.submit("/consent", page, decision="allow")
    admin("PUT", rule, {"name": before["name"], "actions": enrolment})
    assert people.redeem(query_of(at)["code"])["refresh_token"]
    _own_account_by_a_program(people)
    at, page = people.authorize(scope="openid offline_access orders")
    at, page = people.submit("/signin", page, username=login, password=f"{PASSWORD}y")
    assert at.startswith(CALLBACK), page
    for section, more in (
        ("profile", {"profile.mobilePhone": "7"}),
        ("password", {"old": f"{PASSWORD}y", "new": f"{PASSWORD}x", "repeated": f"{PASSWORD}x"}),
        ("sessions", {"act": "others"}),
        ("sessions", {"act": "end", "session": "102x"}),
        ("apps", {"act": "withdraw", "client": people.client}),
        ("providers", {"act": "unlink", "idp": idp}),
        ("data", {"act": "export"}),
        ("data", {"act": "delete", "confirm": login}),
    ):
        page = people.visit("GET", f"/account/{section}")["body"]
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)
        answer = people.visit("POST", f"/account/{section}", urlencode({"csrf": csrf[1] if csrf else ""} | more))
        assert answer["statusCode"] in {200, 303} or not csrf, (section, answer)
    assert admin("GET", '/api/v1/users?filter=profile.login eq "leaver@example.org"') == []
    people.cookies.clear()


def _own_account_by_a_program(people: People) -> None:
    """By a token of whoever has just signed in."""
    scopes = sorted(OWN_ACCOUNT_SCOPES)
    for scope in scopes:
        people.functions.admin("POST", f"/api/v1/apps/{people.client}/grants", {"scopeId": scope, "issuer": BASE_URL})
    back, _ = people.authorize(scope=" ".join(("openid", *scopes)))
    token = people.redeem(query_of(back)["code"])["access_token"]

    def call(method: str, path: str, body: Any = None) -> Any:
        sent = people.event(method, f"/idp/myaccount{path}", None if body is None else json.dumps(body))
        sent["headers"] |= {"authorization": f"Bearer {token}", "content-type": "application/json"}
        answer = people.functions.http("authorize", sent | {"cookies": []})
        assert answer["statusCode"] < 300, answer
        return json.loads(answer.get("body") or "null")

    call("PUT", "/profile", {"profile": call("GET", "/profile")["profile"]})
    email = call("POST", "/emails", {"profile": {"email": "leaver@new.example"}})
    call("DELETE", f"/emails/{email['id']}")
    call("GET", "/authenticators?expand=enrollments")
    call("GET", "/organization")
    call("POST", "/webauthn/registration", {})
    call("POST", "/password/change-password", {"oldPassword": PASSWORD, "newPassword": f"{PASSWORD}y"})
    call("DELETE", "/sessions?excludeCurrentAuthorizationContext=true")


def _another_address(people: People, csrf: str) -> None:
    """With the code that was mailed there; and back again, so that nobody notices."""
    now, deployed = SystemClock().now(), people.functions.deployed
    outbox = DynamoOutbox(deployed.tables(), RandomIds(SystemClock()))
    for address in ("maria@new.example", LOGIN):
        people.visit("POST", "/account", urlencode({"csrf": csrf, "act": "address", "address": address}))
        waiting = [outbox.take(mail_id, at=now + 60, until=now) for mail_id in outbox.due(at=now + 60, limit=100)]
        sent = [one.mail for one in waiting if one.mail.to == address and "verificationToken" in one.mail.values]
        mail = max(sent, key=lambda one: one.created_at)
        form = {"csrf": csrf, "act": "confirm", "code": mail.values["verificationToken"]}
        assert people.visit("POST", "/account", urlencode(form))["statusCode"] == 303


def _administration(people: People) -> None:
    admin = people.functions.admin
    given = people.redeem(people.code())
    tokens = f"/api/v1/authorizationServers/{people.server}/clients/{people.client}/tokens"
    listed = admin("GET", tokens)
    assert given["refresh_token"]
    assert people.client in [client["client_id"] for client in admin("GET", f"/api/v1/users/{people.user}/clients")]
    admin("GET", f"/api/v1/authorizationServers/{people.server}/clients")
    admin("DELETE", f"{tokens}/{listed[0]['id']}")
    admin("DELETE", tokens)
    grants = f"/api/v1/users/{people.user}/grants"
    assert admin("GET", grants)
    admin("DELETE", grants)
    mine = json.loads(people.json("GET", "/api/v1/sessions/me")["body"])["id"]
    admin("DELETE", f"/api/v1/sessions/{mine}")
    people.sign_in()
    admin("DELETE", f"/api/v1/users/{people.user}/sessions")
    assert people.json("GET", "/api/v1/sessions/me")["statusCode"] == 404
    people.cookies.clear()
    people.sign_in()


def _expired_password(people: People) -> None:
    people.functions.admin("POST", f"/api/v1/users/{people.user}/lifecycle/expire_password")
    people.cookies.clear()
    _, page = people.authorize()
    at, page = people.submit("/signin", page, username=LOGIN, password=PASSWORD)
    at, page = people.submit("/password", page, new="Another-Horse-8", repeated="Another-Horse-8")
    assert at.startswith(CALLBACK), page


def mailed(people: People, template: str) -> list[str]:
    """Links in mail of a template that waits; all that waits is taken out."""
    outbox = DynamoOutbox(people.functions.deployed.tables(), RandomIds(SystemClock()))
    now = SystemClock().now()
    taken = [outbox.take(mail_id, at=now, until=now) for mail_id in outbox.due(at=now, limit=100)]
    for one in taken:
        outbox.remove(one.mail.id)
    values = [one.mail.values for one in taken if one.mail.template == template]
    return [value for one in values for name, value in one.items() if name.endswith("Link")]


def _recovery(people: People) -> None:
    """A forgotten password, by the page and by an administrator, and mail of both; a stranger's wish."""
    for login in ("nobody@example.org", LOGIN):
        people.cookies.clear()
        people.submit("/forgot", people.visit("GET", "/forgot")["body"], username=login)
    (link,) = mailed(people, "ForgotPassword")
    _choose(people, link, "Fresh-Horse-Nine-9")
    user = f"/api/v1/users/{people.user}"
    people.functions.admin("POST", f"{user}/credentials/forgot_password")
    people.functions.admin("POST", f"{user}/lifecycle/reset_password?sendEmail=true")
    (link,) = mailed(people, "PasswordResetByAdmin")
    _choose(people, link, "Other-Horse-Ten-10")
    found = people.functions.admin("POST", f"{user}/credentials/forgot_password?sendEmail=false")["resetPasswordUrl"]
    opened = people.json("POST", "/api/v1/authn/recovery/token", {"recoveryToken": found.rpartition("/")[2]})
    state = json.loads(opened["body"])["stateToken"]
    people.password = "Third-Horse-Eleven-11"
    chosen = {"stateToken": state, "newPassword": people.password}
    assert people.json("POST", "/api/v1/authn/credentials/reset_password", chosen)["statusCode"] == 200


def _signed_up(people: People) -> None:
    """A stranger, who joins a group; once more before the address is confirmed; and somebody who is there already."""
    admin = people.functions.admin
    group = admin("POST", "/api/v1/groups", {"profile": {"name": "newcomers"}})["id"]
    policy, rule = IDS["PROFILE_ENROLLMENT"]
    badge = {
        "id": "#custom",
        "type": "object",
        "properties": {"badge": {"title": "Badge", "type": "string", "unique": "UNIQUE_VALIDATED"}},
    }
    admin("POST", "/api/v1/meta/schemas/user/default", {"definitions": {"custom": badge}})
    says = {
        "access": "ALLOW",
        "unknownUserAction": "REGISTER",
        "profileAttributes": [{"name": name, "required": True} for name in ("email", "firstName", "lastName", "badge")],
        "targetGroupIds": [group],
        "activationRequirements": {"emailVerification": True},
    }
    admin("PUT", f"/api/v1/policies/{policy}/rules/{rule}", {"name": "all", "actions": {"profileEnrollment": says}})
    profile = {"profile.firstName": "Nina", "profile.lastName": "New"}
    with mock.patch("authmint.pages.sign_up._LEAST", 0):
        for number, address in enumerate((LOGIN, "nina@example.org", "nina@example.org")):
            people.cookies.clear()
            at, _ = people.authorize()
            _, page = people.follow(people.visit("GET", at.replace("/signin?", "/signup?")))
            _, page = people.submit(
                "/signup", page, **(profile | {"profile.email": address, "profile.badge": f"B{number}"})
            )
            assert 'id="done"' in page, page
            links = mailed(people, "RegistrationActivation")
    _choose(people, links[0], "Newcomer-Horse-12")


def _choose(people: People, link: str, password: str) -> None:
    at, page = people.follow(people.visit("GET", link.removeprefix(BASE_URL)))
    assert at == "/recovery"
    _, page = people.submit("/recovery", page, new=password, repeated=password)
    assert 'id="done"' in page, page
