"""Whether the server, client, user, session or family that something hangs on is still good: the one rule for all.

Every function is about records that were read already, and raises ``NotAlive`` with a reason for the log.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

from .errors import NotFound
from .generations import Generations

if TYPE_CHECKING:  # a token for a machine loads none of what people need
    from .clients import Client
    from .directory import Directory, Person
    from .lineages import Ancestor, Lineage
    from .servers import AuthorizationServer
    from .sessions import Session
    from .token_families import TokenFamily
    from .users import User


class NotAlive(Exception):
    """What was once good is good no more. The message says why, for the log; it holds no secret.

    Attributes:
        of: What ended.
    """

    def __init__(self, reason: str, of: Literal["server", "client", "user", "session", "token"] = "token") -> None:
        super().__init__(reason)
        self.of = of


def generations_of(client: "Client", user: "User | None" = None) -> Generations:
    """What a record that is made now for a client, and a user where there is one, has to carry."""
    return Generations(client.token_generation, 0 if user is None else user.token_generation)


def check_server(server: "AuthorizationServer | None") -> "AuthorizationServer":
    """A server that exists and is ACTIVE.

    Raises:
        NotAlive: It does not, or is not.
    """
    if server is None or server.status != "ACTIVE":
        raise NotAlive("the authorization server is unknown or inactive", "server")
    return server


def check_client(client: "Client | None", made: Generations | None = None) -> "Client":
    """A client that exists, is ACTIVE, and was not deactivated after something was made for it.

    Raises:
        NotAlive: One of these does not hold.
    """
    if client is None or client.status != "ACTIVE":
        raise NotAlive("the client is unknown or deactivated", "client")
    if made is not None and made.client != client.token_generation:
        raise NotAlive("the client was deactivated since", "client")
    return client


def check_user(user: "User", made: Generations | None = None) -> None:
    """A user who is ACTIVE, and was not deactivated after something was made for them.

    Raises:
        NotAlive: One of these does not hold.
    """
    if user.status != "ACTIVE":
        raise NotAlive(f"the user is {user.status}", "user")
    if made is not None and made.user != user.token_generation:
        raise NotAlive("the user was deactivated since", "user")


def live_person(directory: "Directory", user_id: str, made: Generations | None = None) -> "Person":
    """The user with groups and assignments, in one consistent read, if ``check_user`` has nothing against them.

    Raises:
        NotAlive: The user is gone, not ACTIVE, or was deactivated since.
        Unavailable: Storage could not answer.
    """
    try:
        person = directory.person(user_id)
    except NotFound:
        raise NotAlive("the user is gone", "user") from None
    check_user(person.user, made)
    return person


def check_sign_in(user: "User", at: int, made: Generations | None = None) -> None:
    """A user whose proof of an earlier second still counts: ACTIVE, with the status and the password of then.

    A change in that very second is taken as before it: the change of an expired password is.

    Raises:
        NotAlive: One of these does not hold.
    """
    check_user(user, made)
    changed_at = 0 if user.password is None else user.password.changed_at
    if at < max(changed_at, user.status_changed_at or 0):
        raise NotAlive("the user's status or password changed since", "user")


def ends_sign_ins(before: "User", after: "User") -> bool:
    """Whether sign-ins of before a change count no more after it, by ``check_sign_in``.

    A lock, and its end, are none such: anybody could lock somebody out, and sign them out everywhere by it.
    """

    def marks(user: "User") -> tuple[int, int | None]:
        return user.token_generation, None if user.password is None else user.password.changed_at

    return before.status in _SIGNED_IN and (after.status not in _SIGNED_IN or marks(before) != marks(after))


#: Who may have sessions: they count again when the lock is over, unless something else ended them.
_SIGNED_IN: Final = frozenset({"ACTIVE", "LOCKED_OUT"})


def signed_in_person(directory: "Directory", user_id: str, at: int, made: Generations) -> "Person":
    """The user who signed in at a time, if that sign-in still counts.

    Raises:
        NotAlive: The user is gone, or ``check_sign_in`` has something against them.
        Unavailable: Storage could not answer.
    """
    person = live_person(directory, user_id)
    check_sign_in(person.user, at, made)
    return person


def check_session(session: "Session", user: "User", *, now: int) -> None:
    """A session whose time is not over, of a user whose sign-in still counts.

    Raises:
        NotAlive: One of these does not hold.
    """
    if min(session.expires_at, session.idle_expires_at) <= now:
        raise NotAlive("the session has expired", "session")
    check_sign_in(user, session.created_at, session.generations)


def check_family(family: "TokenFamily") -> None:
    """A family that nobody revoked.

    Raises:
        NotAlive: Somebody did.
    """
    if family.revoked_at is not None:
        raise NotAlive(f"revoked: {family.revoked_because}")


def check_lineage(ancestors: "Sequence[Ancestor]", lineage: "Lineage") -> None:
    """Tokens that others were given for, one for the other: none of them ended, and neither did a client of one.

    Raises:
        NotAlive: One did.
    """
    for ancestor in ancestors:
        if (ancestor.server_id, ancestor.jti) in lineage.revoked:
            raise NotAlive("a token that it was given for was revoked")
        check_client(lineage.clients.get(ancestor.client_id), Generations(client=ancestor.client_generation))
        if ancestor.family_id is None:
            continue
        family = lineage.families.get(ancestor.family_id)
        if family is None:
            raise NotAlive("the family of a token that it was given for is gone", "session")
        check_family(family)
