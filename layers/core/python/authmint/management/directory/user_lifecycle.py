"""``/api/v1/users/{id}/lifecycle/…`` (docs/protocol.md §27.1): what moves a user from STAGED to DEPROVISIONED."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from ...directory.lockout import forgiven
from ...directory.recovery_tokens import issue
from ...http import Response
from ...storage.events import Event
from ...storage.outbox import Mail
from ...storage.users import RecoveryToken, User, UserStatus
from ..http.call import Call
from ..http.errors import ApiError, invalid
from .people import PeopleRecords, user_party

#: Seconds that somebody has to choose a first password.
ACTIVATION_LIFETIME: Final = 7 * 86_400


def moved(user: User, status: UserStatus, now: int) -> User:
    """The user in another status. Who is not locked any more starts to count anew."""
    return replace(
        forgiven(user),
        status=status,
        status_changed_at=now,
        updated_at=now,
        activated_at=now if status in {"ACTIVE", "PROVISIONED"} and user.activated_at is None else user.activated_at,
        token_generation=user.token_generation + (status == "DEPROVISIONED"),
    )


def activation(user: User, records: PeopleRecords, call: Call) -> tuple[User, Sequence[Mail]]:
    """The user with a ticket for a first password, and the mail that has it; as it was where no mail is sent."""
    if not records.letters.on:
        return user, ()
    text, ticket = _ticket(user, records, call)
    values = {"activationLink": call.url(f"/welcome/{text}"), "activationToken": text}
    mails = records.letters.to(user, "UserActivation", values, now=call.now, lifetime=ACTIVATION_LIFETIME)
    return replace(user, ticket=ticket), mails


def _ticket(user: User, records: PeopleRecords, call: Call) -> tuple[str, RecoveryToken]:
    return issue(user.id, "activation", records.ids, now=call.now, lifetime=ACTIVATION_LIFETIME)


class UserLifecycle:
    """Changes of a user's status."""

    def __init__(self, records: PeopleRecords) -> None:
        self._records = records

    def activate(self, call: Call) -> Response:
        """200. A user with a password becomes ACTIVE; one without is PROVISIONED until one is chosen."""

        def allowed(user: User) -> None:
            if user.status not in {"STAGED", "DEPROVISIONED"}:
                raise ApiError("E0000016")

        return self._activation(call, allowed, "user.lifecycle.activate")

    def reactivate(self, call: Call) -> Response:
        """200, with a new token for who has not chosen a password yet."""

        def allowed(user: User) -> None:
            if user.status != "PROVISIONED":
                raise ApiError("E0000038")

        return self._activation(call, allowed, "user.lifecycle.reactivate")

    def _activation(self, call: Call, allowed: Callable[[User], None], event_type: str) -> Response:
        told = call.request.query_value("sendEmail") == "false"
        answer: dict[str, Any] = {}
        sent: list[Mail] = []

        def change(before: User) -> tuple[User, Sequence[Event]]:
            allowed(before)
            event = call.recorder.event(event_type, user_party(before))
            if before.password is not None:
                return moved(before, "ACTIVE", call.now), [event]
            after = moved(before, "PROVISIONED", call.now)
            if told:
                text, ticket = _ticket(before, self._records, call)
                answer.update(activationUrl=call.url(f"/welcome/{text}"), activationToken=text)
                return replace(after, ticket=ticket), [event]
            after, mails = activation(after, self._records, call)
            sent[:] = mails
            return after, [event]

        self._records.change(call, change, lambda _: sent)
        return Response.json(200, answer)

    def deactivate(self, call: Call) -> Response:
        """200 ``{}``; again, the same."""

        def change(before: User) -> tuple[User, Sequence[Event]]:
            if before.status == "DEPROVISIONED":
                return before, ()
            after = replace(moved(before, "DEPROVISIONED", call.now), ticket=None)
            return after, [call.recorder.event("user.lifecycle.deactivate", user_party(before))]

        self._records.change(call, change)
        return Response.json(200, {})

    def suspend(self, call: Call) -> Response:
        refusal = invalid("suspendUser", "Cannot suspend a user that is not active")
        return self._move(call, "ACTIVE", "SUSPENDED", "user.lifecycle.suspend", refusal)

    def unsuspend(self, call: Call) -> Response:
        refusal = invalid("unsuspendUser", "Cannot unsuspend a user that is not suspended")
        return self._move(call, "SUSPENDED", "ACTIVE", "user.lifecycle.unsuspend", refusal)

    def unlock(self, call: Call) -> Response:
        refusal = ApiError("E0000032", causes=["The user is not locked out."])
        return self._move(call, "LOCKED_OUT", "ACTIVE", "user.account.unlock", refusal)

    def _move(self, call: Call, seen: UserStatus, status: UserStatus, event_type: str, refusal: ApiError) -> Response:
        def change(before: User) -> tuple[User, Sequence[Event]]:
            if before.status != seen:
                raise refusal
            return moved(before, status, call.now), [call.recorder.event(event_type, user_party(before))]

        self._records.change(call, change)
        return Response.json(200, {})
