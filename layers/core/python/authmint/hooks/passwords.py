"""The password import hook (docs/protocol.md §39.8): another directory is asked about a password that it knows."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..audit.builder import EventBuilder
from ..clock import Clock, timestamp
from ..http import Request
from ..ids import Ids
from ..storage.events import Event, Party
from ..storage.hooks import PASSWORD_IMPORT, Hooks, InlineHook
from ..storage.users import User
from .calls import HookCalls, HookFailed

_COMMAND: Final = "com.okta.action.update"
_NOBODY_TO_ASK: Final = "no hook for imported passwords is active"


class AskedPasswordImports:
    """``PasswordImports``: asks the hook of that type that was made first, of those that are ACTIVE.

    Args:
        hooks: All of them.
        calls: Reaches them.
        clock: For events.
        ids: For events.
        emit: Takes events.
    """

    def __init__(
        self, hooks: Hooks[InlineHook], calls: HookCalls, clock: Clock, ids: Ids, emit: Callable[[Event], None]
    ) -> None:
        self._hooks = hooks
        self._calls = calls
        self._clock = clock
        self._ids = ids
        self._emit = emit

    def verified(self, user: User, password: str, request: Request) -> bool | None:
        active = (hook for hook in self._hooks.all().hooks if hook.type == PASSWORD_IMPORT and hook.status == "ACTIVE")
        hook = next(active, None)
        if hook is None:
            self._tell(None, user, request, _NOBODY_TO_ASK)
            return None
        question = self._question(user, password, request)
        try:
            answer = self._answer(hook, question)
        except HookFailed as failed:
            self._tell(hook, user, request, str(failed))
            return None
        self._tell(hook, user, request, "")
        return _is_verified(answer or {})

    def _answer(self, hook: InlineHook, question: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What the hook says, with one more try where its endpoint has trouble. Raises HookFailed, Outage."""
        try:
            return self._calls.ask(hook.id, hook.channel, question)
        except HookFailed as failed:
            if failed.status < 500:
                raise
        return self._calls.ask(hook.id, hook.channel, question)

    def _question(self, user: User, password: str, request: Request) -> dict[str, Any]:
        return {
            "source": f"{request.base_url}{request.path}",
            "eventId": self._ids.opaque(16),
            "eventTime": timestamp(self._clock.now()),
            "eventTypeVersion": "1.0",
            "cloudEventVersion": "0.1",
            "contentType": "application/json",
            "eventType": PASSWORD_IMPORT,
            "data": {
                "context": {
                    "request": {
                        "id": request.request_id,
                        "method": request.method,
                        "url": {"value": request.path},
                        "ipAddress": request.source_ip,
                    },
                    "credential": {"username": user.login, "password": password},
                },
                "action": {"credential": "UNVERIFIED"},
            },
        }

    def _tell(self, hook: InlineHook | None, user: User, request: Request, failure: str) -> None:
        about = Party("unknown", "InlineHook") if hook is None else Party(hook.id, "InlineHook", display_name=hook.name)
        person = Party(user.id, "User", user.login)
        debug = {"inline_hook_type": PASSWORD_IMPORT, "inline_hook": about.id, "error_message": failure}
        builder = EventBuilder(request, self._clock, self._ids)
        self._emit(
            builder.event(
                "inline_hook.executed", actor=person, targets=(about, person), reason=failure or None, debug=debug
            )
        )


def _is_verified(answer: Mapping[str, Any]) -> bool:
    """Whether the answer says so in as many words. An error says that it is not, whatever else is said."""
    commands = answer.get("commands")
    if answer.get("error") is not None or not isinstance(commands, list):
        return False
    said = [
        command["value"].get("credential")
        for command in commands
        if isinstance(command, dict) and command.get("type") == _COMMAND and isinstance(command.get("value"), dict)
    ]
    return bool(said) and all(one == "VERIFIED" for one in said)
