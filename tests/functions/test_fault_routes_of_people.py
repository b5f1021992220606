"""Every route of people with DynamoDB and KMS failing at every call: a clear answer, and nothing is burned.

What was refused so works when it is asked again, to the letter: a code, a refresh token, a device code, a request that
waits, a session and a form survive.
"""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.functions.backchannel import a_centre, begin, decide, forget, page_of, poll_event, request_event
from tests.functions.deployment import Functions, form_event
from tests.functions.faults import FAULTS, KMS_FAULTS, Faults, only_kms
from tests.functions.sign_ins import BASE_URL, CHALLENGE, DEVICE, VERIFIER, People, people_at
from tests.support.backend import Items
from tests.support.people import CALLBACK, LOGIN, PASSWORD, SIGNED_OUT, Form, query_of

pytestmark = pytest.mark.usefixtures("unbraked")

Answer = dict[str, Any]
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Asked:
    """A request that is ready, to be sent as often as one likes."""

    function: str
    event: dict[str, Any]


def asked_for(people: People, **fields: str) -> dict[str, str]:
    query = {"client_id": people.client, "redirect_uri": CALLBACK, "response_type": "code", "state": "s", "nonce": "n"}
    proof = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    return query | proof | {"scope": "openid offline_access"} | fields


def at_authorize(people: People, **fields: str) -> Asked:
    target = f"/oauth2/{people.server}/v1/authorize?{urlencode(fields)}"
    return Asked("authorize", people.event("GET", target))


def pushed_uri(people: People, **fields: str) -> str:
    pushed = people.post("token", "par", **asked_for(people, **fields))
    return str(pushed["request_uri"])


def by_form(people: People, path: str, **fields: str) -> Asked:
    return Asked("token", form_event(path, people.server, urlencode(fields), people.client, people.secret))


def plain(people: People) -> Asked:
    return at_authorize(people, **asked_for(people))


def pushed(people: People) -> Asked:
    return at_authorize(people, client_id=people.client, request_uri=pushed_uri(people))


def implicit(people: People) -> Asked:
    uri = pushed_uri(people, response_type="token id_token")
    return at_authorize(people, client_id=people.client, request_uri=uri)


def stranger(people: People) -> Asked:
    people.cookies.clear()
    return plain(people)


def waiting_page(people: People, **fields: str) -> str:
    """Of a pushed request, for a browser that nobody is signed in at."""
    people.cookies.clear()
    return people.authorize(request_uri=pushed_uri(people, **fields))[1]


def submitted(people: People, path: str, page: str, **fields: str) -> Asked:
    form = Form()
    form.feed(page)
    return Asked("authorize", people.event("POST", path, urlencode(form.fields | fields)))


def sign_in(people: People) -> Asked:
    return submitted(people, "/signin", waiting_page(people), username=LOGIN, password=PASSWORD)


def mistyped(people: People) -> Asked:
    """A wrong password, of somebody who typed the right one last."""
    people.cookies.clear()
    people.sign_in()
    return submitted(people, "/signin", waiting_page(people), username=LOGIN, password="Wrong-Horse-7")


def resumed(people: People) -> Asked:
    """Back at the authorization endpoint, from the sign-in page: the waiting and the pushed request are to be spent."""
    ready = sign_in(people)
    answer = people.visit("POST", ready.event["rawPath"], ready.event["body"])
    parts = urlsplit(answer["headers"]["location"])
    return Asked("authorize", people.event("GET", f"{parts.path}?{parts.query}"))


def consent(people: People) -> Asked:
    people.functions.admin("DELETE", f"/api/v1/users/{people.user}/grants")
    _, page = people.authorize(scope="openid orders")
    return submitted(people, "/consent", page, decision="allow")


def denial(people: People) -> Asked:
    """No, to a pushed request."""
    people.functions.admin("DELETE", f"/api/v1/users/{people.user}/grants")
    _, page = people.authorize(request_uri=pushed_uri(people, scope="openid orders"))
    return submitted(people, "/consent", page, decision="deny")


def code(people: People) -> Asked:
    proof = {"code": people.code(), "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return by_form(people, "token", grant_type="authorization_code", **proof)


def refresh(people: People) -> Asked:
    token = people.redeem(people.code())["refresh_token"]
    return by_form(people, "token", grant_type="refresh_token", refresh_token=token)


def device(people: People) -> Asked:
    """A device code that its user agreed to."""
    given = people.post("token", "device/authorize", scope="openid offline_access")
    answer = people.visit("GET", f"/activate?user_code={given['user_code']}")
    _, page = people.follow(answer)
    _, page = people.submit("/activate", page or answer["body"], user_code=given["user_code"])
    people.submit("/activate", page, decision="allow")
    return by_form(people, "token", grant_type=DEVICE, device_code=given["device_code"])


def waiting_device(people: People) -> Asked:
    given = people.post("token", "device/authorize", scope="openid")
    return by_form(people, "token", grant_type=DEVICE, device_code=given["device_code"])


def device_authorize(people: People) -> Asked:
    return by_form(people, "device/authorize", scope="openid")


#: The program that asks without a browser, by backend: of every deployment after the first one too.
_CENTRES: dict[str, People] = {}


def centre_of(people: People) -> People:
    """With places for another request."""
    known = _CENTRES[people.functions.deployed.aws.endpoint]
    centre = replace(people, client=known.client, secret=known.secret)
    forget(centre)
    return centre


def backchannel_request(people: People) -> Asked:
    return Asked("token", request_event(centre_of(people)))


def waiting_backchannel(people: People) -> Asked:
    centre = centre_of(people)
    return Asked("token", poll_event(centre, begin(centre)))


def approved_backchannel(people: People) -> Asked:
    """What its user agreed to."""
    centre = centre_of(people)
    asked = begin(centre)
    decide(centre, "allow")
    return Asked("token", poll_event(centre, asked))


def approval(people: People) -> Asked:
    centre = centre_of(people)
    begin(centre)
    page = page_of(centre)
    return submitted(people, page.partition("?")[0], people.visit("GET", page)["body"], decision="allow")


def par(people: People) -> Asked:
    return by_form(people, "par", **asked_for(people))


def userinfo(people: People) -> Asked:
    token = people.redeem(people.code())["access_token"]
    target = f"/oauth2/{people.server}/v1/userinfo"
    return Asked("token_status", people.event("GET", target, authorization=f"Bearer {token}"))


def logout(people: People) -> Asked:
    people.cookies.clear()
    people.sign_in()
    hint = people.redeem(people.code())["id_token"]
    query = urlencode({"id_token_hint": hint, "post_logout_redirect_uri": SIGNED_OUT})
    return Asked("authorize", people.event("GET", f"/oauth2/{people.server}/v1/logout?{query}"))


def authn(people: People) -> Asked:
    body, headers = json.dumps({"username": LOGIN, "password": PASSWORD}), {"content-type": "application/json"}
    return Asked("authorize", people.event("POST", "/api/v1/authn", body, **headers))


def session(people: People) -> Asked:
    return Asked("authorize", people.event("GET", "/api/v1/sessions/me"))


def forgotten(people: People) -> Asked:
    page = people.visit("GET", "/forgot")["body"]
    return submitted(people, "/forgot", page, username=LOGIN)


def recovered(people: People) -> Asked:
    """Another password, by a link as it is mailed."""
    path = f"/api/v1/users/{people.user}/credentials/forgot_password?sendEmail=false"
    link = people.functions.admin("POST", path)["resetPasswordUrl"]
    _, page = people.follow(people.visit("GET", link.removeprefix(BASE_URL)))
    new = f"Fresh-Horse-{next(_NUMBERS)}-x"
    return submitted(people, "/recovery", page, new=new, repeated=new, revoke="yes")


def location(answer: Answer) -> str:
    return str(answer["headers"].get("location", "")) if answer["statusCode"] in {302, 303} else ""


def with_code(answer: Answer) -> bool:
    return "code" in query_of(location(answer))


def with_tokens(answer: Answer) -> bool:
    return "access_token=" in location(answer) and "id_token=" in location(answer)


def to(place: str) -> Callable[[Answer], bool]:
    return lambda answer: place in location(answer)


def has(member: str) -> Callable[[Answer], bool]:
    return lambda answer: answer["statusCode"] in {200, 201} and member in json.loads(answer["body"])


def done(answer: Answer) -> bool:
    return answer["statusCode"] == 200 and 'id="done"' in answer["body"]


def done_or_braked(answer: Answer) -> bool:
    """A wish whose counting was written and its answer lost counts as two, and one in half a minute is the most."""
    return done(answer) or (answer["statusCode"] == 429 and "retry-after" in answer["headers"])


def failed(answer: Answer) -> bool:
    return bool(answer["statusCode"] == 403)


def pending(answer: Answer) -> bool:
    return json.loads(answer["body"]).get("error") in {"authorization_pending", "slow_down"}


def redirected(answer: Answer) -> None:
    """The protocol's error, or a page where the way back is not known yet."""
    if answer["statusCode"] == 503:
        page(answer)
    else:
        sent = location(answer)
        assert sent.startswith(CALLBACK), answer
        assert "error=temporarily_unavailable" in sent
        assert "state=s" in sent


def page(answer: Answer) -> None:
    assert answer["statusCode"] == 503, answer
    assert answer["headers"]["content-type"].startswith("text/html")
    assert answer["headers"]["retry-after"]


def oauth(answer: Answer) -> None:
    assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (503, "temporarily_unavailable")
    assert answer["headers"]["retry-after"]


def api(answer: Answer) -> None:
    assert (answer["statusCode"], json.loads(answer["body"])["errorCode"]) == (503, "E0000010")
    assert answer["headers"]["retry-after"]


@dataclass(frozen=True)
class Route:
    """How to get ready, what works, and what a refusal for a while looks like."""

    ready: Callable[[People], Asked]
    works: Callable[[Answer], bool]
    refused: Callable[[Answer], None]


ROUTES = {
    "authorize": Route(plain, with_code, redirected),
    "authorize, pushed": Route(pushed, with_code, redirected),
    "authorize, implicit": Route(implicit, with_tokens, redirected),
    "authorize, nobody signed in": Route(stranger, to("/signin?request="), redirected),
    "authorize, back from sign-in": Route(resumed, with_code, redirected),
    "sign in": Route(sign_in, to("/authorize?"), page),
    "sign in, wrong password": Route(mistyped, failed, page),
    "consent refused": Route(denial, to("error=access_denied"), redirected),
    "consent": Route(consent, to("/authorize?"), page),
    "code": Route(code, has("id_token"), oauth),
    "refresh token": Route(refresh, has("refresh_token"), oauth),
    "device code": Route(device, has("refresh_token"), oauth),
    "waiting device": Route(waiting_device, pending, oauth),
    "device authorization": Route(device_authorize, has("user_code"), oauth),
    "backchannel request": Route(backchannel_request, has("auth_req_id"), oauth),
    "waiting backchannel request": Route(waiting_backchannel, pending, oauth),
    "approved backchannel request": Route(approved_backchannel, has("id_token"), oauth),
    "approval": Route(approval, done, page),
    "pushed request": Route(par, has("request_uri"), oauth),
    "userinfo": Route(userinfo, has("sub"), oauth),
    "logout": Route(logout, to(SIGNED_OUT), page),
    "authn": Route(authn, has("sessionToken"), api),
    "session": Route(session, has("userId"), api),
    "forgotten password": Route(forgotten, done_or_braked, page),
    "recovery": Route(recovered, done, page),
}
#: One fault that passes, and one that lasts: calls that follow each other meet either kind of it. The same few lines,
#: ten thousand times: which of them are reached the lasting ones tell.
TRIED = [
    pytest.param(("committed and lost",), False, id="one", marks=pytest.mark.no_cover),
    pytest.param(("throttled", "slow"), True, id="lasting"),
]


#: What ``someone`` made first, by backend: every deployment after that one gets a copy of its items.
_MADE: dict[str, tuple[People, Items]] = {}


def someone(functions: Functions) -> People:
    """Maria, signed in at a new deployment."""
    deployed = functions.deployed
    if known := _MADE.get(deployed.aws.endpoint):
        maria, items = known
        deployed.restore(items)
        return replace(maria, functions=functions, cookies=dict(maria.cookies))
    people = people_at(functions, functions.ready()[0])
    people.sign_in()
    _CENTRES[deployed.aws.endpoint] = a_centre(people)
    _MADE[deployed.aws.endpoint] = replace(people, cookies=dict(people.cookies)), deployed.items()
    return people


def signed_in(people: People) -> None:
    if not any("session" in name for name in people.cookies):
        people.sign_in()


@pytest.mark.parametrize(("kinds", "lasting"), TRIED)
@pytest.mark.parametrize("name", ROUTES)
def test_a_route_of_people_refuses_clearly_under_a_lasting_fault_and_burns_nothing(
    functions: Functions, faults: Faults, name: str, kinds: tuple[str, ...], lasting: bool
) -> None:
    route, people = ROUTES[name], someone(functions)
    struck = 0
    for position in faults.positions():
        signed_in(people)
        asked = route.ready(people)
        functions.restart(asked.function)
        faults.arm(FAULTS[kinds[position % len(kinds)]], position, lasting=lasting)

        answer = functions.http(asked.function, asked.event)

        met = faults.seen >= position
        faults.clear()
        struck += met
        if not route.works(answer):
            assert lasting and met, (position, answer)  # noqa: PT018 - a refusal is of a fault that lasts
            route.refused(answer)
            again = functions.http(asked.function, asked.event)
            assert route.works(again), (position, again)
    assert struck


SIGNING = ["authorize, implicit", "code", "refresh token", "device code", "approved backchannel request"]


@pytest.mark.parametrize("name", SIGNING)
def test_without_key_management_a_person_gets_no_token_and_loses_nothing(
    functions: Functions, faults: Faults, name: str
) -> None:
    route, people = ROUTES[name], someone(functions)
    asked = route.ready(people)
    for fault in KMS_FAULTS.values():
        functions.restart(asked.function)
        faults.arm(only_kms(fault), 1, lasting=True)
        answer = functions.http(asked.function, asked.event)
        faults.clear()

        assert not route.works(answer)
        route.refused(answer)
    assert route.works(functions.http(asked.function, asked.event))
