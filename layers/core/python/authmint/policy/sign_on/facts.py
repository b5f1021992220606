"""What the policies of people can know of a sign-on. Whoever asks them gathers it once (docs/protocol.md §33.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ...storage.sign_on_transactions import BehaviorResult, RiskLevel

if TYPE_CHECKING:
    from .circumstances import Circumstances


@dataclass(frozen=True)
class ZoneFacts:
    """Ids of the zones that policies can name, and where the caller stands. What is in neither set: outside of it.

    Attributes:
        unknown: It cannot be told, as the country is not known, for one.
    """

    inside: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Platform:
    """What the browser says that it runs on. Its word: good for comfort, and no proof of anything."""

    type: Literal["MOBILE", "DESKTOP"]
    os: Literal["IOS", "ANDROID", "WINDOWS", "MACOS", "CHROMEOS", "OTHER"] = "OTHER"
    agent: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything that a condition can ask for. ``None``: it is not known, and such conditions are undefined.

    Attributes:
        user_type: Id of the user's type.
        group_ids: ``Everyone`` among them.
        group_names: By id, for expressions.
        user: Of expressions: ``id``, ``status``, ``created``, ``lastUpdated``, ``passwordChanged``, ``lastLogin``.
        app_id: Which application is signed in to.
        identity_provider: Id of the provider that vouched for the user; ``""``: a password or factor of ours.
        behaviors: By id of the behaviour.
        behavior_names: Names of behaviours, by id, for expressions.
        changed_at: When the password was chosen.
        identifier: The username as it was typed, of who is not known yet.
        circumstances: Of the request, for whoever has to find out how unusual it is.
    """

    user_id: str | None = None
    user_type: str | None = None
    group_ids: frozenset[str] | None = None
    group_names: Mapping[str, str] = field(default_factory=dict)
    profile: Mapping[str, Any] | None = field(default=None, repr=False)
    user: Mapping[str, Any] = field(default_factory=dict)
    app_id: str | None = None
    identity_provider: str | None = ""
    zones: ZoneFacts | None = None
    risk: RiskLevel | None = None
    behaviors: Mapping[str, BehaviorResult] | None = None
    behavior_names: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None
    now: int = 0
    changed_at: int | None = None
    identifier: str | None = field(default=None, repr=False)
    circumstances: "Circumstances | None" = field(default=None, repr=False)
