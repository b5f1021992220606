"""The password import hook (docs/protocol.md §39.8): another directory is asked about a password that it knows."""

from collections.abc import Mapping
from typing import Any, Final

from ..audit.builder import EventBuilder
from ..http import Request
from ..storage.events import Party
from ..storage.hooks import PASSWORD_IMPORT, InlineHook
from ..storage.users import User
from .calls import HookFailed
from .questions import HookAsker, question, request_json

_COMMAND: Final = "com.okta.action.update"
_NOBODY_TO_ASK: Final = "no hook for imported passwords is active"


class AskedPasswordImports(HookAsker):
    """``PasswordImports``: asks the hook of that type that was made first, of those that are ACTIVE."""

    def verified(self, user: User, password: str, request: Request) -> bool | None:
        active = (hook for hook in self.hooks.all().hooks if hook.type == PASSWORD_IMPORT and hook.status == "ACTIVE")
        hook = next(active, None)
        if hook is None:
            self._tell(None, user, request, _NOBODY_TO_ASK)
            return None
        asked = self._question(user, password, request)
        try:
            answer = self.calls.ask_persistently(hook.id, hook.channel, asked)
        except HookFailed as failed:
            self._tell(hook, user, request, str(failed))
            return None
        self._tell(hook, user, request, "")
        return _is_verified(answer or {})

    def _question(self, user: User, password: str, request: Request) -> dict[str, Any]:
        data = {
            "context": {
                "request": request_json(request, request.path),
                "credential": {"username": user.login, "password": password},
            },
            "action": {"credential": "UNVERIFIED"},
        }
        source = f"{request.base_url}{request.path}"
        return question(PASSWORD_IMPORT, source, data, clock=self.clock, ids=self.ids)

    def _tell(self, hook: InlineHook | None, user: User, request: Request, failure: str) -> None:
        about = Party("unknown", "InlineHook") if hook is None else Party(hook.id, "InlineHook", display_name=hook.name)
        person = Party(user.id, "User", user.login)
        debug = {"inline_hook_type": PASSWORD_IMPORT, "inline_hook": about.id, "error_message": failure}
        builder = EventBuilder(request, self.clock, self.ids)
        self.emit(
            builder.event(
                "inline_hook.executed", actor=person, targets=(about, person), reason=failure or None, debug=debug
            )
        )


def _is_verified(answer: Mapping[str, Any]) -> bool:
    """Whether all that the answer says is that it is. An error says that it is not, whatever else is said."""
    commands = answer.get("commands")
    if answer.get("error") is not None or not isinstance(commands, list):
        return False
    return bool(commands) and all(_says_so(command) for command in commands)


def _says_so(command: Any) -> bool:
    if not isinstance(command, dict) or command.get("type") != _COMMAND:
        return False
    value = command.get("value")
    return isinstance(value, dict) and value.get("credential") == "VERIFIED"
