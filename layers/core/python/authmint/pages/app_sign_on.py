"""What an app asks of whoever lets it in by a page of ours, without a browser of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..http import Response
from ..policy.sign_on.assurance import Assurance
from ..sign_on.context_classes import CLASSES, ONE_FACTOR, TWO_IF_POSSIBLE, reached
from ..sign_on.next_step import Known, with_assurances
from ..sign_on.requirement import AppDemands, Demanded, Outcome, OutOfTurn, Requirement
from ..sign_on.sign_on import Denied, Pending, SignOn
from ..storage.clients import Client
from ..storage.directory import Person
from ..storage.sessions import Session
from .documents import HostedPages
from .sign_on_events import SignOnEvents
from .steps import step_uri
from .visit import Onward, Visit, see_other

if TYPE_CHECKING:  # most requests ask for nothing that a session does not give
    from ..sign_on.factor_steps import FactorSteps


@dataclass(frozen=True)
class Wanted:
    """For what somebody has to prove who they are.

    Attributes:
        asked_at: Unix seconds: what they proved since then was for it.
        onward: How they come back to the page.
        classes: ``acr_values``: with any, they prove it for this very request.
        told: Whether what the policy lets pass goes into the log.
    """

    client: Client
    asked_at: int
    onward: Onward
    classes: Sequence[str] = ()
    told: bool = True


@dataclass(frozen=True)
class AppSignOn:
    """Asks the app's policy, and what is missing of the browser."""

    pages: HostedPages
    sign_on: SignOn
    demands: AppDemands
    journal: SignOnEvents
    factors: "Callable[[], FactorSteps]"

    def first(
        self, visit: Visit, session: Session, person: Person, wanted: Wanted
    ) -> tuple[Response | None, str | None]:
        """What comes before an approval; ``None``: nothing does, and the class that is reached, if any is asked for."""

        def judged(outcome: Outcome, detail: str = "") -> None:
            if wanted.told or outcome != "ALLOW":
                self.journal.judged(visit.request, person.user, demanded, outcome, detail, wanted.client)

        caller = replace(visit.caller, assessment=session.assessment)
        demanded = self.demands.of_app(wanted.client, person, caller, now=visit.now)
        if demanded.denied:
            judged("DENY")
            return self._refused(visit), None
        for acr, requirement in self._ways(demanded, session, person, wanted):
            try:
                pending = self._missing(visit, session, person, wanted, requirement)
            except Denied:
                continue
            judged("ALLOW" if pending is None else "ENROL" if pending.step.name == "enrol" else "CHALLENGE")
            return (None, acr) if pending is None else (see_other(step_uri(pending)), None)
        judged("DENY", "cannot be satisfied")
        return self._refused(visit), None

    def _missing(
        self, visit: Visit, session: Session, person: Person, wanted: Wanted, requirement: Requirement
    ) -> Pending | None:
        """The step that is missing. Raises Denied."""
        if not requirement.assurances and requirement.profile is None:
            return None
        may = self.demands.enrolments(person, visit.caller, now=visit.now)
        asked = replace(requirement, asked_at=wanted.asked_at, enrolments=replace(may, required=()))
        try:
            return self.sign_on.step_up(visit.caller, session, person, asked, wanted.onward.fields)
        except OutOfTurn:
            return None

    def _ways(
        self, demanded: Demanded, session: Session, person: Person, wanted: Wanted
    ) -> list[tuple[str | None, Requirement]]:
        """What would do, best first, each with the class that it is."""
        asks = demanded.requirement
        if not wanted.classes:
            return [(None, asks)]
        known = [name for name in wanted.classes if name in CLASSES]
        if not known:  # a voluntary wish (OpenID Connect Core §3.1.2.1)
            return [(reached(session.proved), with_assurances(asks, [_fresh(ONE_FACTOR)]))]
        return [(name, with_assurances(asks, [self._asks_for(name, session, person)])) for name in known]

    def _asks_for(self, name: str, session: Session, person: Person) -> Assurance:
        if name == TWO_IF_POSSIBLE:
            user = person.user
            known = Known(user.id, session.auth_time, session.proved, has_password=user.password is not None)
            if not self.factors().known(known, user).factors:
                return _fresh(ONE_FACTOR)
        return _fresh(name)

    def _refused(self, visit: Visit) -> Response:
        return self.pages.problem("refused", visit.request, status=403, code="access_denied")


def _fresh(name: str) -> Assurance:
    """What a class asks for, proved for this very request."""
    return replace(CLASSES[name], reauthenticate_in=0)
