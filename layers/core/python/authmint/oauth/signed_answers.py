"""What userinfo and introspection say, as JWTs (OpenID Connect Core §5.3.2, RFC 9701, docs/protocol.md §13, §15).

Who may sign these could sign tokens, by the same key: that functions may is a parameter of the deployment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from ..http import Request, Response
from ..storage.clients import Client
from ..storage.servers import AuthorizationServer
from ..tokens.signer import Signers
from .errors import NO_STORE, OAuthError

#: Media type of introspection answers (RFC 9701 §4), and ``typ`` of their header.
INTROSPECTION: Final = "application/token-introspection+jwt"
_TYPE: Final = "token-introspection+jwt"
_USERINFO_TYPE: Final = "JWT"
_JSON: Final = "application/json"


@dataclass(frozen=True)
class SignedAnswers:
    """Signs, if this deployment does. ``signers``: ``None``: it does not."""

    signers: Callable[[], Signers] | None = None

    @classmethod
    def by(cls, signers: Callable[[], Signers]) -> "SignedAnswers":
        """Those of a deployment that does; the signers are made when one is needed."""
        return cls(cache(signers))

    def userinfo(self, server: AuthorizationServer, issuer: str, client: Client, claims: Mapping[str, Any]) -> Response:
        """What userinfo says of a user, as the client registered for it.

        Raises:
            OAuthError: This deployment signs nothing, or the server signs otherwise.
            TokenTooLarge: It is too much to be signed.
            VaultUnavailable: The key cannot be opened.
        """
        if client.userinfo_algorithm is None:
            return Response.json(200, claims, NO_STORE)
        said = {**claims, "iss": issuer, "aud": client.id}
        return self._signed(server, client.userinfo_algorithm, said, _USERINFO_TYPE, "application/jwt")

    def introspection(
        self,
        request: Request,
        server: AuthorizationServer,
        issuer: str,
        client: Client,
        state: Mapping[str, Any],
        *,
        now: int,
    ) -> Response:
        """What introspection says of a token, in the form that was asked for. Raises as ``userinfo``."""
        algorithm = client.introspection_algorithm
        wanted = algorithm is not None or (self.signers is not None and _prefers_jwt(request))
        if not wanted or client.auth_method == "none":
            return Response.json(200, state, NO_STORE if self.signers is None else (*NO_STORE, ("vary", "accept")))
        # The state is no claim of the JWT itself: nobody can take the answer for the token (RFC 9701 §8.1).
        said = {"iss": issuer, "aud": client.id, "iat": now, "token_introspection": state}
        return self._signed(server, algorithm, said, _TYPE, INTROSPECTION).with_headers(("vary", "accept"))

    def _signed(
        self, server: AuthorizationServer, algorithm: str | None, said: Mapping[str, Any], typ: str, media_type: str
    ) -> Response:
        if self.signers is None:
            raise OAuthError("signed_answers_off")
        if algorithm not in {None, server.active_key.algorithm}:
            raise OAuthError("signed_answer_algorithm_not_used", str(algorithm), server.active_key.algorithm)
        token = self.signers().signer(server).sign(said, typ=typ)
        return Response(200, token.encode(), (("content-type", media_type), *NO_STORE))


#: Of a deployment that signs none.
UNSIGNED: Final = SignedAnswers()


def _prefers_jwt(request: Request) -> bool:
    """Whether ``Accept`` names the media type, and no JSON before it (RFC 9110 §12.5.1). ``*/*`` means JSON."""
    weights = dict(map(_weighed, request.headers.get("accept", "").split(",")))
    return weights.get(INTROSPECTION, 0.0) > 0 and weights[INTROSPECTION] >= weights.get(_JSON, 0.0)


def _weighed(media_range: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in media_range.split(";"))
    weights = [part[2:] for part in parameters if part.startswith("q=")]
    try:
        return name, float(weights[0]) if weights else 1.0
    except ValueError:
        return name, 0.0
