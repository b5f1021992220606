"""What a kind of factor is made of: a module of its own implements ``Kind`` and stands in ``kinds``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..http import Request
from ..storage.events import Party
from ..storage.factors import Factor
from ..storage.sign_on_transactions import Proof
from ..storage.users import User
from .answers import Answer


@dataclass(frozen=True)
class Ask:
    """Of whom something is asked, and for what.

    Attributes:
        actor: Who does it, where it is not the user.
        binding: The transaction or caller for which it is: an answer under another one is refused.
        verify_user: A key has to tell who uses it, whatever administrators want of keys.
    """

    user: User
    now: int
    request: Request
    binding: str = ""
    actor: Party | None = None
    verify_user: bool = False

    @property
    def party(self) -> Party:
        """The user, for events."""
        return Party(self.user.id, "User", alternate_id=self.user.login)


@dataclass(frozen=True)
class SharedSecret:
    """What an authenticator app needs: the secret in base32, and the same as the URI of a QR code. Shown once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True)
class KeyOptions:
    """``publicKey`` of ``navigator.credentials.create`` or ``.get``, its bytes as base64url."""

    options: Mapping[str, Any] = field(repr=False)
    expires_at: int


@dataclass(frozen=True)
class CodeSent:
    """A code is on its way to an address."""

    address: str
    expires_at: int


@dataclass(frozen=True)
class CodeWanted:
    """A code of an app, or an answer that the user knows: there is nothing to send."""


Activation = SharedSecret | KeyOptions | CodeSent | CodeWanted
Challenge = KeyOptions | CodeSent | CodeWanted


@dataclass(frozen=True)
class Wishes:
    """What an enrolment says beside the kind.

    Attributes:
        address: Of an email factor; ``None``: the user's primary one.
        question, answer: Of a security question.
        lifetime: Seconds that a code that is sent lives; ``None``: as the deployment says.
        vouched: An administrator vouches for it, so no proof is asked.
        verify_user: A key has to tell who uses it, whatever administrators want of keys.
    """

    address: str | None = None
    question: str | None = None
    answer: str | None = field(default=None, repr=False)
    lifetime: int | None = None
    vouched: bool = False
    verify_user: bool = False


class Kind(Protocol):
    """All that is particular to one kind of factor."""

    @property
    def most(self) -> int:
        """How many a user can have, of one provider."""

    @property
    def guessable(self) -> bool:
        """Whether its answers are short enough to be guessed, so that wrong ones lock."""

    @property
    def label(self) -> str:
        """What the log calls it."""

    def enrol(self, factor: Factor, wishes: Wishes, ask: Ask, /) -> tuple[Factor, Activation]:
        """A new factor with what is particular to it, and what its owner needs to activate it.

        Raises:
            NotEnrollable: The user cannot have it.
            TooFast: Of mail.
        """

    def shown(self, factor: Factor, ask: Ask, /) -> SharedSecret | None:
        """What the owner of a pending factor was shown, once more; ``None``: that cannot be said again."""

    def activate(self, factor: Factor, answer: Answer, ask: Ask, /) -> Factor:
        """The factor, ACTIVE, after the first proof. Nothing is stored of it yet.

        Raises:
            FactorRefused: The answer is not taken.
        """

    def challenge(self, factors: Sequence[Factor], ask: Ask, lifetime: int | None, /) -> Challenge:
        """What a caller needs to answer for one of these factors. Raises TooFast: of mail."""

    def verify(self, factors: Sequence[Factor], answer: Answer, ask: Ask, /) -> tuple[Factor, Proof]:
        """What the answer proves, and of which of the factors it is.

        Raises:
            FactorRefused: The answer is not taken.
        """
