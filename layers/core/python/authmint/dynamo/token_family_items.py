"""Items of token families: keys, how long they stay, and the records out of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, cast

from ..storage.token_families import RefreshToken, TokenFamily
from .items import GrantItem
from .records import decode
from .sharded import shard_of

FAMILY: Final = "FAMILY"
REFRESH: Final = "REFRESH"
HOLDERS: Final = "HOLDERS"
BY_USER: Final = "USERFAMILIES"
_DAY: Final = 86_400
#: Seconds that an expired refresh token stays.
TOKEN_KEPT: Final = _DAY
#: Seconds that a dead family stays, in lists too. Access tokens of it, which look at it, live a day at most.
KEPT: Final = 30 * _DAY
#: How often what lists a living family is told that it goes on: it would be two more writes of every refresh.
_PERIOD: Final = 30 * _DAY


def partition(family_id: str) -> str:
    """A family and its refresh tokens."""
    return f"{FAMILY}#{family_id}"


def holders(server_id: str) -> str:
    """The list of a server's families with a refresh token. Sharded by the family: one client may be busy alone."""
    return f"{HOLDERS}#{server_id}"


def family_listed(sort_key: str) -> str:
    """Id of the family that an item of such a list leads to."""
    return sort_key.partition("#")[2]


def lists(family: TokenFamily) -> Sequence[tuple[str, str]]:
    """Keys of what lists the family. One without a refresh token is nothing that a client holds.

    One with ancestors is in no list: it ends with what it hangs on.
    """
    if family.ancestors:
        return ()
    of_user = (f"{BY_USER}#{family.user_id}", family.id)
    if not family.holds_refresh_token:
        return (of_user,)
    return of_user, (shard_of(holders(family.server_id), family.id), f"{family.client_id}#{family.id}")


def family_until(family: TokenFamily, refresh_token: RefreshToken | None) -> int:
    """When a new family is forgotten, unless it goes on: it is as dead as its last token is."""
    if family.revoked_at is not None:
        return family.revoked_at + KEPT
    if family.ancestors:
        return max(family.created_at, family.expires_at or 0) + TOKEN_KEPT
    if refresh_token is None:
        return max(family.created_at, family.expires_at or 0) + KEPT
    return refresh_token.idle_expires_at + KEPT


def listed_until(refresh_token: RefreshToken) -> int:
    """When what lists the family of a living refresh token is forgotten: the same for a period, and later than it."""
    return (refresh_token.idle_expires_at // _PERIOD + 1) * _PERIOD + KEPT


def family_of(head: GrantItem) -> TokenFamily:
    """Attributes move on; ``body`` says the rest."""
    return replace(
        decode(head.body or "", TokenFamily),
        updated_at=int(head.updated_at or 0),
        current=head.current,
        revoked_at=None if head.revoked_at is None else int(head.revoked_at),
        revoked_because=cast("Any", head.revoked_because),
        listed=bool(head.listed),
    )


def refresh_token_of(item: GrantItem) -> RefreshToken:
    """The expiry moves on; ``body`` says the rest."""
    return replace(decode(item.body or "", RefreshToken), idle_expires_at=int(item.expires_at or 0))
