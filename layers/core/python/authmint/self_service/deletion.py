"""The end of one's own account (docs/protocol.md §43.6)."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from ..audit.recorder import Recorder
from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..outage import Outage
from ..storage.consents import Consents
from ..storage.directory import Directory, Person
from ..storage.errors import NotFound
from ..storage.events import Party
from ..storage.remembered_browsers import RememberedBrowsers
from ..storage.retrying import Retrying
from ..storage.roles import BookChange, Roles
from ..storage.sessions import Sessions
from ..storage.users import Users
from .refusals import NotDone


@dataclass(frozen=True)
class OwnDeletion:
    """Deletes people who want to be.

    Attributes:
        allowed: Whether administrators let people.
    """

    users: Users
    directory: Directory
    roles: Roles
    sessions: Sessions
    consents: Consents
    remembered: RememberedBrowsers
    allowed: Callable[[], bool]
    clock: Clock
    ids: Ids
    retrying: Retrying

    def check(self, person: Person) -> None:
        """Whether the user may be deleted by themselves.

        Raises:
            NotDone: Nobody may here; or the user administers, which others have to take away first; or a company's
                directory keeps the user, and would make them again.
            Unavailable: Storage could not answer.
        """
        self._checked(person)

    def delete(self, person: Person, request: Request) -> None:
        """Remove the user, in one transaction: nobody stays behind who could not do it again.

        Sessions and tokens look for their user, and end with it.

        Raises:
            NotDone: As ``check``.
            Unavailable: Storage could not answer.
        """
        user_id = person.user.id
        with suppress(NotFound):  # another call was first
            self.retrying(lambda: self._removed(user_id, request))
        with suppress(Outage):  # nobody reads them any more: their time will come
            self.sessions.end_all(user_id)
            self.consents.revoke(self.consents.of_user(user_id))
            for browser in self.remembered.of_user(user_id):
                self.remembered.forget(user_id, browser.digest)

    def _checked(self, person: Person) -> BookChange:
        if not self.allowed():
            raise NotDone("off")
        book = self.roles.get()
        if book.of_user(person.user.id, [group.id for group in person.groups]):
            raise NotDone("administers")
        if person.user.external_id is not None:
            raise NotDone("provisioned")
        return BookChange(book, book, looked_at=True)

    def _removed(self, user_id: str, request: Request) -> None:
        person = self.directory.person(user_id)
        book = self._checked(person)
        party = Party(user_id, "User", alternate_id=person.user.login)
        recorder, debug = Recorder(self.clock, self.ids, party, request), {"is_self_initiated": "true"}
        names = ("user.lifecycle.deactivate", "user.lifecycle.delete.initiated")
        self.users.delete(person.user, [recorder.event(name, party, debug=debug) for name in names], book=book)
