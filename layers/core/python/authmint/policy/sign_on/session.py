"""Whether somebody gets a session, by what, and how long it lives: policies of type OKTA_SIGN_ON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from ...storage.sign_on_policies import SignOnPolicy
from .facts import Facts
from .walk import Open, Step, walk

Access = Literal["ALLOW", "DENY"]
#: When a second factor is asked for: at every sign-in, on devices that are not remembered, or once in so long.
PromptMode = Literal["ALWAYS", "DEVICE", "SESSION"]
Primary = Literal["PASSWORD_IDP_ANY_FACTOR", "PASSWORD_IDP"]

_STRICTER: Final[tuple[PromptMode, ...]] = ("ALWAYS", "SESSION", "DEVICE")
_IDLE_MINUTES: Final = 120


@dataclass(frozen=True)
class SessionDecision:
    """What is asked for a session, and what it will be like.

    Attributes:
        prompt: When the second factor is asked for; ``None``: none is.
        factor_lifetime: Seconds after which it is asked for again, where ``prompt`` is ``SESSION``.
        primary: ``PASSWORD_IDP``: a passkey cannot come first.
        remember_by_default: Whether the box to remember the device is ticked.
        idle: Seconds without use after which it is over.
        lifetime: Seconds after which it is over in any case; ``None``: never but by ``idle``.
        persistent: Whether its cookie outlives the browser.
        decided: The rules that decided, the first of them first: more than one where facts were missing.
    """

    access: Access
    require_factor: bool = False
    prompt: PromptMode | None = None
    factor_lifetime: int | None = None
    primary: Primary = "PASSWORD_IDP_ANY_FACTOR"
    remember_by_default: bool = False
    idle: int = _IDLE_MINUTES * 60
    lifetime: int | None = None
    persistent: bool = False
    decided: tuple[Open, ...] = ()
    steps: tuple[Step, ...] = ()


def session_decision(policies: Iterable[SignOnPolicy], facts: Facts) -> SessionDecision:
    """The strictest of what the open rules say; where none decides for sure, nobody gets in."""
    found = walk(policies, facts)
    outcomes = [_outcome(one) for one in found.open]
    if not found.certain or any(one.access == "DENY" for one in outcomes):
        return SessionDecision("DENY", decided=found.open, steps=found.steps)
    prompts = [one.prompt for one in outcomes if one.prompt is not None]
    lifetimes = [one.lifetime for one in outcomes if one.lifetime is not None]
    prompt = min(prompts, key=_STRICTER.index, default=None)
    of_prompt = [one.factor_lifetime for one in outcomes if one.prompt == prompt and one.factor_lifetime is not None]
    return SessionDecision(
        access="ALLOW",
        require_factor=any(one.require_factor for one in outcomes),
        prompt=prompt,
        factor_lifetime=min(of_prompt, default=None),
        primary="PASSWORD_IDP" if any(one.primary == "PASSWORD_IDP" for one in outcomes) else "PASSWORD_IDP_ANY_FACTOR",
        remember_by_default=all(one.remember_by_default for one in outcomes),
        idle=min(one.idle for one in outcomes),
        lifetime=min(lifetimes, default=None),
        persistent=all(one.persistent for one in outcomes),
        decided=found.open,
        steps=found.steps,
    )


def _outcome(found: Open) -> SessionDecision:
    says: Mapping[str, Any] = found.rule.actions.get("signon") or {}
    session = says.get("session") or {}
    required = bool(says.get("requireFactor"))
    prompt: PromptMode | None = says.get("factorPromptMode", "ALWAYS") if required else None
    lifetime = session.get("maxSessionLifetimeMinutes") or None
    minutes = says.get("factorLifetime")
    return SessionDecision(
        access="ALLOW" if says.get("access") == "ALLOW" else "DENY",
        require_factor=required,
        prompt=prompt,
        factor_lifetime=minutes * 60 if prompt == "SESSION" and minutes is not None else None,
        primary=says.get("primaryFactor", "PASSWORD_IDP_ANY_FACTOR"),
        remember_by_default=bool(says.get("rememberDeviceByDefault")),
        idle=session.get("maxSessionIdleMinutes", _IDLE_MINUTES) * 60,
        lifetime=None if lifetime is None else lifetime * 60,
        persistent=bool(session.get("usePersistentCookie")),
    )
