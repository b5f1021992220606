"""Users of the org (docs/protocol.md §27.1)."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from .events import Event
from .outbox import Mail

if TYPE_CHECKING:  # most functions never change who administers, or make users of whom others know
    from .identity_providers import IdpLink
    from .roles import BookChange
    from .ways_in import Way

UserStatus = Literal[
    "STAGED", "PROVISIONED", "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT", "SUSPENDED", "DEPROVISIONED"
]
#: What sessions and people say of an identity provider: a company's own, or one where everybody has an account.
ProviderKind = Literal["FEDERATION", "SOCIAL"]
#: Groups that a user can be put into by the change that makes the user: what fits into one transaction.
MOST_GROUPS_AT_ONCE = 15


#: In the place of a hash: another directory is asked about the password, by a hook, when its owner signs in.
BY_HOOK: Final = '{"hook":"default"}'


@dataclass(frozen=True)
class Password:
    """A password, as it is remembered.

    Attributes:
        hash: Argon2id in the PHC string format; of one that another directory hashed, or knows, JSON.
        history: Hashes of the passwords before it, newest first.
    """

    hash: str = field(repr=False)
    changed_at: int
    history: tuple[str, ...] = field(default=(), repr=False)

    @property
    def imported(self) -> bool:
        """Whether another directory hashed it, and its owner has not signed in since."""
        return self.hash.startswith("{")

    @property
    def by_hook(self) -> bool:
        """Whether another directory knows it, and its owner has not signed in since."""
        return self.hash == BY_HOOK


@dataclass(frozen=True)
class RecoveryToken:
    """A single-use token that was handed out; ``digest`` is SHA-256 of its 256 random bits, base64url.

    ``registration``: the user wished for the account, and has not confirmed the address.
    """

    purpose: Literal["activation", "recovery", "registration"]
    digest: str = field(repr=False)
    expires_at: int


@dataclass(frozen=True)
class RecoveryQuestion:
    """``answer`` is an Argon2id hash."""

    question: str
    answer: str = field(repr=False)


@dataclass(frozen=True)
class Provider:
    """Where a user's sign-ins come from, who has no password here.

    Attributes:
        idp_id: The identity provider that made the user.
        name: What it was called then.
        mastered: Attributes of the profile that it writes at every sign-in, and nobody else does.
        unverified: The address that the user came with, where nobody vouched for it.
    """

    kind: ProviderKind
    name: str
    idp_id: str
    mastered: tuple[str, ...] = ()
    unverified: str = ""


@dataclass(frozen=True)
class User:
    """A user of the org, with what proves who they are.

    Attributes:
        type_id: ``None`` is the default type.
        profile: ``login``, ``email`` and what the schema defines beside them.
        unique: Values that no other user has, as they are held: id of the attribute's uniqueness and digest.
        unique_version: Of the schema by which these were found.
        failed_attempts: Wrong passwords in a row. Counted apart from the record: it does not raise the version.
        last_login_at: Like ``failed_attempts``.
        failed_codes: Codes that were tried since the last right one. Like ``failed_attempts``.
        code_tried_at: When the last of them was. Like ``failed_attempts``.
        provider: Who signs the user in; ``None``: this org.
        token_generation: Raised by every deactivation: what was made for the user before one is dead for good.
        external_id: What the directory that provisions calls the user.
        version: Raised by every change.
    """

    id: str
    created_at: int
    updated_at: int
    status: UserStatus
    profile: Mapping[str, Any] = field(repr=False)
    password: Password | None = None
    recovery: RecoveryQuestion | None = None
    ticket: RecoveryToken | None = None
    activated_at: int | None = None
    status_changed_at: int | None = None
    failed_attempts: int = 0
    last_login_at: int | None = None
    failed_codes: int = 0
    code_tried_at: int | None = None
    token_generation: int = 0
    type_id: str | None = None
    unique: tuple[tuple[str, str], ...] = ()
    unique_version: int = 0
    external_id: str | None = None
    provider: Provider | None = None
    version: int = 0

    @property
    def login(self) -> str:
        """What the user signs in with; unique in the org without regard to case."""
        return str(self.profile["login"])

    @property
    def email(self) -> str:
        """The primary address; not unique."""
        return str(self.profile["email"])

    @property
    def email_verified(self) -> bool:
        """Whether an administrator or a provider vouched for the address, or the user proved to read it."""
        if self.provider is not None and self.provider.unverified == self.email:
            return False
        return self.status in {"ACTIVE", "PASSWORD_EXPIRED"}


def login_key(login: str) -> str:
    """What logins, addresses and group names are compared by: no case, no compatibility characters (UAX #15).

    ``login_key(login_key(x)) == login_key(x)``, so a key can be looked up like what it was made from.
    """
    folded = unicodedata.normalize("NFKC", login).casefold()
    while (again := unicodedata.normalize("NFKC", folded).casefold()) != folded:
        folded = again
    return folded


def is_same_name(said: str, own: str) -> bool:
    """Whether others mean somebody by a name: it is theirs, but for the case of ASCII letters.

    ``login_key`` finds people for themselves, who prove then who they are. Names that fold to one key can belong to two
    people elsewhere (UTS #46 §7), so what others say of somebody has to be that very name.
    """

    def lowered(text: str) -> bytes:
        return text.encode("utf-8", "surrogatepass").lower()

    return lowered(said) == lowered(own)


class Users(Protocol):
    """All users of a deployment."""

    def get(self, user_id: str) -> User:
        """The user of an id. Raises NotFound."""

    def by_login(self, login: str) -> User:
        """The user of a login, whatever its case. Raises NotFound."""

    def by_short_login(self, name: str) -> User:
        """The user whose login is the name; else the one whose login is ``name@…``.

        Raises:
            NotFound: There is none, or more than one ``name@…``.
        """

    def by_email(self, email: str) -> Sequence[User]:
        """Users with this address, in ascending id."""

    def holder(self, unique_id: str, digest: str) -> User:
        """Who holds a unique value (``User.unique``). A consistent read. Raises NotFound."""

    def by_external_id(self, external_id: str) -> Sequence[User]:
        """Users whom a directory calls so, in ascending id."""

    def many(self, user_ids: Sequence[str]) -> Sequence[User]:
        """Those that exist, in ascending id."""

    def list(self, *, after: str | None = None, limit: int = 200) -> Sequence[User]:
        """Users in ascending id, from the first id greater than ``after``.

        Hashes, digests and what ``sign_ins`` adds are left out.
        """

    def sign_ins(self, users: Sequence[User]) -> Sequence[User]:
        """The same users with ``failed_attempts`` and ``last_login_at``."""

    def add(
        self,
        user: User,
        events: Sequence[Event],
        *,
        group_ids: Sequence[str] = (),
        types_version: int = 0,
        mails: Sequence[Mail] = (),
        link: "IdpLink | None" = None,
    ) -> None:
        """Store a new user, its memberships, its events and its mails, all or nothing.

        Args:
            user: The new one.
            events: What is recorded with it.
            group_ids: Of groups that it joins.
            types_version: Of the list in which the type of the user was found, where it is not the default one.
            mails: What is sent because of it.
            link: Of the identity provider that knows the user.

        Raises:
            AlreadyExists: ``login``, ``id`` or a unique value is taken; of the latter, ``field`` is the id.
            Conflict: One of the groups is not there any more, the types of users have changed, which attributes are
                unique, or the provider is gone or knows somebody by this name already.
        """

    def save(
        self,
        before: User,
        after: User,
        events: Sequence[Event],
        *,
        types_version: int = 0,
        mails: Sequence[Mail] = (),
        book: "BookChange | None" = None,
        beside: "Way | None" = None,
    ) -> None:
        """Store a change, its events and its mails, all or nothing, and raise the version.

        Args:
            before: As it was read.
            after: As it shall be.
            events: What is recorded with it.
            types_version: Of the list in which the type of the user was found, where it is a new one.
            mails: What is sent because of it.
            book: What changes of roles with it.
            beside: What has to be there still.

        Raises:
            AlreadyExists: The new ``login`` or a unique value is taken; of the latter, ``field`` is the id.
            Conflict: The user is not at ``before.version`` any more, the types of users have changed, or, where the
                profile is another one, which attributes are unique, or roles have changed that ``book`` is about, or
                what has to be there is not.
        """

    def delete(self, user: User, events: Sequence[Event], *, book: "BookChange | None" = None) -> None:
        """Remove the user for good. Memberships and assignments may leave storage later; nothing reads them.

        Raises:
            Conflict: The user is not at ``user.version`` any more, or roles have changed.
        """

    def expect(self, type_id: str | None, unique_version: int) -> None:
        """Take no profile any more of a user of the type whose unique values were found by an older schema.

        When this has returned, whoever reads all users finds every value that is not held.
        """

    def release(self, unique_id: str) -> None:
        """Forget the values that users hold under an id, which is not used any more. Some may go later."""

    def count_failure(
        self, user: User, locked: User, events: Sequence[Event], *, most: int, mails: Sequence[Mail] = ()
    ) -> int:
        """Count one wrong password, exactly once even under concurrent calls.

        The failure that is number ``most`` in a row stores ``locked``, ``events`` and ``mails`` in one transaction.

        Returns:
            Failures in a row, this one included.

        Raises:
            Conflict: The user changed, or is locked already. Not counted: read it again.
        """

    def signed_in(self, user: User, *, at: int, most: int) -> None:
        """Note a sign-in and forget the failures before it.

        Raises:
            Conflict: The user was locked or deleted in the meantime.
        """
