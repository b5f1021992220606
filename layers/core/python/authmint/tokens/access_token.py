"""Payloads of access tokens (runtime contract §15.1)."""

from collections.abc import Mapping
from typing import Any, Final

from ..claims.constants import SUBJECT, Constant, NotConstant, parse
from ..ids import Ids
from ..storage.servers import AuthorizationServer

JTI_PREFIX: Final = "AT."
_JTI_BYTES: Final = 32


class ClaimFailed(Exception):
    """A claim could not be evaluated, so there is no token.

    Attributes:
        name: Of the claim.
        system: Whether it is a system claim.
    """

    def __init__(self, name: str, *, system: bool) -> None:
        super().__init__(name)
        self.name = name
        self.system = system


class MachineClaims:
    """The claims of one server for tokens without a user, parsed once per version of the server."""

    def __init__(self, server: AuthorizationServer) -> None:
        self._subject: Constant = None
        self._custom: list[tuple[str, frozenset[str], Constant]] = []
        self._failing: list[tuple[frozenset[str], ClaimFailed]] = []
        for claim in server.claims:
            if claim.claim_type != "RESOURCE" or claim.status != "ACTIVE" or claim.value_type != "EXPRESSION":
                continue
            if claim.system and claim.name == "sub" and claim.value == SUBJECT:
                continue
            try:
                value = parse(claim.value or "")
            except NotConstant:
                failure = ClaimFailed(claim.name, system=claim.system)
                self._failing.append((frozenset(claim.scopes), failure))
                continue
            if claim.system and claim.name == "sub":
                self._subject = value
            elif value is not None:
                self._custom.append((claim.name, frozenset(claim.scopes), value))

    def payload(
        self,
        server: AuthorizationServer,
        *,
        issuer: str,
        client_id: str,
        scopes: tuple[str, ...],
        lifetime: int,
        now: int,
        ids: Ids,
    ) -> dict[str, Any]:
        """The payload of a client credentials token.

        Raises:
            ClaimFailed: A claim that applies could not be evaluated.
        """
        for condition, failure in self._failing:
            if not condition or not condition.isdisjoint(scopes):
                raise failure
        payload: dict[str, Any] = {
            "ver": 1,
            "jti": JTI_PREFIX + ids.opaque(_JTI_BYTES),
            "iss": issuer,
            "aud": issuer if server.is_org else server.audience,
            "iat": now,
            "exp": now + lifetime,
            "cid": client_id,
            "scp": list(scopes),
            "sub": client_id if self._subject is None else self._subject,
        }
        for name, condition, value in self._custom:
            if not condition or not condition.isdisjoint(scopes):
                payload.setdefault(name, value)
        return payload


def endpoints_of(server: AuthorizationServer, base_url: str) -> str:
    """Where the server's endpoints are: the prefix of ``/v1/…`` (runtime contract §1)."""
    return f"{base_url}/oauth2" if server.is_org else f"{base_url}/oauth2/{server.path_id}"


def issuer_of(server: AuthorizationServer, base_url: str) -> str:
    """The issuer URI (runtime contract §1)."""
    return base_url if server.is_org else endpoints_of(server, base_url)


Payload = Mapping[str, Any]
