"""What grants have in common whose client asks, over and over, whether its user has decided (RFC 8628 §3.4–3.5)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar

from ...ids import Ids
from ...storage.clients import secret_digest
from ...storage.directory import Directory, Person
from ...storage.errors import AlreadyUsed, NotFound
from ...storage.polled_grants import PolledGrant, PolledGrants
from ...storage.token_families import new_family_id
from ..errors import OAuthError
from ..issuance import Entitlement
from ..sign_in import SignIn
from .base import Answer, GrantRequest, Tokens, answer_with, check_held, holder_of, target_of
from .token_families import start

if TYPE_CHECKING:
    from ..issuance import Draft

#: Seconds between two questions, and how many more it is for who asks faster.
INTERVAL: Final = 5
P = TypeVar("P", bound=PolledGrant)


@dataclass(frozen=True)
class Refusals:
    """What the client is told, by internal id (docs/protocol.md §20.1)."""

    invalid: str
    pending: str
    hasty: str
    expired: str
    denied: str


@dataclass(frozen=True)
class VerifiedPoll(Generic[P]):
    """A grant that its user approved, and that can be redeemed once."""

    entitlement: Entitlement
    held: P
    request: GrantRequest
    grant: "PolledGrantType[P]"

    def settle(self, draft: "Draft", tokens: Tokens) -> Answer:
        """Use the grant up and store its family: one transaction."""
        return self.grant.redeem(self, draft, tokens)


class PolledGrantType(Generic[P]):
    """``GrantType``. A subclass says what its grant is called, sent and refused by."""

    name: ClassVar[str]
    parameter: ClassVar[str]
    refusals: ClassVar[Refusals]

    def __init__(self, records: PolledGrants[P], directory: Directory, ids: Ids) -> None:
        self._records = records
        self._directory = directory
        self._ids = ids

    def verify(self, request: GrantRequest) -> VerifiedPoll[P]:
        """It is this client's at this server, approved, and neither client nor user were deactivated since."""
        held = self._held(request)
        self._check_decided(request, held)
        person = holder_of(self._directory, held.user_id, held, refusal=self.refusals.invalid)
        resource = target_of(request, held.resources or None)
        own = () if resource is None or not request.resources else (resource.uri,)
        entitlement = Entitlement(
            self.name,
            held.scopes,
            defaulted=held.defaulted,
            sign_in=self.sign_in(held, person),
            family_id=new_family_id(self._ids),
            resource=resource,
            resources=held.resources or own,
            jkt=request.jkt,
        )
        return VerifiedPoll(entitlement, held, request, self)

    def sign_in(self, held: P, person: Person) -> SignIn:
        """How the user had signed in who approved it."""
        return SignIn(person, held.auth_time, held.amr, idp=held.idp)

    def _held(self, request: GrantRequest) -> P:
        try:
            held = self._records.get(secret_digest(request.parameter(self.parameter)))
        except NotFound:
            raise OAuthError(self.refusals.invalid, reason="unknown") from None
        check_held(held, request, refusal=self.refusals.invalid)
        return held

    def _check_decided(self, request: GrantRequest, held: P) -> None:
        """Whether the user approved. Raises OAuthError: not yet, no, too late, or asked too often."""
        if held.expires_at <= request.now:
            raise OAuthError(self.refusals.expired)
        if held.status == "SPENT":
            raise OAuthError(self.refusals.invalid, reason="used before")
        if held.status == "DENIED":
            raise OAuthError(self.refusals.denied)
        if held.status == "PENDING":
            hasty = request.now - held.polled_at < held.interval
            interval = held.interval + INTERVAL if hasty else held.interval
            self._records.polled(held, at=request.now, interval=interval)
            raise OAuthError(self.refusals.hasty if hasty else self.refusals.pending)

    def redeem(self, verified: VerifiedPoll[P], draft: "Draft", tokens: Tokens) -> Answer:
        """Use the grant up, and store the family that it begins."""
        held = verified.held
        begun = start(verified.request, verified.entitlement, draft, self._ids, session_id=held.session_id)
        try:
            self._records.redeem(held, begun.family, begun.record)
        except AlreadyUsed:
            raise OAuthError(self.refusals.invalid, reason="used by another request") from None
        return answer_with(draft, tokens, refresh_token=begun.text)
