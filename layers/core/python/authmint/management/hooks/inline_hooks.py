"""``/api/v1/inlineHooks``: hooks that are asked, and waited for (docs/protocol.md §39.1)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

from ...clock import timestamp
from ...hooks.calls import HookCalls, HookFailed
from ...http import Response
from ...ids import Ids
from ...keys.vault import SecretSeals
from ...policy.sign_on.sign_up import hook_of
from ...storage.hooks import PASSWORD_IMPORT, REGISTRATION, TOKENS, Channel, Hooks, InlineHook
from ...storage.servers import AuthorizationServer, Servers
from ...storage.sign_on_policies import SignOnPolicies, SignOnPolicy
from ..http.call import Call
from ..http.errors import ApiError, invalid_field
from ..http.fields import Fields
from ..http.paging import whole
from .changes import HookResource
from .channels import ChannelReader, channel_json

PATH: Final = "/api/v1/inlineHooks"
TYPES: Final = (TOKENS, REGISTRATION, PASSWORD_IMPORT)
_PAGE: Final = 200


class InlineHooks(HookResource[InlineHook]):
    """Inline hooks, their lifecycle, and a try of one."""

    path = PATH
    parameter = "inlineHookId"
    word = "inline_hook"
    kind = "InlineHook"

    def __init__(
        self,
        records: Hooks[InlineHook],
        seals: SecretSeals,
        calls: HookCalls,
        servers: Servers,
        policies: SignOnPolicies,
        ids: Ids,
        *,
        allow_private: bool = False,
    ) -> None:
        super().__init__(records, seals, calls)
        self._servers = servers
        self._policies = policies
        self._ids = ids
        self._channels = ChannelReader(("HTTP", "OAUTH", "LAMBDA"), allow_private=allow_private)

    def list(self, call: Call) -> Response:
        """All, or those of a ``type``."""
        wanted = call.request.query_value("type")
        hooks = [hook for hook in self.records.all().hooks if wanted in {None, "", hook.type}]
        return whole(call.request, [self.json(hook, call) for hook in hooks])

    def create(self, call: Call) -> Response:
        """200. ACTIVE, whatever the body says."""
        body = call.body()
        hook_type = body.choice("type", TYPES, "", required=True)
        hook = InlineHook(self._ids.object_id("cal"), "", hook_type, Channel(), call.now, call.now)
        made, secret = self._read(body, hook, None)
        return self.added(call, replace(made, channel=self.sealed(made.id, made.channel, secret)))

    def replace(self, call: Call) -> Response:
        """200. ``status`` and ``type`` stay."""
        return self._replaced(call, partial=False)

    def update(self, call: Call) -> Response:
        """200. What is left out stays as it was."""
        return self._replaced(call, partial=True)

    def _replaced(self, call: Call, *, partial: bool) -> Response:
        self.found(call)
        seal = cache(self.sealed)  # once, however often the change is tried

        def change(before: InlineHook) -> InlineHook:
            body = call.body()
            if body.has("type") and body.raw("type") != before.type:
                raise invalid_field("type", "The type of a hook cannot be changed.")
            after, secret = self._read(body, before, before.channel, partial=partial)
            return replace(after, channel=seal(before.id, after.channel, secret))

        return self.changed(call, change, "updated")

    def _read(
        self, body: Fields, base: InlineHook, before: Channel | None, *, partial: bool = False
    ) -> tuple[InlineHook, str | None]:
        name = body.text("name", required=not partial) or base.name
        version = body.text("version", longest=20) or (base.hook_version if partial else "1.0.0")
        if partial and before is not None and not body.has("channel"):
            body.check()
            return replace(base, name=name, hook_version=version), None
        if not body.has("channel"):
            body.problem("channel", "The field cannot be left blank")
        channel, secret = self._channels.read(body.below("channel"), before, partial=partial)
        body.check()
        return replace(base, name=name, hook_version=version, channel=channel), secret

    def execute(self, call: Call) -> Response:
        """200 with what the hook answers to the body; 204 where it says nothing."""
        hook = self.found(call)
        if hook.status != "ACTIVE":
            raise ApiError("E0000107", causes=["The hook is not active."])
        said = ask(self.calls, hook, call.json())
        return Response(204) if said is None else Response.json(200, said)

    def check_unused(self, hook: InlineHook) -> None:
        using = [f"The rule '{rule}' of the server '{server}' uses it." for server, rule in self._uses(hook.id)]
        using += [f"The policy '{policy.name}' uses it." for policy in self._sign_ups(hook.id)]
        if using:
            raise ApiError("E0000107", causes=using)

    def _uses(self, hook_id: str) -> Iterator[tuple[str, str]]:
        after = None
        while page := self._servers.list(after=after, limit=_PAGE):
            for summary in page:
                yield from _rules_with(self._servers.get(summary.id), hook_id)
            after = page[-1].id

    def _sign_ups(self, hook_id: str) -> Iterator[SignOnPolicy]:
        for policy in self._policies.of_type("PROFILE_ENROLLMENT").policies:
            if any(hook_of(rule) == hook_id for rule in policy.rules):
                yield policy

    def json(self, hook: InlineHook, call: Call) -> dict[str, Any]:
        return {
            "id": hook.id,
            "status": hook.status,
            "name": hook.name,
            "type": hook.type,
            "version": hook.hook_version,
            "channel": channel_json(hook.channel),
            "created": timestamp(hook.created_at),
            "lastUpdated": timestamp(hook.updated_at),
            "_links": self.links(hook, call, "execute"),
        }


def ask(calls: HookCalls, hook: InlineHook, question: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a hook answers. Raises ApiError: it does not answer, not in time, or what nobody can read."""
    try:
        return calls.ask(hook.id, hook.channel, question)
    except HookFailed as failed:
        raise ApiError("E0000137" if failed.slow else "E0000134", causes=[str(failed)]) from None


def _rules_with(server: AuthorizationServer, hook_id: str) -> Iterator[tuple[str, str]]:
    for policy in server.policies:
        yield from ((server.name, rule.name) for rule in policy.rules if rule.inline_hook == hook_id)
