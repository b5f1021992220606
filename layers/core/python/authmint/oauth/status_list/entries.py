"""Gives each access token of a server with status lists a place in one, and notes what ends the token.

Numbers come in runs: an instance takes 256 of a list by one write, and of these a client's tokens get run after run,
longer ones when it asks for many. So a client's deactivation finds its tokens though none of them is stored. A token of
a person costs one write more: what ends its family has to find it.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from ...ids import Ids
from ...storage.clients import Client
from ...storage.errors import Conflict, NotFound
from ...storage.liveness import generations_of
from ...storage.status_lists import DAY, Run, StatusList, StatusLists, of_client, of_family, of_token, of_user
from ...storage.token_families import TokenFamilies
from ..errors import OAuthError
from ..issuance import Draft
from .hung import Hung
from .places import place_of

CLAIM: Final = "status"
#: Numbers that an instance takes at once, and those of a client's first runs: who asks seldom leaves few unused.
_TAKEN: Final = 256
_RUNS: Final = (8, 32, _TAKEN)
#: Runs, of clients or of lists, that an instance keeps: those that were used last.
_MOST: Final = 5_000
_KEY_BYTES: Final = 32


@dataclass
class _Left:
    """Numbers that are still to be given away.

    Attributes:
        turn: How many runs there were before this one; of a list: which one of its day it is.
    """

    of: StatusList
    next: int
    count: int
    turn: int

    def take(self, count: int) -> int:
        """The first of so many numbers."""
        first = self.next
        self.next += count
        self.count -= count
        return first


_V = TypeVar("_V")


@dataclass(frozen=True)
class StatusEntries:
    """Those of one warm instance.

    Attributes:
        since: When tables were restored (Unix seconds): nobody knows what numbers were given away before, and lists
            are counted from there; 0: never.
    """

    lists: StatusLists
    families: TokenFamilies
    ids: Ids
    since: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _of_days: "OrderedDict[Hashable, _Left]" = field(default_factory=OrderedDict)
    _of_clients: "OrderedDict[Hashable, _Left]" = field(default_factory=OrderedDict)

    def assigned(self, draft: Draft, hung: Hung, *, now: int) -> Draft:
        """The draft with a place for its access token. What ends the token will find it from here on.

        Raises:
            OAuthError: A family that it hangs on was revoked meanwhile.
            Unavailable: Storage could not answer.
        """
        server, client, payload = draft.recipient.server, draft.recipient.client, draft.access_token
        try:
            for family_id in hung.unlisted:
                self.families.enlist(family_id, at=now)
        except (Conflict, NotFound):
            raise OAuthError("invalid_grant", reason="revoked meanwhile") from None
        there, number = self._number(server.id, client, int(payload["exp"]) // DAY)
        run = Run(server.id, there.id, number, 1, int(payload["exp"]))
        for what in _subjects(hung):
            self.lists.note(what, run)
        sign_in, root = draft.sign_in, hung.lineage[0].family_id if hung.lineage else hung.family_id
        if sign_in is not None and root is None:  # a password gives tokens that are no family's
            user = sign_in.person.user
            self.lists.note(of_user(user.id), replace(run, generation=user.token_generation))
        for ancestor in hung.lineage:
            self.lists.note(of_client(ancestor.client_id), replace(run, generation=ancestor.client_generation))
        place = place_of(there.key, number)
        return replace(draft, access_token=as_listed(payload, draft.recipient.issuer, there.id, place))

    def _number(self, server_id: str, client: Client, day: int) -> tuple[StatusList, int]:
        """A number for a token of a client, and its list."""
        generation = generations_of(client).client
        whose = (server_id, day, client.id, generation)
        with self._lock:
            left = self._of_clients.get(whose)
            if left is None or not left.count:
                turn = 0 if left is None else left.turn + 1
                left = self._run(server_id, day, turn)
                run = Run(server_id, left.of.id, left.next, left.count, left.of.expires_at, generation)
                self.lists.note(of_client(client.id), run)
            _keep(self._of_clients, whose, left)
            return left.of, left.take(1)

    def _run(self, server_id: str, day: int, turn: int) -> _Left:
        """A new run of what the instance has, or takes for it."""
        kept = (server_id, day)
        left = self._of_days.get(kept)
        if left is None or not left.count:
            left = self._taken(server_id, day, self.since if left is None else left.turn)
        _keep(self._of_days, kept, left)
        count = min(_RUNS[min(turn, len(_RUNS) - 1)], left.count)
        return _Left(left.of, left.take(count), count, turn)

    def _taken(self, server_id: str, day: int, number: int) -> _Left:
        while True:
            found = self.lists.reserve(server_id, day, number, _TAKEN, key=self.ids.opaque(_KEY_BYTES))
            if found is not None:
                return _Left(found[0], found[1], _TAKEN, number)
            number += 1


def as_listed(payload: Mapping[str, Any], issuer: str, list_id: str, place: int) -> dict[str, Any]:
    """The payload of a token that stands at a place (Token Status List §6.1)."""
    return {**payload, CLAIM: {"status_list": {"idx": place, "uri": uri_of(issuer, list_id)}}}


def uri_of(issuer: str, list_id: str) -> str:
    """Where the list of a server is."""
    return f"{issuer}/v1/status/{list_id}"


def _subjects(hung: Hung) -> Sequence[str]:
    """What ends the token, beside clients."""
    families = [hung.family_id, *(one.family_id for one in hung.lineage)]
    tokens = [of_token(one.server_id, one.jti) for one in hung.lineage]
    return [*(of_family(one) for one in dict.fromkeys(families) if one is not None), *tokens]


def _keep(known: "OrderedDict[Hashable, _V]", key: Hashable, value: _V) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > _MOST:
        known.popitem(last=False)
