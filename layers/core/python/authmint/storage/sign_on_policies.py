"""Policies of people: who may sign on how, what passwords are like, and which factors are enrolled.

Conditions, actions and settings are kept as the management API shows them, which checks them before they are stored
(docs/protocol.md §33.1): official clients compare them member by member. ``policy/sign_on`` reads them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Protocol

from .events import Event
from .servers import Status

PolicyType = Literal["OKTA_SIGN_ON", "ACCESS_POLICY", "PASSWORD", "MFA_ENROLL", "PROFILE_ENROLLMENT", "IDP_DISCOVERY"]
#: Each type, and what the ids of its policies and of their rules begin with.
PREFIXES: Final[Mapping[PolicyType, tuple[str, str]]] = {
    "OKTA_SIGN_ON": ("00p", "0pr"),
    "ACCESS_POLICY": ("rst", "rul"),
    "PASSWORD": ("00p", "0pr"),
    "MFA_ENROLL": ("00p", "0pr"),
    "PROFILE_ENROLLMENT": ("rst", "rul"),
    "IDP_DISCOVERY": ("00p", "0pr"),
}
#: Types whose policies belong to applications, one each, instead of being tried one after the other.
OF_APPS: Final[frozenset[PolicyType]] = frozenset({"ACCESS_POLICY", "PROFILE_ENROLLMENT"})


@dataclass(frozen=True)
class SignOnRule:
    """A rule of such a policy.

    Attributes:
        priority: The lower, the earlier it is tried.
        conditions: ``None``: it matches whatever there is.
        system: It belongs to the policy and cannot be deleted.
        asked: The priority that was asked for and that there were too few rules for so far.
    """

    id: str
    name: str
    created_at: int
    updated_at: int
    priority: int
    actions: Mapping[str, Any]
    conditions: Mapping[str, Any] | None = None
    status: Status = "ACTIVE"
    system: bool = False
    asked: int | None = None


@dataclass(frozen=True)
class SignOnPolicy:
    """A policy of people.

    Attributes:
        priority: The lower, the earlier it is tried. Kept in the order of its type, not in its own record.
        groups: Ids of the groups that it is for; none: everybody.
        settings: Of passwords and of enrolment.
        system: There from the start. Nobody can delete it, and it is tried last.
        version: Raised by every change. 0: nobody has changed it since it was there.
    """

    id: str
    type: PolicyType
    name: str
    created_at: int
    updated_at: int
    description: str | None = None
    priority: int = 1
    status: Status = "ACTIVE"
    groups: tuple[str, ...] = ()
    settings: Mapping[str, Any] | None = None
    rules: tuple[SignOnRule, ...] = ()
    system: bool = False
    version: int = 0


@dataclass(frozen=True)
class PolicyOrder:
    """In which order the policies of a type are tried: ids of all but the system's, which is the last.

    Attributes:
        asked: By id: the priority that was asked for and that there were too few policies for so far.
        watched: Of OKTA_SIGN_ON: some rule of any type asks how unusual sign-ons are, so what is compared is kept.
    """

    ids: tuple[str, ...] = ()
    asked: Mapping[str, int] = field(default_factory=dict)
    watched: bool = False
    version: int = 0


@dataclass(frozen=True)
class PolicyList:
    """The stored policies of a type in ascending priority; those of applications in ascending id."""

    policies: tuple[SignOnPolicy, ...] = ()
    order: PolicyOrder = field(default_factory=PolicyOrder)


class SignOnPolicies(Protocol):
    """The policies of people that somebody made or changed. The others are code (``policy/sign_on/defaults``)."""

    def of_type(self, policy_type: PolicyType) -> PolicyList:
        """All of one type with their rules. A consistent read."""

    def get(self, policy_type: PolicyType, policy_id: str) -> SignOnPolicy:
        """One, with its rules, whose ``priority`` is not looked up. A consistent read. Raises NotFound."""

    def watch(self) -> None:
        """Have sign-ins remembered from now on. Raises Conflict: the order of OKTA_SIGN_ON changed meanwhile."""

    def save(
        self,
        before: SignOnPolicy | None,
        after: SignOnPolicy | None,
        events: Sequence[Event],
        *,
        order: PolicyOrder | None = None,
    ) -> None:
        """Store a change of one policy, its events and the order of its type, all or nothing.

        Args:
            before: As it was read; ``None``: it is new.
            after: As it shall be; ``None``: it is removed. Its version is raised.
            events: What is recorded with it.
            order: As it shall be, at the version that was read; ``None``: it stays.

        Raises:
            Conflict: The policy or the order is not at that version any more.
        """


def ordered(policies: Sequence[SignOnPolicy], order: PolicyOrder) -> tuple[SignOnPolicy, ...]:
    """The policies of a type in the order in which they are tried, the system's last, with their priorities."""
    place = {policy_id: position for position, policy_id in enumerate(order.ids, 1)}
    last = len(order.ids) + 1
    ranked = [replace(policy, priority=place.get(policy.id, last)) for policy in policies]
    return tuple(sorted(ranked, key=lambda policy: (policy.system, policy.priority, policy.id)))
