"""Brings the tables into the form of this release, while the functions serve.

Each migration copies first, in a way that the release before does not notice; then the tables say that they have the
new form (``schema_version``: from here on a release that does not know it stops); then it deletes what only the release
before needed. Every step can be repeated, and where one stopped is written down, so that it can be interrupted at any
point and run again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from ..clock import Clock
from .connection import translated
from .event_migration import LogIntoChunks
from .items import HEAD, Item
from .list_migration import ListsIntoShards
from .schema_version import KNOWN, PARTITION, TooNew, form_of, version_item
from .tables import DAY_MS, Tables

_COPY: Final = "copy"
_CLEAN: Final = "clean"


@dataclass(frozen=True)
class Migrations:
    """Migrates a deployment.

    Attributes:
        say: Told what is done, a line at a time.
    """

    tables: Tables
    clock: Clock
    say: Callable[[str], None] = lambda _: None

    def forms(self) -> dict[str, int]:
        """Which form each table has. Raises Unavailable."""
        with translated():
            return {item.Meta.table_name: form_of(item) for item in self._items()}

    def finished(self) -> bool:
        """Whether there is nothing to do. Raises TooNew, Unavailable."""
        forms = self.forms()
        if max(forms.values()) > KNOWN:
            raise TooNew(f"the tables have a form that this release does not know: {max(forms.values())}")
        return min(forms.values()) == KNOWN and self._stopped_at() is None

    def run(self) -> None:
        """Migrate, from where it stopped. Raises TooNew, Unavailable."""
        if self.finished():
            self.say(f"the tables have form {KNOWN}, the newest that this release knows")
            return
        log = LogIntoChunks(self.tables)
        days = log.days(self.clock.now_ms())
        phase, stopped = self._stopped_at() or (_COPY, days.start)
        if phase == _COPY:
            self._each_day(days, max(stopped, days.start), _COPY, log.copy)
            for item in self._items():
                with translated():
                    # With the events table goes what is left to do: it is told in the same write.
                    todo = f"{_CLEAN} {days.start}" if item is self.tables.events else None
                    item(PARTITION, HEAD, version=KNOWN, body=todo).save()
            self.say(f"the tables have form {KNOWN}; what a release from before needed is deleted now")
            stopped = days.start
        lists = ListsIntoShards(self.tables)
        self.say(f"lists in shards: moved {lists.users()} users and {lists.holders()} families with a refresh token")
        self._each_day(days, max(stopped, days.start), _CLEAN, log.clean)
        with translated():
            self._events()(PARTITION, HEAD, version=KNOWN).save()
        self.say("done")

    def _each_day(self, days: range, begin: int, phase: str, work: Callable[[int], int]) -> None:
        version = KNOWN if phase == _CLEAN else None
        for day in range(begin, days.stop):
            with translated():
                self._events()(PARTITION, HEAD, version=version or 1, body=f"{phase} {day}").save()
            if count := work(day):
                self.say(f"{phase}: day {day * DAY_MS // 1000}: {count} events")

    def _stopped_at(self) -> tuple[str, int] | None:
        """The phase and the day at which an earlier run stopped."""
        with translated():
            found = version_item(self._events())
        body = None if found is None else found.body
        phase, _, day = (body or "").partition(" ")
        return (phase, int(day)) if day else None

    def _events(self) -> type[Item]:
        return list(self._items())[-1]

    def _items(self) -> Iterator[type[Item]]:
        """Item classes of the tables, the events table last."""
        for item in (self.tables.config, self.tables.grants, self.tables.events):
            if item is not None:
                yield item
