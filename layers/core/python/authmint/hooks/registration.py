"""The registration hook (docs/protocol.md §39.9): whether somebody may register, and with which profile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..audit.builder import EventBuilder
from ..directory.profile import BASE
from ..http import Request
from ..storage.errors import NotFound
from ..storage.events import Party
from ..storage.hooks import REGISTRATION, InlineHook
from ..storage.users import User
from .calls import HookFailed
from .questions import HookAsker, question, request_json

_UPDATE: Final = "com.okta.user.profile.update"
_PROGRESSIVE_UPDATE: Final = "com.okta.user.progressive.profile.update"
#: The second is how examples of the compatible product spell it.
_ACTION: Final = frozenset({"com.okta.action.update", "com.action.update"})
#: Where causes lie in what was sent.
_PLACES: Final = ("data.userProfileUpdate.", "data.userProfile.")
#: What is told of who somebody is.
_TOLD: Final = ("login", "firstName", "lastName", "locale", "timezone")
#: What people are told where the hook does not say, or did not answer.
FAILED: Final = "There was an error creating your account. Please try registering again."
DENIED: Final = "Registration cannot be completed at this time."
_MOST_CAUSES: Final = 20
_LONGEST_TEXT: Final = 500


class RegistrationDenied(Exception):
    """Nobody is made. The message is for whoever registers.

    Attributes:
        causes: More of these, by the attribute that each is about; that is empty where it is about none.
    """

    def __init__(self, message: str, causes: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.causes = causes


@dataclass(frozen=True)
class _Asked:
    """What a hook is asked about.

    Attributes:
        profile: What its commands change.
        person: For the log.
        update: The command that does.
    """

    request_type: str
    data: Mapping[str, Any]
    profile: Mapping[str, Any]
    person: Party
    update: str


class RegistrationHook(HookAsker):
    """Asks the hook that a rule names."""

    def allowed(self, hook_id: str, profile: Mapping[str, Any], request: Request) -> dict[str, Any]:
        """The profile as the hook wants it. It is to be checked like one that was typed: the address in it as well.

        Args:
            hook_id: Of the hook.
            profile: As it was typed, without a password and what is sensitive.
            request: By which it came.

        Raises:
            RegistrationDenied: The hook says no, or did not answer as a hook does.
            Outage: It is not known whom to ask, or its secret cannot be opened now.
        """
        data = _data(request, profile)
        person = Party("unknown", "User", str(profile.get("login", "")))
        return self._asked(hook_id, _Asked("self.service.registration", data, profile, person, _UPDATE), request)

    def completed(self, hook_id: str, user: User, said: Mapping[str, Any], request: Request) -> dict[str, Any]:
        """The same of what somebody who is here already said of themselves on their way in: that, and no more."""
        shown = {name: value for name, value in user.profile.items() if name in BASE}
        data = _data(request, {**shown, **said}) | {"userProfileUpdate": dict(said)}
        data["context"] |= {"user": {"id": user.id, "profile": {name: shown.get(name) for name in _TOLD}}}
        person = Party(user.id, "User", user.login)
        return self._asked(hook_id, _Asked("progressive.profile", data, said, person, _PROGRESSIVE_UPDATE), request)

    def _asked(self, hook_id: str, asked: "_Asked", request: Request) -> dict[str, Any]:
        hook = self._hook(hook_id)
        about = Party(hook_id, "InlineHook", display_name=hook.name if hook else None)
        try:
            if hook is None:
                raise HookFailed("the hook is not there, or not active")
            sent = question(
                REGISTRATION, hook.id, asked.data, clock=self.clock, ids=self.ids, requestType=asked.request_type
            )
            answer = self.calls.ask_persistently(hook.id, hook.channel, sent)
        except HookFailed as failed:
            self._tell("executed", about, asked.person, request, str(failed))
            raise RegistrationDenied(FAILED) from None
        self._tell("executed", about, asked.person, request, "")
        if answer is None:
            return dict(asked.profile)
        try:
            changed = _changed(asked.profile, answer, asked.update)
        except RegistrationDenied as denied:
            self._tell("response.processed", about, asked.person, request, str(denied))
            raise
        self._tell("response.processed", about, asked.person, request, "")
        return changed

    def _hook(self, hook_id: str) -> InlineHook | None:
        try:
            hook = self.hooks.get(hook_id)
        except NotFound:
            return None
        return hook if hook.type == REGISTRATION and hook.status == "ACTIVE" else None

    def _tell(self, name: str, hook: Party, person: Party, request: Request, failure: str) -> None:
        debug = {"inline_hook_type": REGISTRATION, "inline_hook": hook.id, "error_message": failure}
        builder = EventBuilder(request, self.clock, self.ids)
        self.emit(
            builder.event(f"inline_hook.{name}", actor=person, targets=(hook,), reason=failure or None, debug=debug)
        )


def _data(request: Request, profile: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "context": {"request": request_json(request, request.path)},
        "userProfile": dict(profile),
        "action": "ALLOW",
    }


def _changed(profile: Mapping[str, Any], answer: Mapping[str, Any], update: str) -> dict[str, Any]:
    """The profile after all commands. Raises RegistrationDenied."""
    error = answer.get("error")
    if error is not None:
        raise _denied(error)
    commands = answer.get("commands")
    if not isinstance(commands, list | None):
        raise RegistrationDenied(FAILED)
    changed, allowed = dict(profile), True
    for command in commands or ():
        kind, value = (command.get("type"), command.get("value")) if isinstance(command, dict) else (None, None)
        if kind == update and isinstance(value, dict):
            changed |= value
        elif isinstance(kind, str) and kind in _ACTION and isinstance(value, dict):
            allowed = allowed and value.get("registration") == "ALLOW"
        else:
            raise RegistrationDenied(FAILED)
    if not allowed:
        raise RegistrationDenied(DENIED)
    return changed


def _denied(error: Any) -> RegistrationDenied:
    """What the hook says to whoever registers."""
    said = error if isinstance(error, dict) else {}
    causes = said.get("errorCauses")
    found = [
        (_attribute(cause.get("location")), _text(cause.get("errorSummary") or cause.get("reason")))
        for cause in (causes if isinstance(causes, list) else [])[:_MOST_CAUSES]
        if isinstance(cause, dict)
    ]
    return RegistrationDenied(
        _text(said.get("errorSummary")) or DENIED, tuple((attribute, text) for attribute, text in found if text)
    )


def _attribute(location: Any) -> str:
    for place in _PLACES:
        if isinstance(location, str) and location.startswith(place):
            return location.removeprefix(place)
    return ""


def _text(value: Any) -> str:
    return value.strip()[:_LONGEST_TEXT] if isinstance(value, str) else ""
