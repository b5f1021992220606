"""What rules cannot do without: methods that somebody has to have, because nothing else that is on would do. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from ...storage.sign_on_policies import SignOnPolicy
from ...storage.sign_on_transactions import Method
from .app import assurance_of
from .assurance import Assurance


@dataclass(frozen=True)
class _Best:
    """The best that there is of a method: a key that cannot leave its device, which knows who uses it."""

    method: Method
    vouched: None = None

    @property
    def synced(self) -> bool:
        return False

    @property
    def verified(self) -> bool:
        return self.method == "webauthn"


def rules_that_need(method: Method, policies: Iterable[SignOnPolicy], methods: Iterable[Method]) -> tuple[str, ...]:
    """Names of the rules that could be satisfied by these methods, and by nobody without the one."""
    on = [_Best(one) for one in methods]
    left = [one for one in on if one.method != method]
    return tuple(
        rule.name
        for policy in policies
        for rule in policy.rules
        if rule.status == "ACTIVE"
        and (asked := _asked(rule.actions.get("appSignOn") or {})) is not None
        and asked.reachable(on)
        and not asked.reachable(left)
    )


def _asked(action: dict[str, object]) -> Assurance | None:
    method = action.get("verificationMethod")
    return assurance_of(method) if action.get("access") == "ALLOW" and isinstance(method, dict) else None
