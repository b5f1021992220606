"""Operations about hooks (docs/protocol.md §39)."""

from dataclasses import dataclass

from ...hooks.calls import HookCalls
from ...ids import Ids
from ...keys.vault import SecretSeals
from ...storage.hooks import EventHook, Hooks, InlineHook
from ...storage.servers import Servers
from ...storage.sign_on_policies import SignOnPolicies
from ..http.call import Operation
from ..http.crud import add_crud, add_lifecycle
from ..http.routes import Routes
from ..servers.previewed_hook import PreviewedHooks
from .event_hooks import PATH as EVENTS
from .event_hooks import EventHooksResource
from .inline_hooks import PATH, InlineHooks


@dataclass(frozen=True)
class HookRecords:
    """Hooks, what seals their secrets, what asks them, and what shows what they would be asked.

    Attributes:
        allow_private: On a local stack only: endpoints may be plain http.
    """

    inline_hooks: Hooks[InlineHook]
    event_hooks: Hooks[EventHook]
    seals: SecretSeals
    calls: HookCalls
    previews: PreviewedHooks
    policies: SignOnPolicies
    allow_private: bool = False


def add_hooks(routes: Routes[Operation], hooks: HookRecords, servers: Servers, ids: Ids) -> None:
    """Their routes."""
    inline = InlineHooks(
        hooks.inline_hooks,
        hooks.seals,
        hooks.calls,
        servers,
        hooks.policies,
        ids,
        allow_private=hooks.allow_private,
    )
    add_crud(routes, PATH, "{inlineHookId}", inline)
    add_lifecycle(routes, PATH, "{inlineHookId}", inline)
    routes.add("POST", f"{PATH}/{{inlineHookId}}", inline.update)
    routes.add("POST", f"{PATH}/{{inlineHookId}}/execute", inline.execute)
    events = EventHooksResource(hooks.event_hooks, hooks.seals, hooks.calls, ids, allow_private=hooks.allow_private)
    add_crud(routes, EVENTS, "{eventHookId}", events)
    add_lifecycle(routes, EVENTS, "{eventHookId}", events)
    routes.add("POST", f"{EVENTS}/{{eventHookId}}/lifecycle/verify", events.verify)
    routes.add("POST", f"{EVENTS}/{{eventHookId}}/signingSecret", events.new_signing_secret)
