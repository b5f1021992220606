"""Factors: what people prove beside their passwords, and with what (docs/protocol.md §32)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from .events import Event
from .outbox import Mail
from .sign_on_transactions import Method

if TYPE_CHECKING:
    from .ways_in import Way

FactorKind = Literal["totp", "email", "webauthn", "question"]
FactorStatus = Literal["PENDING_ACTIVATION", "ACTIVE"]


@dataclass(frozen=True)
class Credential:
    """A key of WebAuthn (§4). ``id`` and ``public_key`` (COSE) are base64url.

    Attributes:
        rp_id: For which it was made.
        handle: What its authenticator calls the user, base64url.
        sign_count: The last one that was seen.
        synced: It may leave its device: backup eligible.
        backed_up: It was somewhere else, too, when it was last seen.
        verified: Its authenticator knew who used it, as it was made.
        discoverable: It can be found without a username.
    """

    id: str
    public_key: str = field(repr=False)
    rp_id: str
    handle: str
    sign_count: int = 0
    aaguid: str = ""
    transports: tuple[str, ...] = ()
    synced: bool = False
    backed_up: bool = False
    verified: bool = False
    discoverable: bool = False


@dataclass(frozen=True)
class Factor:
    """One factor of one user.

    Attributes:
        provider: ``GOOGLE``, ``OKTA`` or ``FIDO``: what the management API calls its maker.
        name: What its owner calls it.
        secret: Of a TOTP factor, sealed with the user and the factor as context.
        last_step: Of a TOTP factor: codes of this time step and of older ones are used up.
        address: Of an email factor.
        question: Of a security question: which; ``answer`` is an Argon2id hash.
        last_used_at: Like ``last_step`` and the count of a credential it is kept apart: it does not raise the version.
        version: Raised by every change.
    """

    id: str
    user_id: str
    kind: FactorKind
    status: FactorStatus
    created_at: int
    updated_at: int
    provider: str
    name: str = ""
    secret: str | None = field(default=None, repr=False)
    last_step: int = -1
    address: str | None = None
    credential: Credential | None = None
    question: str | None = None
    answer: str | None = field(default=None, repr=False)
    last_used_at: int | None = None
    version: int = 0

    @property
    def vouched(self) -> None:
        """We find out ourselves."""
        return None

    @property
    def method(self) -> Method:
        """What using it proves."""
        return self.kind

    @property
    def synced(self) -> bool:
        """Whether its key may leave its device."""
        return self.credential is not None and self.credential.synced

    @property
    def verified(self) -> bool:
        """Whether it can tell who uses it."""
        return self.credential is not None and self.credential.verified


class Factors(Protocol):
    """All factors of a deployment."""

    def of(self, user_id: str) -> Sequence[Factor]:
        """Those of a user, in the order in which they were made. A consistent read."""

    def get(self, user_id: str, factor_id: str) -> Factor:
        """One of a user's. Raises NotFound: there is none, or it is another user's."""

    def by_credential(self, credential_id: str) -> Factor:
        """The factor whose credential it is. Raises NotFound."""

    def add(self, factor: Factor, events: Sequence[Event], mails: Sequence[Mail] = ()) -> None:
        """Store a new one, its events and its mails, all or nothing.

        Raises:
            AlreadyExists: The id or the credential is taken.
            Conflict: There is no such user any more.
        """

    def save(self, before: Factor, after: Factor, events: Sequence[Event], mails: Sequence[Mail] = ()) -> None:
        """Store a change, its events and its mails, all or nothing, and raise the version.

        Raises:
            Conflict: The factor is not at ``before.version`` any more, or gone.
            AlreadyExists: The credential is taken.
        """

    def remove(
        self, factor: Factor, events: Sequence[Event], mails: Sequence[Mail] = (), *, beside: "Sequence[Way]" = ()
    ) -> None:
        """Remove one for good, if those ``beside`` it, which make that bearable, are there still.

        Raises:
            Conflict: The factor is not at ``factor.version`` any more, or gone, or one beside it is gone.
        """

    def remove_all(self, user_id: str, events: Sequence[Event], mails: Sequence[Mail] = ()) -> int:
        """Remove every factor and recovery code of a user; how many factors there were.

        Raises:
            Conflict: One of them changed. Nothing was removed.
        """

    def use_step(self, factor: Factor, step: int, *, at: int) -> None:
        """Use up a time step of a TOTP factor, and all before it: exactly once even under concurrent calls.

        Raises:
            Conflict: It, or a later one, was used, or the factor is gone.
        """

    def used(self, factor: Factor, *, sign_count: int, backed_up: bool, at: int) -> None:
        """Note that a key, or what is no key, was used.

        Raises:
            Conflict: Its count was seen to be as high already, and is not 0, or the factor is gone.
        """
