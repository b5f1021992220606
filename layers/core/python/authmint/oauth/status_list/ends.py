"""Revokes tokens in status lists when what they hang on has ended (docs/protocol.md §14.6)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from ...storage.errors import NotFound
from ...storage.status_lists import SIZE, Run, StatusLists, of_client, of_family, of_user
from .entries import CLAIM, uri_of
from .places import places_of

#: Runs of a client, of up to 256 tokens each, that are revoked before they are forgotten.
_RUNS_AT_ONCE: Final = 100


@dataclass(frozen=True)
class Place:
    """Where a token says that it stands."""

    list_id: str
    index: int


def place_named(payload: Mapping[str, Any], issuer: str) -> Place | None:
    """The place that a token of ours names; ``None``: it names none."""
    named = payload.get(CLAIM)
    place = named.get("status_list") if isinstance(named, Mapping) else None
    uri, index = (place.get("uri"), place.get("idx")) if isinstance(place, Mapping) else (None, None)
    prefix = uri_of(issuer, "")
    if not isinstance(uri, str) or not uri.startswith(prefix) or not isinstance(index, int) or not 0 <= index < SIZE:
        return None
    return Place(uri.removeprefix(prefix), index)


@dataclass(frozen=True)
class StatusEnds:
    """Finds the places of tokens by what they hang on. Everything can be done twice."""

    lists: StatusLists

    def of_place(self, server_id: str, place: Place, *, expires_at: int, now: int) -> None:
        """Revoke one token that names its place."""
        self.lists.revoke(server_id, place.list_id, [place.index], at=now, expires_at=expires_at)

    def of_family(self, family_id: str, *, now: int) -> None:
        """Revoke the tokens of a family, and those that were given for them."""
        self.under(of_family(family_id), now=now)

    def of_user(self, user_id: str, generation: int | None, *, now: int) -> None:
        """Revoke the tokens of a user that have no family, and those that were given for them.

        Args:
            user_id: Of the user.
            generation: What was made for an earlier one has ended; ``None``: everything has.
            now: Unix seconds.
        """
        runs = self.lists.under(of_user(user_id))
        self._revoke((run for run in runs if generation is None or run.generation < generation), now)

    def of_client(
        self,
        client_id: str,
        generation: int,
        *,
        now: int,
        server_id: str | None = None,
        go_on: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Revoke the tokens that a client had before it became another one, and those that were given for them.

        They may be millions: what is done is forgotten, so that the next call goes on from there.

        Args:
            client_id: Of the client.
            generation: What was made for an earlier one has ended.
            now: Unix seconds.
            server_id: At this server alone; ``None``: everywhere.
            go_on: Whether there is time for more.

        Returns:
            Whether these were all.
        """
        what = of_client(client_id)
        runs = self.lists.under(what)
        ended = [run for run in runs if run.generation < generation and server_id in {None, run.server_id}]
        for start in range(0, len(ended), _RUNS_AT_ONCE):
            if not go_on():
                return False
            part = ended[start : start + _RUNS_AT_ONCE]
            self._revoke(part, now)
            self.lists.forget(what, part)
        return True

    def under(self, what: str, *, now: int) -> None:
        """Revoke all tokens that end with something."""
        self._revoke(self.lists.under(what), now)

    def _revoke(self, runs: Iterable[Run], now: int) -> None:
        by_list: dict[tuple[str, str], list[Run]] = {}
        for run in runs:
            if run.expires_at > now:
                by_list.setdefault((run.server_id, run.list_id), []).append(run)
        for (server_id, list_id), found in by_list.items():
            try:
                key = self.lists.get(server_id, list_id).key
            except NotFound:
                continue  # none of its tokens lives
            places = chain.from_iterable(places_of(key, run.first, run.count) for run in found)
            until = max(run.expires_at for run in found)
            self.lists.revoke(server_id, list_id, places, at=now, expires_at=until)
