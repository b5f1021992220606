"""``/api/v1/eventHooks``: hooks that are told of events (docs/protocol.md §39.6)."""

import re
from dataclasses import replace
from functools import cache
from typing import Any, Final

import msgspec

from ...clock import timestamp
from ...hooks.calls import HookCalls, HookFailed
from ...hooks.events import SIGNING_SECRET
from ...hooks.signatures import SECRET_BYTES, secret_of
from ...http import Response
from ...ids import Ids
from ...keys.vault import SecretSeals
from ...storage.hooks import Channel, EventHook, Hooks
from ...storage.servers import Status
from ..http.call import Call
from ..http.errors import invalid, invalid_field
from ..http.fields import Fields
from .changes import HookResource
from .channels import ChannelReader, channel_json

PATH: Final = "/api/v1/eventHooks"
MOST_TELLING: Final = 25
_MOST_TYPES: Final = 300
_EVENT_TYPE: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[A-Za-z0-9_]+)+", re.ASCII)
#: No hook is told of these: they come by the thousand, or of telling hooks.
_NOT_ELIGIBLE: Final = frozenset(
    {"user.authentication.verify", "policy.evaluate_sign_on", "user.mfa.attempt_bypass", "event_hook.delivery"}
)
_CHALLENGE_BYTES: Final = 24


class EventHooksResource(HookResource[EventHook]):
    """Event hooks, their lifecycle, and the proof that an endpoint wants them."""

    path = PATH
    parameter = "eventHookId"
    word = "event_hook"
    kind = "Webhook"

    def __init__(
        self,
        records: Hooks[EventHook],
        seals: SecretSeals,
        calls: HookCalls,
        ids: Ids,
        *,
        allow_private: bool = False,
    ) -> None:
        super().__init__(records, seals, calls)
        self._ids = ids
        self._channels = ChannelReader(("HTTP",), allow_private=allow_private)

    def create(self, call: Call) -> Response:
        """200. ACTIVE, whatever the body says, and not verified."""
        hook = EventHook(
            id=self._ids.object_id("who"),
            name="",
            channel=Channel(),
            event_types=(),
            created_at=call.now,
            updated_at=call.now,
            created_by=call.caller.user_id or call.caller.id,
            base_url=call.request.base_url,
        )
        made, secret = self._read(call.body(), hook, None)
        return self.added(call, replace(made, channel=self.sealed(made.id, made.channel, secret)))

    def replace(self, call: Call) -> Response:
        """200. Another channel has to be verified anew; ``status`` counts."""
        self.found(call)
        seal = cache(self.sealed)  # once, however often the change is tried

        def change(before: EventHook) -> EventHook:
            body = call.body()
            status: Status = body.choice("status", ("ACTIVE", "INACTIVE"), before.status)
            after, secret = self._read(body, before, before.channel)
            after = replace(after, channel=seal(before.id, after.channel, secret), base_url=call.request.base_url)
            verified = before.verified and after.channel == before.channel
            return _telling(replace(after, status=status, verified=verified), before, call.now)

        return self.changed(call, self._counted(change), "updated")

    def switched(self, call: Call, status: Status, verb: str) -> Response:
        def change(before: EventHook) -> EventHook:
            return _telling(replace(before, status=status), before, call.now)

        return self.changed(call, self._counted(change), verb)

    def verify(self, call: Call) -> Response:
        """200 with the hook, VERIFIED, where its endpoint answers the challenge."""
        hook = self.found(call)
        self._challenge(hook)

        def change(before: EventHook) -> EventHook:
            if before.channel != hook.channel:
                raise invalid(hook.name, "The endpoint was changed while it was verified.")
            return _telling(replace(before, verified=True), before, call.now)

        return self.changed(call, self._counted(change), "verified")

    def new_signing_secret(self, call: Call) -> Response:
        """200 with a new secret, shown this once. Deliveries are signed with it and with the one before."""
        hook = self.found(call)
        secret = secret_of(self._ids.opaque(SECRET_BYTES))
        sealed = self.seals.seal(hook.id, SIGNING_SECRET, secret)
        self.changed(call, lambda before: replace(before, signing=(sealed, *before.signing[:1])), "updated")
        return Response.json(200, {"signingSecret": secret})

    def _challenge(self, hook: EventHook) -> None:
        """Raises ApiError (E0000001): the endpoint does not say what it was asked to say."""
        value = self._ids.opaque(_CHALLENGE_BYTES)
        asked = {"x-okta-verification-challenge": value}
        try:
            answer = self.calls.send(hook.id, hook.channel, None, asked, method="GET")
        except HookFailed as failed:
            raise invalid(hook.name, f"The endpoint could not be verified: {failed}.") from None
        try:
            said = msgspec.json.decode(answer.content)
        except (msgspec.DecodeError, RecursionError):
            said = None
        if answer.status != 200 or not isinstance(said, dict) or said.get("verification") != value:
            raise invalid(hook.name, "The endpoint did not answer the challenge.")

    def _counted(self, change: Any) -> Any:
        """The change, unless it makes more hooks tell than may."""

        def counted(before: EventHook) -> EventHook:
            after: EventHook = change(before)
            others = [hook for hook in self.records.all().hooks if hook.since and hook.id != before.id]
            if after.since and not before.since and len(others) >= MOST_TELLING:
                raise invalid_field("status", f"At most {MOST_TELLING} hooks can be active and verified.")
            return after

        return counted

    def _read(self, body: Fields, base: EventHook, before: Channel | None) -> tuple[EventHook, str | None]:
        name = body.text("name", required=True) or ""
        description = body.text("description", longest=1_000)
        events = body.below("events")
        events.choice("type", ("EVENT_TYPE",), "EVENT_TYPE")
        types = events.texts("items", most=_MOST_TYPES) or ()
        if not types:
            events.problem("items", "The field cannot be left blank")
        if wrong := [one for one in types if one in _NOT_ELIGIBLE or not _EVENT_TYPE.fullmatch(one)]:
            events.problem("items", f"'{wrong[0]}' is not a type of events that hooks are told of.")
        if events.has("filter"):
            events.problem("filter", "Filters are not supported: a hook that ignored them would tell too much.")
        if not body.has("channel"):
            body.problem("channel", "The field cannot be left blank")
        channel, secret = self._channels.read(body.below("channel"), before)
        body.check()
        event_types = tuple(sorted(types))
        return replace(base, name=name, description=description, event_types=event_types, channel=channel), secret

    def json(self, hook: EventHook, call: Call) -> dict[str, Any]:
        return {
            "id": hook.id,
            "status": hook.status,
            "verificationStatus": "VERIFIED" if hook.verified else "UNVERIFIED",
            "name": hook.name,
            "description": hook.description,
            "created": timestamp(hook.created_at),
            "createdBy": hook.created_by,
            "lastUpdated": timestamp(hook.updated_at),
            "events": {"type": "EVENT_TYPE", "items": list(hook.event_types), "filter": None},
            "channel": channel_json(hook.channel),
            "_links": self.links(hook, call, "verify"),
        }


def _telling(after: EventHook, before: EventHook, now: int) -> EventHook:
    """The hook with the time from which on it is told: that at which it became ACTIVE and VERIFIED."""
    tells = after.status == "ACTIVE" and after.verified
    return replace(after, since=(before.since or now) if tells else 0)
