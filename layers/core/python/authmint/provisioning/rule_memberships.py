"""Keeps memberships as rules say: of one user when something of theirs changes, of all when rules do (§40)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..audit.builder import EventBuilder
from ..clock import Clock
from ..expressions.facts import Facts
from ..http import Request
from ..ids import Ids
from ..storage.errors import Conflict, NotFound
from ..storage.events import Event, Party
from ..storage.group_rules import GroupRules, Membership, RuleList, RuleRun
from ..storage.groups import EVERYONE_GROUP, Groups
from ..storage.retrying import Retrying
from ..storage.roles import Roles
from ..storage.users import User, Users
from .group_rules import Change, changes, reads_groups, user_facts

_PAGE: Final = 100
#: Seconds after which all users are looked at anew: changes whose rules could not be asked at once are found then.
_EVERY: Final = 86_400

#: An event of a type with targets: who does what follows from rules.
MakeEvent = Callable[[str, Sequence[Party], str], Event]


def by_themselves(user: User, request: Request, clock: Clock, ids: Ids) -> MakeEvent:
    """Events of what follows from what somebody said about themselves."""
    build, party = EventBuilder(request, clock, ids), Party(user.id, "User", alternate_id=user.login)
    return lambda kind, targets, names: build.event(kind, actor=party, targets=targets, debug={"group_rules": names})


@dataclass(frozen=True)
class RuleMemberships:
    """Applies rules. Everything can be done again, by anybody, at any time: what is as it has to be is left alone."""

    rules: GroupRules
    users: Users
    groups: Groups
    roles: Roles
    retrying: Retrying

    def apply(self, user_id: str, event: MakeEvent, *, at: int) -> None:
        """Put a user into the groups that rules say, and out of those that they do not say any more.

        Raises:
            Unavailable: Not all of it is done.
        """

        def attempt() -> None:
            listed = self.rules.all()
            if listed.rules:
                try:
                    self._settle(self.users.get(user_id), listed, event, at=at)
                except NotFound:
                    return

        self.retrying(attempt)

    def run(self, event: MakeEvent, *, now: int, most: int | None = None) -> int:
        """Go on with the run over all users, while there is time. Gives how many were looked at.

        Args:
            event: Makes events.
            now: Unix seconds.
            most: Of users.
        """
        listed, run, seen = self.rules.all(), self.rules.run(), 0
        if not listed.rules or (run.finished_at is not None and now - run.finished_at < _EVERY):
            return 0
        if run.version != listed.version:  # they changed between the two readings: by old ones nobody goes on
            return 0
        try:
            if run.finished_at is not None:
                run = self._advanced(run, RuleRun(listed.version))
            while self.retrying.in_time() and (most is None or seen < most):
                page = self.users.list(after=run.after or None, limit=_PAGE)
                for user in page:
                    try:
                        self._settle(user, listed, event, at=now)
                    except Conflict:  # the user or the rules changed since they were read
                        self.apply(user.id, event, at=now)
                seen += len(page)
                last = len(page) < _PAGE
                after = page[-1].id if page else run.after
                run = self._advanced(run, replace(run, after=after, finished_at=now if last else None))
                if last:
                    self._forget_leaving(run.version)
                    break
        except Conflict:  # the rules changed, or another invocation goes on: so does the next one
            pass
        return seen

    def _advanced(self, before: RuleRun, after: RuleRun) -> RuleRun:
        self.rules.advance(before, after)
        return after

    def _forget_leaving(self, version: int) -> None:
        """Nobody is in a group because of these any more."""
        listed = self.rules.all()
        left = tuple(rule for rule in listed.rules if not rule.leaving)
        if listed.version == version and left != listed.rules:
            self.rules.save(listed, replace(listed, rules=left), [], rerun=False)

    def _settle(self, user: User, listed: RuleList, event: MakeEvent, *, at: int) -> None:
        held = self.rules.memberships(user.id)
        found = changes(listed, held, self.facts_of(user, held, listed))
        if user.status == "DEPROVISIONED":
            found = [one for one in found if one.before is not None]
        for change in self._allowed(found):
            before, after = change.before, change.after
            try:
                self.rules.put(user, before, after, self._events(user, change, event), rules=listed, at=at)
            except NotFound:  # the group is gone: the rule is shown as invalid
                continue

    def facts_of(self, user: User, held: Sequence[Membership], listed: RuleList) -> Facts:
        """The user as rules see them: in the groups that no rule put them into."""
        known = listed.by_id()
        manual = [one.group_id for one in held if one.manual or any(rule not in known for rule in one.rules)]
        named = self.groups.many(manual) if manual and reads_groups(listed.rules) else ()
        return user_facts(user, (EVERYONE_GROUP, *named))

    def _allowed(self, found: Sequence[Change]) -> Sequence[Change]:
        """Nobody joins or leaves a group that has a role but by the hand of who may grant it."""
        if all(change.stays for change in found):
            return found
        book = self.roles.get()
        return [one for one in found if one.stays or not book.of("GROUP", one.group_id)]

    def _events(self, user: User, change: Change, event: MakeEvent) -> Sequence[Event]:
        if change.stays:
            return []
        verb = "add" if change.before is None else "remove"
        known = change.after or change.before
        names = ", ".join(known.rules if known else ())
        targets = [
            Party(user.id, "User", alternate_id=user.login),
            Party(change.group_id, "UserGroup"),
        ]
        return [event(f"group.user_membership.{verb}", targets, names)]
