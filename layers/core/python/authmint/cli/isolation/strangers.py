"""Attempts with what belongs to clients that nobody registered, and with proofs of keys.

Only between servers that the check made: others would have to be told to take such clients.
"""

import json
import secrets
import time
from typing import Any, Final

from ..remote import Answer
from .attempts import Attempts, Crossing
from .sides import CALLBACK, CannotCheck, Side, basic

_CALLBACK: Final = "http://localhost/callback"


def attempts(crossing: Crossing) -> Attempts:
    """Every attempt. Raises CannotCheck, RemoteFailed."""
    if not (crossing.own.made and crossing.target.made):
        return
    yield from _registration(crossing)
    yield from _documents(crossing)
    yield from _proofs(crossing)


def _registration(crossing: Crossing) -> Attempts:
    remote, own, target = crossing.remote, crossing.own, crossing.target
    name = f"isolation-check {secrets.token_hex(4)}"
    token = remote.admin("POST", f"{own.path}/registrationTokens", {"name": name, "uses": 5})["token"]

    def register(at: Side, name: str) -> Answer:
        body = {"client_name": name, "redirect_uris": [_CALLBACK]}
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        path = at.endpoint(remote, "register")
        return remote.send("POST", path, headers=headers, body=json.dumps(body).encode())

    answer = register(own, name)
    if answer.status != 201:
        raise CannotCheck(f"server {own.name} does not take its own registration token: status {answer.status}")
    client_id = answer.json()["client_id"]
    answer = register(target, f"{name} there")
    yield crossing.attempt("register there with its registration token", answer, refused=answer.status == 401)
    yield from _known_at_home_alone(crossing, client_id, "a client that registered itself at it")
    for verb in ("GET", "DELETE"):
        answer = remote.admin_answer(verb, f"{target.path}/dynamicClients/{client_id}")
        yield crossing.attempt(f"its dynamic client there: {verb}", answer, refused=answer.status == 404)
    if _asked_by(crossing, client_id, own).status == 401:
        raise CannotCheck(f"server {own.name} lost a client that registered itself")


def _documents(crossing: Crossing) -> Attempts:
    remote, own, target = crossing.remote, crossing.own, crossing.target
    url = f"https://isolation-check.invalid/{secrets.token_hex(4)}/client.json"
    document = {"client_id": url, "redirect_uris": [CALLBACK], "grant_types": ["authorization_code"]}
    entry = remote.admin("POST", f"{own.path}/metadataClients", {"clientId": url, "document": document})["id"]
    yield from _known_at_home_alone(crossing, url, "a client whose document it approved")
    for verb, body in (("GET", None), ("PUT", {}), ("DELETE", None)):
        answer = remote.admin_answer(verb, f"{target.path}/metadataClients/{entry}", body)
        yield crossing.attempt(f"its approved document there: {verb}", answer, refused=answer.status == 404)


def _known_at_home_alone(crossing: Crossing, client_id: str, what: str) -> Attempts:
    """At home a made-up code is what is wrong; elsewhere there is no such client."""
    if _asked_by(crossing, client_id, crossing.own).status == 401:
        raise CannotCheck(f"server {crossing.own.name} does not know {what}")
    answer = _asked_by(crossing, client_id, crossing.target)
    yield crossing.attempt(f"a token request there, by {what}", answer, refused=answer.status == 401)


def _asked_by(crossing: Crossing, client_id: str, at: Side) -> Answer:
    fields = {"grant_type": "authorization_code", "code": "made-up", "code_verifier": "v" * 43}
    fields |= {"client_id": client_id, "redirect_uri": _CALLBACK}
    return crossing.remote.form(at.endpoint(crossing.remote, "token"), fields)


def _proofs(crossing: Crossing) -> Attempts:
    """Proofs and nonces are of one server (RFC 9449 §4.3, §8)."""
    own, target, key = crossing.own, crossing.target, _Key()
    nonce = _sent(crossing, own, key.proof(own)).headers.get("dpop-nonce", "")
    if _sent(crossing, own, key.proof(own, nonce=nonce)).status != 200:
        raise CannotCheck(f"server {own.name} refuses a proof with its own nonce")
    answer = _sent(crossing, target, key.proof(target, nonce=nonce))
    yield crossing.attempt("a proof there with its nonce", answer, refused=answer.status == 400)
    theirs = answer.headers.get("dpop-nonce", "")
    answer = _sent(crossing, target, key.proof(own, nonce=theirs))
    yield crossing.attempt("a proof there that names its own token endpoint", answer, refused=answer.status == 400)


def _sent(crossing: Crossing, at: Side, proof: str) -> Answer:
    fields = {"grant_type": "client_credentials", "scope": at.scope}
    headers = basic(at.client) | {"dpop": proof}
    return crossing.remote.form(at.endpoint(crossing.remote, "token"), fields, headers)


class _Key:
    """A key of a client."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
        from jwt import get_algorithm_by_name

        self._private = generate_private_key(SECP256R1())
        public: Any = get_algorithm_by_name("ES256").to_jwk(self._private.public_key(), as_dict=True)
        self._jwk = {name: public[name] for name in ("kty", "crv", "x", "y")}

    def proof(self, at: Side, **claims: str) -> str:
        """A proof for a side's token endpoint."""
        import jwt

        said = {"jti": secrets.token_hex(8), "htm": "POST", "htu": f"{at.issuer}/v1/token", "iat": int(time.time())}
        return jwt.encode(said | claims, self._private, "ES256", {"typ": "dpop+jwt", "jwk": self._jwk})
