"""Authentication requests without a browser through the functions, event by event."""

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from authmint.clock import SystemClock
from authmint.dynamo.backchannel_requests import DynamoBackchannelRequests
from authmint.ids import RandomIds

from tests.functions.deployment import form_event
from tests.functions.sign_ins import CIBA, People
from tests.support.people import LOGIN


def a_centre(people: People) -> People:
    """The same people, and a program that asks them without their browser."""
    functions = people.functions
    app = {
        "label": "call centre",
        "name": "oidc_client",
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": {"application_type": "web", "grant_types": [CIBA], "response_types": []}},
    }
    client = functions.admin("POST", "/api/v1/apps", app)["credentials"]["oauthClient"]
    everyone = next(g["id"] for g in functions.admin("GET", "/api/v1/groups") if g["profile"]["name"] == "Everyone")
    functions.admin("PUT", f"/api/v1/apps/{client['client_id']}/groups/{everyone}", {})
    return replace(people, client=client["client_id"], secret=client["client_secret"])


def request_event(centre: People, login: str = LOGIN) -> dict[str, Any]:
    form = urlencode({"scope": "openid orders", "login_hint": login, "binding_message": "K7"})
    return form_event("bc/authorize", centre.server, form, centre.client, centre.secret)


def begin(centre: People) -> str:
    answer = json.loads(centre.functions.http("token", request_event(centre))["body"])
    return str(answer["auth_req_id"])


def poll_event(centre: People, auth_req_id: str) -> dict[str, Any]:
    form = urlencode({"grant_type": CIBA, "auth_req_id": auth_req_id})
    return form_event("token", centre.server, form, centre.client, centre.secret)


def requests_of(centre: People) -> DynamoBackchannelRequests:
    """As the deployment stores them."""
    return DynamoBackchannelRequests(centre.functions.deployed.tables(), RandomIds(SystemClock()))


def forget(centre: People) -> None:
    """Nothing waits for the person any more."""
    requests = requests_of(centre)
    for request in requests.waiting_for(centre.user):
        requests.decide(request, replace(request, status="DENIED"))


def page_of(centre: People, requests: DynamoBackchannelRequests | None = None) -> str:
    """Where what waits for the person is decided."""
    handle = (requests or requests_of(centre)).waiting_for(centre.user)[-1].handle
    return f"/oauth2/{centre.server}/v1/bc/approve?request={handle}"


def decide(centre: People, decision: str) -> None:
    page = page_of(centre)
    _, text = centre.follow(centre.visit("GET", page))
    centre.submit(page.partition("?")[0], text, decision=decision)


def every_backchannel_flow(people: People) -> None:
    """Asked, polled, seen at one's account, approved, redeemed; one denied, and one for nobody."""
    centre = a_centre(people)

    def polled(auth_req_id: str) -> Any:
        return json.loads(centre.functions.http("token", poll_event(centre, auth_req_id))["body"])

    asked = begin(centre)
    assert polled(asked)["error"] == "authorization_pending"
    page = centre.visit("GET", "/signin?account=1")["body"]
    _, account = centre.submit("/signin", page, username=LOGIN, password=centre.password)
    found = re.search(r'href="(/oauth2/[^"]+/v1/bc/approve\?request=[^"]+)"', account)
    assert found, account
    _, text = centre.follow(centre.visit("GET", found[1]))
    _, text = centre.submit(found[1].partition("?")[0], text, decision="allow")
    assert "You approved it" in text
    assert {"access_token", "id_token"} <= polled(asked).keys()
    denied = begin(centre)
    decide(centre, "deny")
    assert polled(denied)["error"] == "access_denied"
    nobody = json.loads(centre.functions.http("token", request_event(centre, "nobody@example.org"))["body"])
    assert polled(nobody["auth_req_id"])["error"] == "authorization_pending"
    centre.cookies.clear()
