"""What the credentials of people are for, and how a person gives them to a client: over HTTP, without a browser."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from ...jose.encoding import b64encode
from ...oauth.authorization.interaction import PUSHED, SIGN_IN, WAITING
from ...oauth.form import CIBA
from ..remote import Answer, Remote
from .endpoints import by_secret
from .sides import CALLBACK, DEVICE, CannotCheck, Credential, Side, basic

_VERIFIER: Final = "a-verifier-of-the-isolation-check-and-nobody-else"
_PENDING: Final = frozenset({"authorization_pending", "slow_down"})


@dataclass(frozen=True, repr=False)
class Given:
    """What one person gave one client at one server. Without ``repr``: it holds secrets.

    Attributes:
        texts: By kind, as in ``USES``: what is stored of a request is named by its handle.
        cookie: Names the browser whose request waits.
    """

    texts: Mapping[str, str]
    cookie: str


@dataclass(frozen=True, repr=False)
class Place:
    """Where a credential is tried: a server, and the client that tries it.

    Attributes:
        askers: By id of such a client the one that asks people without a browser for it.
        session_token: Signs the person in, wherever a request gets so far. What is refused does not spend it.
    """

    remote: Remote
    at: Side
    client: Credential
    session_token: str = ""
    cookie: str = ""
    askers: Mapping[str, Credential] = field(default_factory=dict)

    def form(self, name: str, fields: Mapping[str, str]) -> Answer:
        """A form POST of the client."""
        return self.remote.form(self.at.endpoint(self.remote, name), fields, basic(self.client))

    def get(self, name: str, fields: Mapping[str, str]) -> Answer:
        """What a browser gets."""
        headers = {"cookie": self.cookie} if self.cookie else {}
        return self.remote.send("GET", f"{self.at.endpoint(self.remote, name)}?{urlencode(fields)}", headers=headers)

    def authorize(self, **fields: str) -> Answer:
        """A request for a code, or with what is stored of one."""
        signed_in = {"sessionToken": self.session_token} if self.session_token else {}
        return self.get("authorize", {"client_id": self.client.id} | signed_in | fields)

    def redeem(self, code: str, **changes: str | None) -> Answer:
        """Exchange a code; ``None`` takes a parameter out."""
        fields: dict[str, str | None] = {"code": code, "redirect_uri": CALLBACK, "code_verifier": _VERIFIER}
        fields.update(changes)
        sent = {name: value for name, value in fields.items() if value is not None}
        return self.form("token", {"grant_type": "authorization_code"} | sent)

    def refresh(self, token: str) -> Answer:
        """Exchange a refresh token."""
        return self.form("token", {"grant_type": "refresh_token", "refresh_token": token})

    def poll(self, device_code: str) -> Answer:
        """Ask whether the person decided."""
        return self.form("token", {"grant_type": DEVICE, "device_code": device_code})

    def ask(self, name: str, fields: Mapping[str, str]) -> Answer:
        """A form POST of the client that asks people without a browser."""
        asker = self.askers.get(self.client.id, self.client)
        return self.remote.form(self.at.endpoint(self.remote, name), fields, basic(asker))

    def poll_backchannel(self, auth_req_id: str) -> Answer:
        """Ask whether the person decided who was asked without a browser."""
        return self.ask("token", {"grant_type": CIBA, "auth_req_id": auth_req_id})

    def userinfo(self, token: str) -> Answer:
        """Use an access token."""
        headers = {"authorization": f"Bearer {token}"}
        return self.remote.send("GET", self.at.endpoint(self.remote, "userinfo"), headers=headers)

    def sign_out(self, hint: str) -> Answer:
        """Say by an ID token who is to be signed out. Nobody is signed in here."""
        return self.get("logout", {"id_token_hint": hint})

    def pushed(self, handle: str) -> Answer:
        """Go on with a pushed request."""
        return self.authorize(request_uri=PUSHED + handle)

    def push(self, request_object: str) -> Answer:
        """Push a signed request."""
        return self.form("par", {"request": request_object})

    def waiting(self, handle: str) -> Answer:
        """Go on with a waiting request."""
        return self.authorize(request_uri=WAITING + handle)

    def introspect(self, token: str) -> Answer:
        """Ask for the state of a token."""
        return self.form("introspect", {"token": token})

    def revoke(self, token: str) -> Answer:
        """Try to revoke a token that another client holds."""
        return self.form("revoke", {"token": token})


@dataclass(frozen=True)
class Use:
    """A place for one kind of credential.

    Attributes:
        by_client: The client that tries it counts.
    """

    send: Callable[[Place, str], Answer]
    works: Callable[[Answer], bool]
    by_client: bool = True

    def refused(self, answer: Answer) -> bool:
        """Refused for good: a failure of the deployment is no refusal."""
        return 400 <= answer.status < 500 and not self.works(answer)


def _issued(answer: Answer) -> bool:
    return answer.status == 200


def _stored(answer: Answer) -> bool:
    return answer.status == 201


def _waits(answer: Answer) -> bool:
    return answer.status == 400 and answer.json().get("error") in _PENDING


def _with_code(answer: Answer) -> bool:
    return returned(answer, "code") is not None


def _at_sign_in(answer: Answer) -> bool:
    return answer.status in {302, 303} and urlsplit(answer.headers.get("location", "")).path == SIGN_IN


_AUTHN: Final = "/api/v1/authn"
#: So often a sign-in is tried that comes too fast after others.
_TRIES: Final = 5
#: By kind of credential. What somebody is to approve need not be: its client is told to wait, and nobody else.
USES: Final[Mapping[str, Use]] = {
    "code": Use(Place.redeem, _issued),
    "refresh token": Use(Place.refresh, _issued),
    "device code": Use(Place.poll, _waits),
    "authentication request": Use(Place.poll_backchannel, _waits),
    "access token": Use(Place.userinfo, _issued, by_client=False),
    "ID token": Use(Place.sign_out, _issued, by_client=False),
    "pushed request": Use(Place.pushed, _with_code),
    "request object": Use(Place.push, _stored),
    "waiting request": Use(Place.waiting, _at_sign_in),
}
#: Kinds that introspection knows.
TOKENS: Final = ("access token", "refresh token", "ID token")


def returned(answer: Answer, name: str) -> str | None:
    """What a client gets with its browser."""
    location = answer.headers.get("location", "")
    if not location.startswith(CALLBACK):
        return None
    return next(iter(parse_qs(urlsplit(location).query).get(name, ())), None)


def asked() -> dict[str, str]:
    """A request for a code, of any client for people."""
    challenge = b64encode(hashlib.sha256(_VERIFIER.encode()).digest())
    fields = {"redirect_uri": CALLBACK, "response_type": "code", "scope": "openid offline_access", "state": "s"}
    return fields | {"code_challenge": challenge, "code_challenge_method": "S256"}


def session_token(remote: Remote, side: Side) -> str:
    """Primary authentication of the person, as often a second as a deployment lets one login. Raises RemoteFailed."""
    body = {"username": side.person.login, "password": side.person.password}
    for _ in range(_TRIES - 1):
        answer = remote.admin_answer("POST", _AUTHN, body)
        if answer.status == 200:
            return str(answer.json()["sessionToken"])
        if answer.status != 429:
            break
        remote.pause(1)
    return str(remote.admin("POST", _AUTHN, body)["sessionToken"])


def new_code(place: Place) -> str:
    """A code for the place's client. Raises CannotCheck."""
    signed_in = Place(place.remote, place.at, place.client, session_token(place.remote, place.at))
    answer = signed_in.authorize(**asked())
    code = returned(answer, "code")
    if code is None:
        raise CannotCheck(f"server {place.at.name} gave its own client no code: status {answer.status}")
    return code


def give(place: Place) -> Given:
    """One credential of each kind. Raises CannotCheck, RemoteFailed."""
    tokens = _answered(place, place.redeem(new_code(place)))
    device = _answered(place, place.form("device/authorize", {"scope": "openid"}))
    backchannel = _answered(place, place.ask("bc/authorize", {"scope": "openid", "login_hint": place.at.person.login}))
    pushed = _answered(place, place.form("par", asked()))
    waits = place.authorize(**asked())
    handle = parse_qs(urlsplit(waits.headers.get("location", "")).query).get("request", [""])[0]
    texts = {
        "code": new_code(place),
        "refresh token": tokens["refresh_token"],
        "device code": device["device_code"],
        "authentication request": backchannel["auth_req_id"],
        "access token": tokens["access_token"],
        "ID token": tokens["id_token"],
        "pushed request": pushed["request_uri"].removeprefix(PUSHED),
        "request object": _signed(place),
        "waiting request": handle,
    }
    return Given(texts, waits.headers.get("set-cookie", "").partition(";")[0])


def _signed(place: Place) -> str:
    """The request, signed by the client for the server that it is at; it can be used more than once."""
    claims = {"iss": place.client.id, "aud": place.at.issuer, "client_id": place.client.id}
    return by_secret({}, claims | asked(), place.client.secret.encode())


def _answered(place: Place, answer: Answer) -> Any:
    if answer.status not in {200, 201}:
        raise CannotCheck(
            f"server {place.at.name} refused its own client: status {answer.status} {answer.body[:300]!r}"
        )
    return answer.json()
