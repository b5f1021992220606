"""Subject tokens of token exchange (RFC 8693 §2.1, docs/protocol.md §42): whose they are, and whether they are good."""

import itertools
from dataclasses import dataclass
from typing import Final

from ..jose.jws import CLOCK_SKEW, BadToken, Jws
from ..jose.jws import read as read_jws
from ..storage.clients import Client
from ..storage.configuration import Configuration
from ..storage.directory import is_assigned
from ..storage.lineages import Ancestor
from ..storage.liveness import NotAlive, check_server
from ..storage.servers import AuthorizationServer, issuer_of, server_named
from .access_tokens import ACCESS_TOKEN_TYPES, AccessToken, recognize
from .errors import OAuthError
from .grants.base import GrantRequest
from .token_validity import Holder, TokenValidity

#: Why a token is not good any more, by what ended.
_REFUSALS: Final = {
    "server": "invalid_subject_token_authorization_server",
    "client": "invalid_subject_token_client_inactive",
    "user": "invalid_subject_token_user_inactive",
    "session": "invalid_subject_token_session_expired",
    "token": "token_exchange_subject_token_expired",
}


def refusal_of(dead: NotAlive) -> str:
    """What a client is told of a subject token that is not good any more."""
    return _REFUSALS[dead.of]


@dataclass(frozen=True)
class Subject:
    """An access token that was sent in, which is good.

    Attributes:
        server: That minted it.
    """

    token: AccessToken
    server: AuthorizationServer
    issuer: str
    holder: Holder


class SubjectTokens:
    """Reads access tokens of the server itself, and of those that it trusts (docs/protocol.md §25.7)."""

    def __init__(self, configuration: Configuration, validity: TokenValidity) -> None:
        self._configuration = configuration
        self._validity = validity

    def read(self, text: str, request: GrantRequest) -> Subject:
        """The token, if its server is one of these, and neither it nor what it hangs on ended.

        For whom it is does not count: who acts for somebody else is an API that was called with it.

        Raises:
            OAuthError: One of these does not hold.
            Unavailable: Storage could not answer.
        """
        try:
            jws = read_jws(text, types=ACCESS_TOKEN_TYPES)
        except BadToken as bad:
            raise OAuthError("invalid_subject_token", reason=str(bad)) from None
        server, client = self._issued_by(jws, request)
        issuer = issuer_of(server, request.http.base_url)
        token = recognize(text, server, issuer=issuer, now=0)  # an expired one has a refusal of its own
        if token is None or token.issued_at > request.now + CLOCK_SKEW:
            raise OAuthError("invalid_subject_token", reason="no access token of this server")
        if token.expires_at <= request.now:
            raise OAuthError("token_exchange_subject_token_expired", reason="expired")
        holder = self._holder(token, server, client)
        _check_origin(holder, server, request.server)
        return Subject(token, server, issuer, holder)

    def check_again(self, subject: Subject, lineage: tuple[Ancestor, ...]) -> None:
        """Whether what a new token is given for is still good.

        Raises:
            OAuthError: It was revoked since it was read.
            Unavailable: Storage could not answer.
        """
        try:
            self._validity.of_lineage(lineage, subject.server)
        except NotAlive as dead:
            raise OAuthError(_REFUSALS[dead.of], reason=f"meanwhile: {dead}") from None

    def _issued_by(self, jws: Jws, request: GrantRequest) -> tuple[AuthorizationServer, Client | None]:
        """The server that a token says it is of, and, where that is another one, its client: one read."""
        own, base_url = request.server, request.http.base_url
        issuer = jws.payload.get("iss")
        if issuer == issuer_of(own, base_url):
            return own, request.client  # which may be the one that it was given to
        if issuer == base_url:
            raise OAuthError("invalid_subject_token_issuer_not_allowed", reason="a token of the org server")
        prefix = f"{base_url}/oauth2/"
        if not isinstance(issuer, str) or not issuer.startswith(prefix):
            raise OAuthError("associated_server_not_trusted", reason="no server of this deployment")
        path_id, client_id = issuer.removeprefix(prefix), jws.payload.get("cid")
        snapshot = self._configuration.read(server_named(path_id), client_id if isinstance(client_id, str) else None)
        if (path_id if snapshot.server is None else snapshot.server.id) not in own.associated:
            raise OAuthError("associated_server_not_trusted")
        try:
            return check_server(snapshot.server), snapshot.client
        except NotAlive as dead:
            raise OAuthError(refusal_of(dead), reason=str(dead)) from None

    def _holder(self, token: AccessToken, server: AuthorizationServer, client: Client | None) -> Holder:
        try:
            holder = self._validity.of_access_token(token, server, known=client)
        except NotAlive as dead:
            raise OAuthError(refusal_of(dead), reason=str(dead)) from None
        if holder.person is not None and not is_assigned(holder.person, holder.first):
            raise OAuthError("invalid_subject_token_user_not_assigned")
        return holder


def _check_origin(holder: Holder, server: AuthorizationServer, own: AuthorizationServer) -> None:
    """A token of our own that came of other servers' needs each of them to be trusted still that it came here from.

    Without, who was let in once could come back again and again.
    """
    if server.id != own.id:  # looked at already
        return
    chain = [*(one.server_id for one in holder.ancestors), own.id]
    entered = {before for before, after in itertools.pairwise(chain) if after == own.id and before != own.id}
    if not entered.issubset(own.associated):
        raise OAuthError("associated_server_not_trusted", reason="where the token came from is trusted no more")
