"""Revokes tokens in status lists when what they hang on has ended (docs/protocol.md §14.6)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...storage.errors import NotFound
from ...storage.status_lists import SIZE, Run, StatusLists, of_client, of_family
from .entries import CLAIM, uri_of
from .places import place_of


@dataclass(frozen=True)
class StatusEnds:
    """Finds the places of tokens by what they hang on. Everything can be done twice."""

    lists: StatusLists

    def of_place(self, payload: Mapping[str, Any], server_id: str, issuer: str, *, now: int) -> None:
        """Revoke one token that names its place. Nothing for one that names none."""
        named = payload.get(CLAIM)
        place = named.get("status_list") if isinstance(named, Mapping) else None
        uri, index = (place.get("uri"), place.get("idx")) if isinstance(place, Mapping) else (None, None)
        if not isinstance(uri, str) or not isinstance(index, int) or not 0 <= index < SIZE:
            return
        prefix = uri_of(issuer, "")
        if uri.startswith(prefix):
            list_id, expires_at = uri.removeprefix(prefix), int(payload["exp"])
            self.lists.revoke(server_id, list_id, [index], at=now, expires_at=expires_at)

    def of_family(self, family_id: str, *, now: int) -> None:
        """Revoke the tokens of a family, and those that were given for them."""
        self.under(of_family(family_id), now=now)

    def of_client(self, client_id: str, generation: int, *, now: int, server_id: str | None = None) -> None:
        """Revoke the tokens that a client had before it became another one, and those that were given for them.

        Args:
            client_id: Of the client.
            generation: What was made for an earlier one has ended.
            now: Unix seconds.
            server_id: At this server alone; ``None``: everywhere.
        """
        runs = self.lists.under(of_client(client_id))
        ended = (run for run in runs if run.generation < generation and server_id in {None, run.server_id})
        self._revoke(ended, now)

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
            places = (place_of(key, run.first + offset) for run in found for offset in range(run.count))
            until = max(run.expires_at for run in found)
            self.lists.revoke(server_id, list_id, places, at=now, expires_at=until)
