"""What inline hooks and event hooks have in common: how they are found and changed (docs/protocol.md §39.1)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, Generic, TypeVar

from ...hooks.calls import CHANNEL_SECRET, HookCalls
from ...http import Response
from ...keys.vault import SecretSeals
from ...storage.events import Event, Party
from ...storage.hooks import Channel, EventHook, HookList, Hooks, InlineHook
from ...storage.servers import Status
from ..directory.people import TAKEN
from ..http.call import NO_CONTENT, Call, link
from ..http.errors import ApiError, invalid_field, not_found
from ..http.paging import whole

_H = TypeVar("_H", InlineHook, EventHook)
MOST: Final = 100


class HookResource(Generic[_H]):
    """Hooks of one kind.

    Attributes:
        path: Of the list.
        parameter: Of the path of one.
        word: What its events are called by.
        kind: What the API calls one where it is not there.
    """

    path: str
    parameter: str
    word: str
    kind: str

    def __init__(self, records: Hooks[_H], seals: SecretSeals, calls: HookCalls) -> None:
        self.records: Hooks[_H] = records
        self.seals = seals
        self.calls = calls

    def json(self, hook: _H, call: Call) -> dict[str, Any]:
        """A hook as it is shown."""
        raise NotImplementedError

    def list(self, call: Call) -> Response:
        """All of them, in ascending id."""
        return whole(call.request, [self.json(hook, call) for hook in self.records.all().hooks])

    def get(self, call: Call) -> Response:
        return Response.json(200, self.json(self.found(call), call))

    def activate(self, call: Call) -> Response:
        return self.switched(call, "ACTIVE", "activated")

    def deactivate(self, call: Call) -> Response:
        return self.switched(call, "INACTIVE", "deactivated")

    def switched(self, call: Call, status: Status, verb: str) -> Response:
        """200 with the hook, which has this status now."""
        return self.changed(call, lambda before: replace(before, status=status), verb)

    def found(self, call: Call, listed: HookList[_H] | None = None) -> _H:
        """The hook of the path. Raises ApiError (E0000007)."""
        hook_id = call.params[self.parameter]
        hooks = (listed or self.records.all()).hooks
        found = next((hook for hook in hooks if hook.id == hook_id), None)
        if found is None:
            raise not_found(hook_id, self.kind)
        return found

    def added(self, call: Call, made: _H) -> Response:
        """200 with a new hook."""

        def attempt() -> _H:
            listed = self.records.all()
            if len(listed.hooks) >= MOST:
                raise invalid_field("name", f"There can be at most {MOST}.")
            self._check_name(made, listed)
            self.records.save(None, made, self.events("created", made, call), seen=listed)
            return made

        return Response.json(200, self.json(call.retrying(attempt), call))

    def changed(self, call: Call, change: Callable[[_H], _H], verb: str) -> Response:
        """200 with a hook as it is after a change."""

        def attempt() -> _H:
            listed = self.records.all()
            before = self.found(call, listed)
            after = change(before)
            if after == before:
                return before
            self._check_name(after, listed)
            after = replace(after, updated_at=call.now)
            self.records.save(before, after, self.events(verb, after, call), seen=listed)
            return after

        return Response.json(200, self.json(call.retrying(attempt), call))

    def delete(self, call: Call) -> Response:
        """204: only an INACTIVE one, and none that something uses."""

        def attempt() -> None:
            listed = self.records.all()
            hook = self.found(call, listed)
            if hook.status == "ACTIVE":
                raise ApiError("E0000107", causes=["The hook must be deactivated before it is deleted."])
            self.check_unused(hook)
            self.records.save(hook, None, self.events("deleted", hook, call), seen=listed)

        call.retrying(attempt)
        return NO_CONTENT

    def check_unused(self, hook: _H) -> None:
        """Raises ApiError (E0000107) where something uses the hook."""

    def sealed(self, hook_id: str, channel: Channel, secret: str | None) -> Channel:
        """The channel with its new secret, where it has one. Raises Outage."""
        if secret is None:
            return channel
        return replace(channel, sealed=self.seals.seal(hook_id, CHANNEL_SECRET, secret))

    def events(self, verb: str, hook: _H, call: Call) -> Sequence[Event]:
        """What is recorded of a change."""
        party = Party(hook.id, self.kind, display_name=hook.name)
        return [call.recorder.event(f"{self.word}.{verb}", party)]

    def links(self, hook: _H, call: Call, question: str) -> dict[str, Any]:
        """``question``: what an ACTIVE one can be asked to do."""
        href = call.url(f"{self.path}/{hook.id}")
        own = {"self": {"href": href}}
        if hook.status == "ACTIVE":
            where = f"{href}/execute" if question == "execute" else f"{href}/lifecycle/{question}"
            return own | {question: link(where, "POST"), "deactivate": link(f"{href}/lifecycle/deactivate", "POST")}
        return {"activate": link(f"{href}/lifecycle/activate", "POST"), **own, "delete": link(href, "DELETE")}

    def _check_name(self, made: _H, listed: HookList[_H]) -> None:
        if any(hook.name == made.name and hook.id != made.id for hook in listed.hooks):
            raise invalid_field("name", TAKEN)
