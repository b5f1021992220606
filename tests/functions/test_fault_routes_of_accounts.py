"""Every call of one's own account, by pages and by programs, with DynamoDB failing at every call.

The deployment is rewound before each attempt, so that the same bytes are the same request every time, and what one
attempt did stands in nobody's way.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.outbox import DynamoOutbox
from authmint.ids import RandomIds
from authmint.policy.sign_on.defaults import IDS
from authmint.storage.admin_scopes import OWN_ACCOUNT_SCOPES

from tests.functions.deployment import Functions
from tests.functions.faults import FAULTS, Faults
from tests.functions.sign_ins import BASE_URL, People, form_of, people_at
from tests.management.federation.idps import an_idp
from tests.support.authenticator import SoftwareKey
from tests.support.backend import Items
from tests.support.people import CALLBACK, LOGIN, PASSWORD, query_of

pytestmark = [pytest.mark.usefixtures("unbraked"), pytest.mark.no_cover]

NEW = "Another-Horse-8"
ADDRESS = "maria@new.example"
Answer = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """Maria has a passkey, a provider that knows her, two sessions, an application, and a code on its way.

    Attributes:
        known: What calls name: ids, codes, fields of forms.
        items: All that is stored.
        ready: Requests of browsers on their way to an application, by the names of their routes.
        asking: By kind of route, the calls of the one that finds out who asks, and does no more.
    """

    people: People
    token: str
    known: dict[str, str]
    items: Items
    asking: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    ready: dict[str, dict[str, Any]] = field(default_factory=dict)

    def event(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """The request of a program, or of a form; the braces of its text filled in."""
        target = self._filled(path)
        if path.startswith("/account"):
            return self.people.event(method, target, self._filled(urlencode(body or {}, safe="{}")))
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        sent = None if body is None else self._filled(json.dumps(body))
        return self.people.event(method, f"/idp/myaccount{target}", sent, **headers) | {"cookies": []}

    def _filled(self, text: str) -> str:
        for name, value in self.known.items():
            text = text.replace(f"{{{name}}}", value)
        return text


def made(functions: Functions) -> Scene:
    people = people_at(functions, functions.ready()[0])
    admin = functions.admin
    for scope in sorted(OWN_ACCOUNT_SCOPES):
        admin("POST", f"/api/v1/apps/{people.client}/grants", {"scopeId": scope, "issuer": BASE_URL})
    admin("PUT", "/api/v1/org/selfService", {"accountDeletion": "ALLOW"})
    known = {"user": people.user, "client": people.client}
    for name in ("idp", "other"):
        known[name] = admin("POST", "/api/v1/idps", an_idp(name=f"{name} provider"))["id"]
    admin("POST", f"/api/v1/idps/{known['idp']}/users/{people.user}", {"externalId": "maria"})
    people.sign_in()
    people.cookies.clear()
    at, page = people.authorize(acr_values="urn:okta:loa:2fa:any", scope=" ".join(("openid", *OWN_ACCOUNT_SCOPES)))
    at, page = people.submit("/signin", page, username=LOGIN, password=PASSWORD)
    at, page = people.submit("/enrol", page, choose="webauthn")
    key = SoftwareKey()
    at, page = people.submit("/enrol", page, **key.registered(form_of(page).options))
    assert at.startswith(CALLBACK), page
    scene = Scene(people, people.redeem(query_of(at)["code"])["access_token"], known, [])

    def call(method: str, path: str, body: Any = None) -> Any:
        answer = functions.http("authorize", scene.event(method, path, body))
        assert answer["statusCode"] < 300, answer
        return json.loads(answer["body"])

    known["key"] = call("GET", "/webauthn")[0]["id"]
    known["authenticator"] = next(one["id"] for one in call("GET", "/authenticators") if one["key"] == "webauthn")
    email = call("POST", "/emails", {"profile": {"email": ADDRESS}})
    known["email"], known["challenge"] = email["id"], email["_links"]["poll"]["href"].rpartition("/")[2]
    known["code"] = mailed_code(people)
    options = call("POST", "/webauthn/registration", {})["options"]
    another = SoftwareKey(credential_id=b"another").registered(options)
    known |= {name: another[name] for name in ("clientData", "attestation")}
    for section in ("profile", "password", "sessions", "apps", "providers", "data"):
        page = people.visit("GET", f"/account/{section}")["body"]
        known[f"csrf_{section}"] = re.findall(r'name="csrf" value="([^"]+)"', page)[0]
    ready = on_the_way(people, known)
    asking = {kind: calls_of(functions, scene.event(*CALLS[name]))[1] for kind, name in ASKING.items()}
    return replace(scene, items=functions.deployed.items(), asking=asking, ready=ready)


def on_the_way(people: People, known: dict[str, str]) -> dict[str, dict[str, Any]]:
    """A stranger who makes an account, somebody who is asked for more, and somebody on the way to a provider."""
    policy, rule = IDS["PROFILE_ENROLLMENT"]
    names = ("email", "firstName", "lastName", "mobilePhone")
    says = {
        "access": "ALLOW",
        "unknownUserAction": "REGISTER",
        "activationRequirements": {"emailVerification": True},
        "profileAttributes": [{"name": name, "required": True} for name in names],
        "progressiveProfilingAction": "ENABLED",
    }
    body = {"name": "all", "actions": {"profileEnrollment": says}}
    people.functions.admin("PUT", f"/api/v1/policies/{policy}/rules/{rule}", body)
    stranger, maria = replace(people, cookies={}), replace(people, cookies={})
    at, page = stranger.authorize()
    leaving = stranger.event("GET", at.replace("/signin?", f"/signin/idp?idp={known['idp']}&"))
    page = stranger.visit("GET", at.replace("/signin?", "/signup?"))["body"]
    typed = {f"profile.{name}": "7" for name in names} | {"profile.email": "nina@new.example"}
    at, asked = maria.submit("/signin", maria.authorize()[1], username=LOGIN, password=PASSWORD)
    assert at.startswith("/profile"), asked
    more = urlencode(form_of(asked).fields | {"profile.mobilePhone": "7"})
    return {
        "page, sign-up": stranger.event("POST", "/signup", urlencode(form_of(page).fields | typed)),
        "page, asked for more": maria.event("POST", "/profile", more),
        "page, to a provider": leaving,
    }


def calls_of(functions: Functions, event: dict[str, Any]) -> tuple[Answer, list[tuple[str, str]]]:
    """What a new instance answers, and what it asks of storage for that, call by call."""
    functions.restart("authorize")
    functions.calls.made.clear()
    answer = functions.http("authorize", event)
    stage = functions.deployed.config.removesuffix("-config")
    return answer, [(operation, str(values).replace(stage, "")) for _, _, operation, values in functions.calls.made]


def mailed_code(people: People) -> str:
    outbox, now = DynamoOutbox(people.functions.deployed.tables(), RandomIds(SystemClock())), SystemClock().now()
    for mail_id in outbox.due(at=now + 60, limit=100):
        mail = outbox.take(mail_id, at=now + 60, until=now).mail
        if "verificationToken" in mail.values:
            return str(mail.values["verificationToken"])
    raise AssertionError("no code was mailed")


#: What ``scene_at`` made first, by backend.
_MADE: dict[str, Scene] = {}


def scene_at(functions: Functions) -> Scene:
    at = functions.deployed.aws.endpoint
    if at not in _MADE:
        _MADE[at] = made(functions)
        return _MADE[at]
    scene = _MADE[at]
    functions.deployed.restore(scene.items)
    return replace(scene, people=replace(scene.people, functions=functions, cookies=dict(scene.people.cookies)))


def form(section: str, **fields: str) -> tuple[str, str, dict[str, str]]:
    return "POST", f"/account/{section}", {"csrf": f"{{csrf_{section}}}"} | fields


PROFILE = {"firstName": "Mia", "lastName": "Lopez", "mobilePhone": None}
KEY = {"attestation": "{attestation}", "clientData": "{clientData}", "transports": '["internal"]'}
#: Method, path below ``/idp/myaccount`` or a page's, and body.
CALLS: dict[str, tuple[str, str, Any]] = {
    "password": ("GET", "/password", None),
    "organization": ("GET", "/organization", None),
    "profile": ("GET", "/profile", None),
    "profile, replaced": ("PUT", "/profile", {"profile": PROFILE}),
    "profile, its schema": ("GET", "/profile/schema", None),
    "addresses": ("GET", "/emails", None),
    "addresses, another one": ("POST", "/emails", {"profile": {"email": "other@new.example"}}),
    "address": ("GET", "/emails/{email}", None),
    "address, not waited for": ("DELETE", "/emails/{email}", None),
    "address, another code": ("POST", "/emails/{email}/challenge", {}),
    "address, polled": ("GET", "/emails/{email}/challenge/{challenge}", None),
    "address, proved": ("POST", "/emails/{email}/challenge/{challenge}/verify", {"verificationCode": "{code}"}),
    "password, another one": ("PUT", "/password", {"profile": {"password": NEW}}),
    "password, none": ("DELETE", "/password", None),
    "password, the first one": ("POST", "/password", {"profile": {"password": NEW}}),
    "password, by the old one": ("POST", "/password/change-password", {"oldPassword": PASSWORD, "newPassword": NEW}),
    "password, its rules": ("GET", "/password/complexity-requirements", None),
    "sessions, ended": ("DELETE", "/sessions", None),
    "authenticators": ("GET", "/authenticators?expand=enrollments", None),
    "authenticator": ("GET", "/authenticators/{authenticator}/enrollments", None),
    "authenticator, renamed": ("PATCH", "/authenticators/{authenticator}/enrollments/{key}", {"nickname": "mine"}),
    "keys": ("GET", "/webauthn", None),
    "keys, asked for": ("POST", "/webauthn/registration", {}),
    "keys, registered": ("POST", "/webauthn", KEY),
    "key": ("GET", "/webauthn/{key}", None),
    "key, removed": ("DELETE", "/webauthn/{key}", None),
    "page": ("GET", "/account/providers", None),
    "page, password": form("password", old=PASSWORD, new=NEW, repeated=NEW, revoke="yes"),
    "page, profile": form("profile", **{"profile.mobilePhone": "7"}),
    "page, sessions": form("sessions", act="others"),
    "page, applications": form("apps", act="withdraw", client="{client}"),
    "page, copy": form("data", act="export"),
    "page, provider unlinked": form("providers", act="unlink", idp="{idp}"),
    "page, provider linked": form("providers", act="link", idp="{other}"),
    "page, deletion": form("data", act="delete", confirm=LOGIN),
}
#: Their requests are made with the scene.
BROWSERS = ("page, sign-up", "page, asked for more", "page, to a provider")
#: Those that all others of their kind begin as: a fault of theirs is tried once.
ASKING = {"program": "password", "page": "page"}
#: What has to be done before, where that is anything.
BEFORE = {"password, the first one": ["password, none"]}
#: What is used up by its first answer (docs/protocol.md §32.3), as the end of a sign-on is; and how one goes on.
AGAIN = {"keys, registered": "keys, asked for", "page, asked for more": "page"}
#: Events that are written before what they are about, which is more than one transaction: who asks again is told again.
TWICE = {"user.session.clear", "app.oauth2.token.revoke.implicit.user"}
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"}


def succeeded(answer: Answer) -> bool:
    return bool(answer["statusCode"] < 400)


def told(answer: Answer, *, page: bool) -> None:
    """A refusal for a while. Where the count of what is mailed was written twice, one in half a minute is the most."""
    if answer["statusCode"] == 429:
        assert answer["headers"]["x-rate-limit-reset"]
        return
    assert answer["statusCode"] == 503, answer
    assert answer["headers"]["retry-after"]
    if not page:
        assert json.loads(answer["body"])["errorCode"] == "E0000010"


def attempts(calls: Sequence[tuple[str, str]], known: Sequence[tuple[str, str]]) -> Iterator[tuple[int, str, bool]]:
    """Where a fault strikes, which, and whether it lasts, from the first call on that is not known.

    What was only read has no lost answer of its own.
    """
    same = [mine == theirs for mine, theirs in zip(calls, known, strict=False)]
    first = 1 if calls == known else 1 + (same.index(False) if False in same else len(same))
    for position in range(first, len(calls) + 1):
        yield position, ("throttled", "slow")[position % 2], True
        if calls[position - 1][0] in WRITES:
            yield position, "committed and lost", False


@pytest.mark.usefixtures("kept_clients")
@pytest.mark.parametrize("name", [*CALLS, *BROWSERS])
def test_a_fault_at_any_call_is_told_and_the_same_request_works_afterwards(
    functions: Functions, faults: Faults, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("authmint.pages.sign_up._LEAST", 0)  # seconds that somebody takes to fill in a form
    scene, page = scene_at(functions), name.startswith("page")
    event = scene.ready.get(name) or scene.event(*CALLS[name])
    for before in BEFORE.get(name, ()):
        assert succeeded(functions.http("authorize", scene.event(*CALLS[before])))
    items = functions.deployed.items()

    answer, calls = calls_of(functions, event)
    assert succeeded(answer), answer
    log = functions.deployed.logged()
    for position, fault, lasting in attempts(calls, scene.asking["page" if page else "program"]):
        functions.deployed.rewind(items)
        functions.restart("authorize")
        faults.arm(FAULTS[fault], position, lasting=lasting)
        answer = functions.http("authorize", event)
        assert faults.seen >= position, (fault, position)
        faults.clear()
        if not succeeded(answer):
            told(answer, page=page)
            answer = functions.http("authorize", event)
        if name in AGAIN and not succeeded(answer):
            assert answer["statusCode"] in {400, 404}
            answer = functions.http("authorize", scene.event(*CALLS[AGAIN[name]]))
            assert succeeded(answer), (position, fault, lasting, answer)
            continue
        assert succeeded(answer), (position, fault, lasting, answer)
        found = functions.deployed.logged()
        assert not log - found, (position, fault, lasting)
        assert set(found - log) <= TWICE, (position, fault, lasting)
