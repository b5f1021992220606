"""What policies and the user's consent make of a request (runtime contract §3.2, steps 9 to 12)."""

from dataclasses import dataclass, replace
from typing import Final

from ...ids import Ids
from ...storage.consents import Consents
from ...storage.directory import Person
from ...storage.families import new_family_id
from ...storage.sessions import Session
from ..entitlement import Approved, Entitlement
from ..errors import OAuthError
from ..issuance import Audience, Draft, Issuance, Trace
from ..sign_in import SignIn
from .consent import Agreed, agreed
from .rules import Wish, grants_of
from .vocabulary import FRONT_CHANNEL

_CODE: Final = "authorization_code"
_IMPLICIT: Final = "implicit"


@dataclass(frozen=True)
class Grants:
    """What is going to be issued.

    Attributes:
        code: What an authorization code stands for; ``None``: no code is.
        tokens: For the browser itself; ``None``: none are.
        family_id: Of the access token among them.
    """

    session: Session
    person: Person
    code: Approved | None = None
    tokens: Draft | None = None
    family_id: str | None = None


class Granting:
    """Decides. Writes nothing."""

    def __init__(self, issuance: Issuance, consents: Consents, ids: Ids) -> None:
        self._issuance = issuance
        self._consents = consents
        self._ids = ids

    def agreed(self, wish: Wish, session: Session, person: Person, trace: Trace) -> Agreed:
        """What the user still has to be asked: assignment and policies come first, consent after them.

        Raises:
            OAuthError: The user is not assigned, no rule matches, or nothing is left that the user agreed to.
        """
        audience = _audience(wish)
        granted: dict[str, None] = {}
        for grant_type in sorted(grants_of(wish.response_types)):
            entitlement = _entitlement(grant_type, wish, session, person)
            granted |= dict.fromkeys(self._issuance.decide(audience, entitlement, trace=trace).granted)
        server, client, waiting = audience.server, audience.client, wish.arrival.waiting
        answers = self._consents.given(person.user.id, client.id, server.id)
        result = agreed(
            server,
            client,
            tuple(granted),
            answers,
            prompt="consent" in wish.prompt,
            since=None if waiting is None else waiting.created_at,
        )
        if result.skipped >= granted.keys():
            raise OAuthError("access_denied", reason="the user skipped every scope")
        return result

    def grants(
        self, wish: Wish, session: Session, person: Person, skipped: frozenset[str], trace: Trace, *, now: int
    ) -> Grants:
        """What the request gives. Where the user left scopes out, the policies decide about what is left.

        Raises:
            OAuthError: A claim of a token could not be evaluated, or the policies left no ``openid``.
        """
        audience = _audience(wish)
        entitlement = _entitlement(_CODE, wish, session, person)
        if skipped:
            left = tuple(name for name in entitlement.scopes if name not in skipped)
            entitlement = replace(entitlement, scopes=left)
        grants = Grants(session, person)
        if "code" in wish.response_types:
            grants = replace(grants, code=self._issuance.decide(audience, entitlement, trace=trace))
        if not wish.response_types.isdisjoint(FRONT_CHANNEL):
            family_id = new_family_id(self._ids) if "token" in wish.response_types else None
            # Without an access token there is no userinfo, so the ID token says everything.
            fat = "token" not in wish.response_types
            entitlement = replace(entitlement, grant_type=_IMPLICIT, family_id=family_id)
            draft = self._issuance.draft(audience, entitlement, trace=trace, now=now, fat=fat)
            grants = replace(grants, tokens=draft, family_id=family_id)
            if "id_token" in wish.response_types and draft.id_claims is None:
                raise OAuthError("openid_scope_required_access_token", reason="the rule grants no openid")
        return grants


def _entitlement(grant_type: str, wish: Wish, session: Session, person: Person) -> Entitlement:
    sign_in = SignIn(person, session.auth_time, session.amr, wish.nonce, wish.acr)
    return Entitlement(grant_type, wish.scopes, wish.defaulted, sign_in)


def _audience(wish: Wish) -> Audience:
    return Audience(wish.arrival.server, wish.arrival.issuer, wish.arrival.client)
