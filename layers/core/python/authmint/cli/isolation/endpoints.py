"""Attempts at the protocol endpoints: tokens, credentials, assertions and forgeries of one server at the other."""

import hashlib
import hmac
import json
import secrets
import time
from typing import Any, Final

from ...jose.encoding import b64decode, b64encode
from ...oauth.form import TOKEN_EXCHANGE
from ...oauth.status_list.document import is_revoked, unpacked
from ..remote import Answer
from .attempts import Attempts, Crossing
from .sides import CannotCheck, Credential, Side, basic

_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def attempts(crossing: Crossing) -> Attempts:
    """Every attempt. Raises CannotCheck, RemoteFailed."""
    _check_works(crossing)
    yield from _tokens(crossing)
    yield from _exchanges(crossing)
    yield from _credentials(crossing)
    yield from _assertions(crossing)
    yield from _forgeries(crossing)
    yield from _published(crossing)
    yield from _lists(crossing)


def introspected(crossing: Crossing, token: str, at: Side, client: Credential) -> Answer:
    """What one side says of a token."""
    return crossing.remote.form(at.endpoint(crossing.remote, "introspect"), {"token": token}, basic(client))


def active(answer: Answer) -> bool:
    """Whether introspection says that a token lives."""
    return answer.status == 200 and answer.json().get("active") is True


def _check_works(crossing: Crossing) -> None:
    """What must be allowed is: where everything is refused, refusals prove nothing."""
    own = crossing.own
    if not active(introspected(crossing, own.token, own, own.client)):
        raise CannotCheck(f"server {own.name} does not know its own token")
    if _asserted(crossing, at=own, audience=own.issuer).status != 200:
        raise CannotCheck(f"server {own.name} refuses its own client's assertion")
    if _exchanged(crossing, own.token, at=own, audience=own.audience).status != 200:
        raise CannotCheck(f"server {own.name} gives its own client no token for another one of its own")


def _tokens(crossing: Crossing) -> Attempts:
    remote, own, target = crossing.remote, crossing.own, crossing.target
    for whose, client in (("its own client", own.client), ("the other's client", target.client)):
        answer = introspected(crossing, own.token, target, client)
        yield crossing.attempt(f"introspect its token there, as {whose}", answer, refused=not active(answer))
        answer = remote.form(target.endpoint(remote, "revoke"), {"token": own.token}, basic(client))
        still = introspected(crossing, own.token, own, own.client)
        yield crossing.attempt(f"revoke its token there, as {whose}", answer, refused=active(still))
    answer = remote.form(target.endpoint(remote, "revoke"), {"token": target.token}, basic(own.client))
    still = introspected(crossing, target.token, target, target.client)
    yield crossing.attempt("revoke the other's token there, as its own client", answer, refused=active(still))
    answer = remote.send("GET", target.path, headers={"authorization": f"Bearer {own.token}"})
    yield crossing.attempt("its token at the management API", answer, refused=answer.status in {401, 403})


def _exchanges(crossing: Crossing) -> Attempts:
    """Its token for one of the other's, and the other's for one that is for it: neither trusts the other."""
    own, target = crossing.own, crossing.target
    tried = [
        ("exchange its token there", own.token, target.audience),
        ("exchange its token there, for itself", own.token, own.audience),
        ("exchange the other's token there, for its resource", target.token, own.resource),
    ]
    if own.audience != target.audience:  # of servers that were there before it may be the same
        tried.append(("exchange the other's token there, for itself", target.token, own.audience))
    for what, token, audience in tried:
        answer = _exchanged(crossing, token, at=target, audience=audience)
        yield crossing.attempt(what, answer, refused=400 <= answer.status < 500)


def _exchanged(crossing: Crossing, token: str, *, at: Side, audience: str) -> Answer:
    fields = {"grant_type": TOKEN_EXCHANGE, "subject_token": token, "scope": at.scope, "audience": audience}
    fields["subject_token_type"] = "urn:ietf:params:oauth:token-type:access_token"
    return crossing.remote.form(at.endpoint(crossing.remote, "token"), fields, basic(at.client))


def _credentials(crossing: Crossing) -> Attempts:
    remote, own, target = crossing.remote, crossing.own, crossing.target

    def ask(client: Credential, scope: str, at: Side = target, **also: str) -> Answer:
        fields = {"grant_type": "client_credentials", "scope": scope} | also
        return remote.form(at.endpoint(remote, "token"), fields, basic(client))

    if target.made:  # the policies of a server that was there before may let any client in
        answer = ask(own.client, target.scope)
        yield crossing.attempt("a token there, as its own client", answer, refused=answer.status >= 400)
        if ask(own.client, own.shared, own).status != 200:
            raise CannotCheck(f"server {own.name} refuses its own client a scope")
        answer = ask(own.client, own.shared)
        what = "a token there of a scope that it just had at its own server"
        yield crossing.attempt(what, answer, refused=answer.status >= 400)
    answer = ask(target.client, own.scope)
    yield crossing.attempt("a token there of its scope, as the other's client", answer, refused=answer.status >= 400)
    if target.made and ask(target.client, target.scope, resource=target.resource).status != 200:
        raise CannotCheck(f"server {target.name} refuses its own client its own resource")
    answer = ask(target.client, target.scope, resource=own.resource)
    what = "a token there for its resource, as the other's client"
    yield crossing.attempt(what, answer, refused=answer.status >= 400)
    answer = ask(Credential(target.client.id, own.client.secret), target.scope)
    yield crossing.attempt("a token there, the other's client id, its secret", answer, refused=answer.status == 401)


def _assertions(crossing: Crossing) -> Attempts:
    remote, own, target = crossing.remote, crossing.own, crossing.target
    for name, audience in (("issuer", own.issuer), ("token endpoint", own.issuer + "/v1/token")):
        answer = _asserted(crossing, at=target, audience=audience)
        what = f"the other's client, an assertion for its {name}"
        yield crossing.attempt(f"a token there, {what}", answer, refused=answer.status == 401)
    path = target.endpoint(remote, "introspect")
    answer = remote.form(path, _assertion(target, own.issuer) | {"token": target.token})
    yield crossing.attempt("introspect there, an assertion for its issuer", answer, refused=answer.status == 401)


def _asserted(crossing: Crossing, *, at: Side, audience: str) -> Answer:
    fields = {"grant_type": "client_credentials", "scope": at.scope} | _assertion(at, audience)
    return crossing.remote.form(at.endpoint(crossing.remote, "token"), fields)


def _assertion(client_of: Side, audience: str) -> dict[str, str]:
    """An assertion of a side's client, signed with its secret."""
    client = client_of.hmac
    claims = {
        "iss": client.id,
        "sub": client.id,
        "aud": audience,
        "exp": int(time.time()) + 60,
        "jti": secrets.token_hex(8),
    }
    return {"client_assertion_type": _ASSERTION, "client_assertion": by_secret({}, claims, client.secret.encode())}


def by_secret(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """A JWS with HS256."""
    signed = f"{_part({'alg': 'HS256'} | header)}.{_part(claims)}"
    return f"{signed}.{b64encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def _part(value: dict[str, Any]) -> str:
    return b64encode(json.dumps(value, separators=(",", ":")).encode())


def _forgeries(crossing: Crossing) -> Attempts:
    """Tokens that say that they are the other's."""
    own, target = crossing.own, crossing.target
    header, payload = (json.loads(b64decode(part)) for part in own.token.split(".")[:2])
    signature = own.token.rpartition(".")[2]
    there = payload | {"iss": target.issuer, "cid": target.client.id, "sub": target.client.id}
    other_kid = {"kid": target.children["credentials/keys"]}
    forged = {
        "its token under the other's kid": f"{_part(header | other_kid)}.{own.token.split('.')[1]}.{signature}",
        "the other's issuer in its token": f"{_part(header)}.{_part(there)}.{signature}",
        "unsigned, as the other's": f"{_part({'alg': 'none'} | other_kid)}.{_part(there)}.",
        "signed with the other's public key as a secret": by_secret(other_kid, there, _public_key(crossing)),
    }
    if crossing.forge is not None:
        forged["the other's issuer, signed with its key"] = crossing.forge(own, header, there)
        forged["the other's issuer and kid, signed with its key"] = crossing.forge(own, header | other_kid, there)
        forged["its issuer, signed with the other's key"] = crossing.forge(target, header | other_kid, payload)
    for what, token in forged.items():
        answer = introspected(crossing, token, target, target.client)
        yield crossing.attempt(f"introspect there: {what}", answer, refused=not active(answer))


def _public_key(crossing: Crossing) -> bytes:
    remote = crossing.remote
    for key in remote.send("GET", crossing.target.endpoint(remote, "keys")).json()["keys"]:
        if key["kid"] == crossing.target.children["credentials/keys"]:
            return json.dumps(key).encode()
    raise CannotCheck(f"server {crossing.target.name} does not publish its own key")


def _published(crossing: Crossing) -> Attempts:
    remote, own, target = crossing.remote, crossing.own, crossing.target
    answer = remote.send("GET", target.endpoint(remote, "keys"))
    kids = {key["kid"] for key in answer.json()["keys"]}
    yield crossing.attempt(
        "its kid in the other's key set", answer, refused=own.children["credentials/keys"] not in kids
    )
    base = target.issuer.removeprefix(remote.url)
    for name in ("oauth-authorization-server", "openid-configuration"):
        answer = remote.send("GET", f"{base}/.well-known/{name}?client_id={own.client.id}")
        shows = own.server_id in answer.body.decode() or own.scope in answer.body.decode()
        yield crossing.attempt(f"anything of it in the other's {name}", answer, refused=not shows)


def _lists(crossing: Crossing) -> Attempts:
    """Status lists: the other's says nothing of its tokens, and what the other was to revoke is not in its own."""
    remote, own, target = crossing.remote, crossing.own, crossing.target
    place = _payload(own.token).get("status", {}).get("status_list")
    if place is None:  # servers that were there before may have none
        return
    name = "status/" + place["uri"].rpartition("/")[2]
    theirs = remote.send("GET", target.endpoint(remote, name))
    says = theirs.status == 200 and _payload(theirs.body.decode())["sub"] == place["uri"]
    yield crossing.attempt("the list of its tokens there", theirs, refused=not says)
    answer = remote.send("GET", own.endpoint(remote, name))
    if answer.status != 200:
        raise CannotCheck(f"server {own.name} does not give the list that its tokens name")
    bits = unpacked(_payload(answer.body.decode())["status_list"])
    what = "its token in its list, after all that the other was asked to revoke"
    yield crossing.attempt(what, answer, refused=not is_revoked(bits, place["idx"]))


def _payload(token: str) -> Any:
    return json.loads(b64decode(token.split(".")[1]))
