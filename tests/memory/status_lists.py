"""``StatusLists`` in memory."""

import threading
from collections.abc import Iterable, Sequence

from authmint.storage.errors import NotFound
from authmint.storage.status_lists import DAY, SIZE, Run, StatusList, list_name


class MemoryStatusLists:
    """``StatusLists``."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self.lists: dict[tuple[str, str], StatusList] = {}
        self.taken: dict[tuple[str, str], int] = {}
        self.noted: dict[str, set[Run]] = {}
        self.ended: dict[tuple[str, str], list[tuple[int, int]]] = {}

    def reserve(self, server_id: str, day: int, number: int, count: int, *, key: str) -> tuple[StatusList, int] | None:
        with self._lock:
            place = (server_id, list_name(day, number))
            first = self.taken.get(place, 0)
            if first + count > SIZE:
                return None
            made = self.lists.setdefault(place, StatusList(*place, (day + 1) * DAY, key))
            self.taken[place] = first + count
            return made, first

    def get(self, server_id: str, list_id: str) -> StatusList:
        try:
            return self.lists[server_id, list_id]
        except KeyError:
            raise NotFound("STATUSLIST") from None

    def note(self, what: str, run: Run) -> None:
        with self._lock:
            self.noted.setdefault(what, set()).add(run)

    def forget(self, what: str, runs: Sequence[Run]) -> None:
        with self._lock:
            self.noted.get(what, set()).difference_update(runs)

    def under(self, what: str) -> Sequence[Run]:
        return sorted(self.noted.get(what, ()), key=lambda run: (run.server_id, run.list_id, run.first))

    def revoke(self, server_id: str, list_id: str, places: Iterable[int], *, at: int, expires_at: int) -> None:
        with self._lock:
            self.ended.setdefault((server_id, list_id), []).extend((at, place) for place in places)

    def revoked(self, server_id: str, list_id: str, *, since: int = 0) -> Iterable[int]:
        return [place for at, place in self.ended.get((server_id, list_id), ()) if at >= since]
