"""The answer of a request that is granted: a code, tokens, or both (RFC 6749 §4.1.2, §4.2.2, OpenID Connect §3.3)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ...ids import Ids
from ...storage.authorization_requests import StoredRequests
from ...storage.clients import secret_digest
from ...storage.codes import AuthorizationCode, AuthorizationCodes
from ...storage.errors import NotFound
from ...storage.liveness import generations_of
from ...storage.logout_notices import InformedClient
from ...storage.sessions import Sessions
from ...storage.token_families import TokenFamilies, TokenFamily, new_family_id
from ...tokens.access_token import type_of
from ...tokens.signer import Signers, longest_access_token
from ..errors import OAuthError
from ..issuance import Approved, Draft
from ..security_profile import profile_of
from ..status_list.hung import Hung
from .approval import Grants
from .request import Arrival
from .responses import answer_of, check_length
from .rules import Wish

if TYPE_CHECKING:
    from ..status_list.entries import StatusEntries

#: Seconds (docs/protocol.md §9.4).
CODE_LIFETIME: Final = 300
_CODE_BYTES: Final = 32


@dataclass
class Issued:
    """What the client gets.

    Attributes:
        fields: Of the answer.
        answer: As it is sent.
        minted: Codes and tokens by their kind, for the log.
    """

    fields: dict[str, str] = field(default_factory=dict)
    answer: dict[str, str] = field(default_factory=dict)
    minted: dict[str, str] = field(default_factory=dict)


class Issuing:
    """Signs, then uses the request up as it stores what is given: what cannot be signed costs nothing."""

    def __init__(
        self,
        codes: AuthorizationCodes,
        families: TokenFamilies,
        requests: StoredRequests,
        sessions: Sessions,
        signers: Signers,
        ids: Ids,
        entries: "Callable[[], StatusEntries]",
    ) -> None:
        """``entries``: makes what gives tokens places in status lists, once a server has these."""
        self._entries = entries
        self._sessions = sessions
        self._codes = codes
        self._families = families
        self._requests = requests
        self._signers = signers
        self._ids = ids

    def issue(self, wish: Wish, grants: Grants, *, now: int) -> Issued:
        """The fields of the answer.

        Raises:
            OAuthError: Another response was given to the request meanwhile, or no redirect can carry this one.
            TokenTooLarge: A token could not be read back. Nothing was used up.
            Unavailable: Storage could not answer. Nothing was used up, and what was made nobody can use.
            VaultUnavailable: The signing key cannot be opened. Nothing was used up.
        """
        arrival, draft = wish.arrival, grants.tokens
        issued = Issued()
        record = family = code = None
        if grants.code is not None:
            code = issued.fields["code"] = issued.minted["code"] = self._ids.opaque(_CODE_BYTES)
            record = self._code(wish, grants, grants.code, code, now)
        if draft is not None:
            if grants.family_id is not None:
                if arrival.server.status_list:
                    draft = self._entries().assigned(draft, Hung(grants.family_id), now=now)
                family = _family(wish=wish, grants=grants, draft=draft, family_id=grants.family_id, now=now)
            self._sign(issued, wish, draft, now, code=code, with_access_token=family is not None)
        issued.answer = answer_of(
            issued.fields,
            arrival.return_to,
            arrival.client,
            lambda: self._signers.signer(arrival.server),
            now=now,
        )
        check_length(issued.answer, arrival.return_to)
        if _informs(wish):
            informed = InformedClient(arrival.server.id, arrival.client.id, arrival.issuer)
            try:
                self._sessions.inform(grants.session, informed)
            except NotFound:
                raise OAuthError("request_expired", reason="the session has ended") from None
        self._store(arrival, record, family)
        return issued

    def nothing(self, wish: Wish, *, now: int) -> Issued:
        """The answer of a request that had its user set up factors. Raises as ``issue``."""
        arrival, issued = wish.arrival, Issued()
        signer = self._signers.signer
        issued.answer = answer_of({}, arrival.return_to, arrival.client, lambda: signer(arrival.server), now=now)
        self._store(arrival, None, None)
        return issued

    def _sign(
        self, issued: Issued, wish: Wish, draft: Draft, now: int, *, code: str | None, with_access_token: bool
    ) -> None:
        signer = self._signers.signer(wish.arrival.server)
        token = None
        if with_access_token:
            token = issued.minted["access_token"] = signer.sign(
                draft.access_token, longest_access_token(wish.arrival.server), typ=type_of(wish.arrival.server)
            )
            issued.fields |= {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": str(draft.lifetimes.access_token),
                "scope": " ".join(draft.scopes),
            }
        if "id_token" in wish.response_types:
            payload = draft.id_token(self._ids, now, access_token=token, code=code)
            issued.fields["id_token"] = issued.minted["id_token"] = signer.sign(payload)

    def _store(self, arrival: Arrival, code: AuthorizationCode | None, family: TokenFamily | None) -> None:
        if arrival.stored:
            arrival.spend(self._requests, code, family)
            return
        if code is not None:
            self._codes.add(code)
        if family is not None:
            self._families.add(family, None)

    def _code(self, wish: Wish, grants: Grants, approved: Approved, code: str, now: int) -> AuthorizationCode:
        arrival, session = wish.arrival, grants.session
        return AuthorizationCode(
            digest=secret_digest(code),
            server_id=arrival.server.id,
            client_id=arrival.client.id,
            user_id=session.user_id,
            redirect_uri=arrival.return_to.redirect_uri,
            scopes=approved.granted,
            auth_time=session.auth_time,
            created_at=now,
            expires_at=now + profile_of(arrival.server, arrival.client).code_lifetime(CODE_LIFETIME),
            family_id=new_family_id(self._ids),
            policy_id=approved.policy_id,
            rule_id=approved.rule_id,
            inline_hook=approved.inline_hook,
            lifetimes=approved.lifetimes,
            amr=session.amr,
            acr=wish.acr,
            idp=session.idp,
            nonce=wish.nonce,
            code_challenge=wish.code_challenge,
            session_id=session.id,
            names_session=_informs(wish),
            dpop_jkt=wish.dpop_jkt,
            generations=generations_of(arrival.client, grants.person.user),
            resources=tuple(resource.uri for resource in wish.resources),
        )


def _informs(wish: Wish) -> bool:
    """Whether ID tokens name the session, and the client is told when it ends."""
    return wish.arrival.client.logout_uri is not None and "openid" in wish.scopes


def _family(wish: Wish, grants: Grants, draft: Draft, family_id: str, now: int) -> TokenFamily:
    """Of a token that a browser got: nothing refreshes it, and one record revokes it."""
    session = grants.session
    return TokenFamily(
        id=family_id,
        server_id=wish.arrival.server.id,
        client_id=wish.arrival.client.id,
        user_id=session.user_id,
        scopes=draft.scopes,
        created_at=now,
        updated_at=now,
        auth_time=session.auth_time,
        amr=session.amr,
        acr=wish.acr,
        idp=session.idp,
        policy_grant="implicit",
        session_id=session.id,
        expires_at=now + draft.lifetimes.access_token,
        generations=generations_of(wish.arrival.client, grants.person.user),
        resources=tuple(resource.uri for resource in wish.resources),
        listed=wish.arrival.server.status_list,
    )
