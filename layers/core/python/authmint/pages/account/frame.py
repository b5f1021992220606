"""What the pages of one's own account have in common: the proof that they ask for, and the way between them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...http import Response
from ...sign_on.next_step import Known
from ...sign_on.own_account import OwnAccount
from ...sign_on.requirement import OutOfTurn
from ...sign_on.sign_on import Denied
from ...storage.directory import Person
from ...storage.sessions import Session
from ..steps import Steps, step_uri
from ..visit import SECTIONS, Onward, Visit, see_other

#: What forms of these pages are bound to.
PURPOSE: Final = "account"


@dataclass(frozen=True)
class Own:
    """Whoever is there, and has just proved it.

    Attributes:
        known: With what they could prove it.
    """

    session: Session
    person: Person
    known: Known


@dataclass(frozen=True)
class Frame:
    """Nothing on these pages is shown to, or done for, who has not just proved who they are."""

    steps: Steps
    account: Callable[[], OwnAccount]

    def behind_proof(self, visit: Visit, section: str, go_on: Callable[[Visit, Own], Response]) -> Response:
        """What ``go_on`` answers; or first what has to be proved for it."""
        onward = Onward(account=True, section=section)
        session, person = visit.guest.session, visit.guest.person
        if session is None or person is None:
            return see_other(onward.sign_in_uri)
        account = self.account()
        known = account.known(session, person)
        if account.is_fresh(known, now=visit.now):
            return go_on(visit, Own(session, person, known))
        requirement = account.requirement(known)
        try:
            pending = self.steps.sign_on.step_up(visit.caller, session, person, requirement, onward.fields)
        except (Denied, OutOfTurn):
            return self.steps.pages.problem("refused", visit.request, status=403, code="access_denied")
        return see_other(step_uri(pending))

    def checked(self, visit: Visit, section: str, go_on: Callable[[Visit, Own], Response]) -> Response:
        """The same for a form, which has to be one of ours. Raises BadForm."""
        if visit.guest.session is not None:
            visit.check(PURPOSE, section)
        return self.behind_proof(visit, section, go_on)

    def show(
        self,
        visit: Visit,
        own: Own,
        section: str,
        values: Mapping[str, Any],
        *,
        problem: str = "",
        status: int = 200,
        script: str | None = None,
        images: tuple[str, ...] = (),
    ) -> Response:
        """The page of a section. ``problem``: key of what went wrong."""
        pages, request = self.steps.pages, visit.request
        shown: dict[str, Any] = {
            "login": own.person.user.login,
            "problem": pages.text(problem, request) if problem else "",
            "sections": [
                {"uri": _uri(name), "text": pages.text(f"account.nav.{name or 'factors'}", request), "name": name}
                for name in ("", *SECTIONS)
            ],
            "here": section,
            "fields": {"csrf": visit.guest.csrf(PURPOSE, section)},
        }
        template = f"account_{section}.html" if section else "account.html"
        return pages.show(template, request, shown | dict(values), status=status, script=script, images=images)

    def back(self, section: str) -> Response:
        """The page of a section, as it is now."""
        return see_other(_uri(section))


def _uri(section: str) -> str:
    return f"/account/{section}" if section else "/account"
