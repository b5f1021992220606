"""Rules that put users into groups, and which memberships they made (docs/protocol.md §40)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from .events import Event
from .users import User

#: Of a deployment: all of them are one item of storage, which every change of a user reads.
MOST_RULES: Final = 500


@dataclass(frozen=True)
class GroupRule:
    """A rule.

    Attributes:
        expression: Condition on a user.
        group_ids: What users for whom it holds are put into.
        excluded: Ids of users whom it leaves alone.
        leaving: It was deleted, and its memberships go with it: nobody sees it any more, and it holds for nobody.
    """

    id: str
    name: str
    created_at: int
    updated_at: int
    expression: str
    group_ids: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    status: Literal["ACTIVE", "INACTIVE"] = "INACTIVE"
    leaving: bool = False

    @property
    def acts(self) -> bool:
        """Whether it puts users into groups, and takes them out."""
        return self.status == "ACTIVE" and not self.leaving

    @property
    def rests(self) -> bool:
        """Whether what it did stays, until it acts again."""
        return self.status == "INACTIVE" and not self.leaving


@dataclass(frozen=True)
class RuleList:
    """All rules, in ascending id, read and changed as one."""

    rules: tuple[GroupRule, ...] = ()
    version: int = 0

    def get(self, rule_id: str) -> GroupRule | None:
        """The one of an id that was not deleted; ``None``: there is none."""
        return next((rule for rule in self.rules if rule.id == rule_id and not rule.leaving), None)

    def by_id(self) -> Mapping[str, GroupRule]:
        """All of them, also those that are leaving."""
        return {rule.id: rule for rule in self.rules}


@dataclass(frozen=True)
class Membership:
    """Why a user is in a group.

    Attributes:
        manual: Somebody put them there.
        rules: Ids of rules that did. Those of a rule that is gone count as if somebody had: it was deleted so.
    """

    group_id: str
    manual: bool = True
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuleRun:
    """How far the run over all users is that a change of rules makes necessary.

    Attributes:
        version: Of the rules by which it goes.
        after: Id of the last user who was looked at; empty: nobody was.
        finished_at: When all were; ``None``: it goes on.
    """

    version: int = 0
    after: str = ""
    finished_at: int | None = None


class GroupRules(Protocol):
    """The rules of a deployment, and the memberships that they made."""

    def all(self) -> RuleList:
        """The rules. A consistent read."""

    def save(self, before: RuleList, after: RuleList, events: Sequence[Event], *, rerun: bool) -> None:
        """Store a change and its events, all or nothing.

        When this has returned, no membership is made or ended any more by the rules as they were before.

        Args:
            before: As it was read.
            after: As it shall be. Its version is raised.
            events: What is recorded with it.
            rerun: All users have to be looked at anew.

        Raises:
            Conflict: The rules are not at ``before.version`` any more.
        """

    def run(self) -> RuleRun:
        """How far the run is."""

    def advance(self, before: RuleRun, after: RuleRun) -> None:
        """Raises Conflict: the run is not as ``before`` any more: another one goes on, or the rules have changed."""

    def memberships(self, user_id: str) -> Sequence[Membership]:
        """Of a user, in ascending id of the group, without ``Everyone``. A consistent read."""

    def put(
        self,
        user: User,
        before: Membership | None,
        after: Membership | None,
        events: Sequence[Event],
        *,
        rules: RuleList,
        at: int,
    ) -> None:
        """Make, change or end a membership of a user; one of ``before`` and ``after`` may be ``None``.

        Raises:
            Conflict: The user, the membership or the rules are not as they were read any more.
            NotFound: The group is gone.
        """
