"""Policies of people that say what a test wants."""

from collections.abc import Callable
from dataclasses import dataclass, field

from authmint.http import Request
from authmint.sign_on.requirement import NOTHING_MORE, Attempt, Demanded, Enrolments, Outcome
from authmint.storage.clients import Client
from authmint.storage.directory import Person
from authmint.storage.users import User


@dataclass
class Asking:
    """``SignOnDemands`` and ``AppDemands``."""

    sign_on: Demanded = NOTHING_MORE
    app: Demanded = NOTHING_MORE
    told: list[str] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def of_sign_on(
        self, person: Person, attempt: Attempt, *, now: int, trusted: Callable[[], bool] | None = None
    ) -> Demanded:
        self.attempts.append(attempt)
        return self.sign_on

    def signed_on(self, user: User, attempt: Attempt, *, now: int) -> None:
        self.attempts.append(attempt)
        self.told.append(f"{user.login} signed on")

    def failed(self, login: str, attempt: Attempt, *, now: int) -> None:
        self.told.append(f"{login} failed")

    def of_app(self, client: Client, person: Person, attempt: Attempt, *, now: int) -> Demanded:
        self.attempts.append(attempt)
        return self.app

    def enrolments(self, person: Person, attempt: Attempt, *, now: int) -> Enrolments:
        return self.app.requirement.enrolments


class Quiet:
    """``Journal`` that nobody reads."""

    def signed_in(self, request: Request, user: User) -> None:
        """Nothing is written."""

    def judged(self, request: Request, user: User, demanded: Demanded, outcome: Outcome, detail: str = "") -> None:
        """Nothing is written."""
