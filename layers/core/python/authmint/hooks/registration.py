"""The registration hook (docs/protocol.md §39.9): whether somebody may register, and with which profile."""

from collections.abc import Mapping
from typing import Any, Final

from ..audit.builder import EventBuilder
from ..http import Request
from ..storage.errors import NotFound
from ..storage.events import Party
from ..storage.hooks import REGISTRATION, InlineHook
from .calls import HookFailed
from .questions import HookAsker, question, request_json

_REQUEST_TYPE: Final = "self.service.registration"
_UPDATE: Final = "com.okta.user.profile.update"
#: The second is how examples of the compatible product spell it.
_ACTION: Final = frozenset({"com.okta.action.update", "com.action.update"})
#: Where causes lie in what was sent.
_PROFILE: Final = "data.userProfile."
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
        hook = self._hook(hook_id)
        about = Party(hook_id, "InlineHook", display_name=hook.name if hook else None)
        try:
            if hook is None:
                raise HookFailed("the hook is not there, or not active")
            answer = self.calls.ask_persistently(hook.id, hook.channel, self._question(hook, profile, request))
        except HookFailed as failed:
            self._tell("executed", about, profile, request, str(failed))
            raise RegistrationDenied(FAILED) from None
        self._tell("executed", about, profile, request, "")
        if answer is None:
            return dict(profile)
        try:
            changed = _changed(profile, answer)
        except RegistrationDenied as denied:
            self._tell("response.processed", about, profile, request, str(denied))
            raise
        self._tell("response.processed", about, profile, request, "")
        return changed

    def _hook(self, hook_id: str) -> InlineHook | None:
        try:
            hook = self.hooks.get(hook_id)
        except NotFound:
            return None
        return hook if hook.type == REGISTRATION and hook.status == "ACTIVE" else None

    def _question(self, hook: InlineHook, profile: Mapping[str, Any], request: Request) -> dict[str, Any]:
        data = {
            "context": {"request": request_json(request, request.path)},
            "userProfile": dict(profile),
            "action": "ALLOW",
        }
        return question(REGISTRATION, hook.id, data, clock=self.clock, ids=self.ids, requestType=_REQUEST_TYPE)

    def _tell(self, name: str, hook: Party, profile: Mapping[str, Any], request: Request, failure: str) -> None:
        person = Party("unknown", "User", str(profile.get("login", "")))
        debug = {"inline_hook_type": REGISTRATION, "inline_hook": hook.id, "error_message": failure}
        builder = EventBuilder(request, self.clock, self.ids)
        self.emit(
            builder.event(f"inline_hook.{name}", actor=person, targets=(hook,), reason=failure or None, debug=debug)
        )


def _changed(profile: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
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
        if kind == _UPDATE and isinstance(value, dict):
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
    return location.removeprefix(_PROFILE) if isinstance(location, str) and location.startswith(_PROFILE) else ""


def _text(value: Any) -> str:
    return value.strip()[:_LONGEST_TEXT] if isinstance(value, str) else ""
