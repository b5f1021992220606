"""What policies and the user's consent make of a request: what there is to ask, and what is given."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ...ids import Ids
from ...storage.client_registration import class_of
from ...storage.clients import Client
from ...storage.consents import Consent, Consents
from ...storage.directory import Person
from ...storage.servers import AuthorizationServer, Resource, Scope
from ...storage.sessions import Session
from ...storage.token_families import new_family_id
from ..errors import OAuthError
from ..issuance import Approved, Draft, Entitlement, Issuance, Recipient, Trace
from ..scopes import asks_about
from ..sign_in import SignIn
from .rules import Wish, grants_of
from .vocabulary import FRONT_CHANNEL


def is_recognizable(client: Client, redirect_uri: str) -> bool:
    """Whether the answer can reach nobody but whom the user is asked about (RFC 8252 §8.6).

    What listens on a device is whatever program was there first. Registered clients somebody vouched for.
    """
    class_ = class_of(client.id)
    if class_ == "REGISTERED" or client.auth_method != "none":
        return True
    return class_ == "METADATA" and redirect_uri.startswith("https://")


@dataclass(frozen=True)
class Agreed:
    """What came of asking.

    Attributes:
        outstanding: Scopes to ask about, in the order of the request.
        skipped: Optional ones that the user left out.
    """

    outstanding: tuple[Scope, ...] = ()
    skipped: frozenset[str] = frozenset()


def agreed(
    server: AuthorizationServer,
    client: Client,
    scopes: Sequence[str],
    given: Sequence[Consent],
    *,
    prompt: bool,
    since: int | None,
    resources: Sequence[Resource] = (),
) -> Agreed:
    """Compare what a client would get with what the user answered before.

    Args:
        server: Whose scopes. The org server asks nobody.
        client: TRUSTED ones ask only where the request says so. Of an unregistered one every scope is asked about.
        scopes: Those that the policies grant: others are never offered.
        given: Answers of the user for this client at this server.
        prompt: Ask again, whatever was answered.
        since: Unix seconds: answers from then on are to this very request; ``None``: there are none.
            Answers from before the client became who it is are about somebody else.
        resources: That the request names: a scope is agreed to for each of them by itself.
    """
    if server.is_org or (client.consent_method == "TRUSTED" and not prompt):
        return Agreed()
    known = {scope.name: scope for scope in server.scopes}
    answers = {(consent.scope, consent.resource): consent for consent in given if consent.created_at >= client.since}
    outstanding: list[Scope] = []
    skipped: set[str] = set()
    # Scopes of one's own account are no server's: administrators granted them to the client (docs/protocol.md §44.1).
    for scope in (known[name] for name in scopes if name in known and asks_about(client, known[name])):
        own = [answers.get((scope.name, about)) for about in places(scope.name, resources)]
        said = {
            None if answer is None or (prompt and (since is None or answer.created_at < since)) else answer.answer
            for answer in own
        }
        if said == {"SKIPPED"} and scope.optional:
            skipped.add(scope.name)
        elif said != {"GRANTED"}:
            outstanding.append(scope)  # not asked yet, or skipped where it may not be, or not everywhere
    return Agreed(tuple(outstanding), frozenset(skipped))


def places(scope: str, resources: Sequence[Resource]) -> tuple[str | None, ...]:
    """What a consent to a scope is about: the URI of each resource that allows it; ``None``: no resource is named."""
    if not resources:
        return (None,)
    from ..resources import allows

    return tuple(resource.uri for resource in resources if allows(resource, scope))


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
    """Asks the policies and the user's earlier answers. It writes nothing."""

    def __init__(self, issuance: Issuance, consents: Consents, ids: Ids) -> None:
        self._issuance = issuance
        self._consents = consents
        self._ids = ids

    def agreed(self, wish: Wish, session: Session, person: Person, trace: Trace) -> Agreed:
        """What the user still has to be asked: assignment and policies come first, consent after them.

        Raises:
            OAuthError: The user is not assigned, no rule matches, or nothing is left that the user agreed to.
        """
        recipient = _recipient(wish)
        granted: dict[str, None] = {}
        for grant_type in sorted(grants_of(wish.response_types)):
            entitlement = _entitlement(grant_type, wish, session, person)
            granted |= dict.fromkeys(self._issuance.decide(recipient, entitlement, trace=trace).granted)
        server, client, waiting = recipient.server, recipient.client, wish.arrival.waiting
        anew = "consent" in wish.prompt or not is_recognizable(client, wish.arrival.return_to.redirect_uri)
        answers = self._consents.given(person.user.id, client.id, server.id)
        result = agreed(
            server,
            client,
            tuple(granted),
            answers,
            prompt=anew,
            since=None if waiting is None else waiting.created_at,
            resources=wish.resources,
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
        recipient = _recipient(wish)
        entitlement = _entitlement(_CODE, wish, session, person)
        if skipped:
            left = tuple(name for name in entitlement.scopes if name not in skipped)
            entitlement = replace(entitlement, scopes=left)
        grants = Grants(session, person)
        if "code" in wish.response_types:
            grants = replace(grants, code=self._issuance.decide(recipient, entitlement, trace=trace))
        if not wish.response_types.isdisjoint(FRONT_CHANNEL):
            family_id = new_family_id(self._ids) if "token" in wish.response_types else None
            # Without an access token there is no userinfo, so the ID token says everything.
            fat = "token" not in wish.response_types
            resource = _resource_of(wish) if family_id is not None else None
            entitlement = replace(entitlement, grant_type=_IMPLICIT, family_id=family_id, resource=resource)
            draft = self._issuance.draft(recipient, entitlement, trace=trace, now=now, fat=fat)
            grants = replace(grants, tokens=draft, family_id=family_id)
            if "id_token" in wish.response_types and draft.id_claims is None:
                raise OAuthError("openid_scope_required_access_token", reason="the rule grants no openid")
        return grants


def _entitlement(grant_type: str, wish: Wish, session: Session, person: Person) -> Entitlement:
    session_id = None if wish.arrival.client.logout_uri is None else session.id
    sign_in = SignIn(person, session.auth_time, session.amr, wish.nonce, wish.acr, session.idp, session_id)
    return Entitlement(grant_type, wish.scopes, wish.defaulted, sign_in)


def _resource_of(wish: Wish) -> Resource | None:
    """What a token for the browser is for: the one that is named, or the server's default."""
    return wish.resources[0] if wish.resources else wish.arrival.server.default_resource


def _recipient(wish: Wish) -> Recipient:
    return Recipient(wish.arrival.server, wish.arrival.issuer, wish.arrival.client)
