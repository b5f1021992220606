"""Group rules at work, as a part of what administrators do and in the background (docs/protocol.md §40.3)."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ...audit.recorder import Recorder
from ...clock import Clock
from ...http import Request
from ...ids import Ids
from ...outage import Outage
from ...provisioning.rule_memberships import MakeEvent, RuleMemberships
from ...storage.events import Event, Party
from ...storage.group_rules import RuleList
from ...storage.retrying import Retrying
from ..http.call import Call
from ..http.errors import invalid_field

if TYPE_CHECKING:  # what they are records of uses this
    from .people import PeopleRecords

#: Users who are looked at before a change of rules is answered.
_AT_ONCE: Final = 200
MOST_EXCLUDED: Final = 100


def memberships_by(people: "PeopleRecords", call: Call) -> RuleMemberships:
    """What keeps memberships, for a call: its object was looked at already, so ``If-Match`` says no more."""
    again = Retrying(call.retrying.in_time, call.retrying.sleep, call.retrying.random)
    return RuleMemberships(people.group_rules, people.users, people.groups, people.roles, again)


def apply_rules(people: "PeopleRecords", user_id: str, call: Call) -> None:
    """Put a user whom a call changed where rules say. Raises Unavailable."""
    memberships_by(people, call).apply(user_id, _by(call.recorder), at=call.now)


def run_some(people: "PeopleRecords", call: Call) -> None:
    """Look at the first users, which are all where there are few. The schedule does what cannot be done now."""
    with suppress(Outage):
        memberships_by(people, call).run(_by(call.recorder), now=call.now, most=_AT_ONCE)


def run_on_schedule(people: "PeopleRecords", clock: Clock, ids: Ids, retrying: Retrying) -> dict[str, Any]:
    """Go on while there is time. Gives how many users were looked at."""
    recorder = Recorder(clock, ids, Party("system", "SystemPrincipal"), Request("SCHEDULE", "/"))
    runs = RuleMemberships(people.group_rules, people.users, people.groups, people.roles, retrying)
    return {"users": runs.run(_by(recorder), now=clock.now())}


def leave_alone(people: "PeopleRecords", group_id: str, user_id: str, call: Call) -> None:
    """Somebody is taken out of a group by hand: rules that put them there do not do it again.

    Raises:
        ApiError: E0000001: such a rule leaves as many users alone as it can.
    """
    rules = people.group_rules

    def attempt() -> None:
        known = next((one for one in rules.memberships(user_id) if one.group_id == group_id), None)
        if known is None or not known.rules:
            return
        listed = rules.all()
        changed, events = [], []
        for rule in listed.rules:
            if rule.id in known.rules and not rule.leaving and user_id not in rule.excluded:
                if len(rule.excluded) >= MOST_EXCLUDED:
                    raise invalid_field("userId", f"The rule {rule.name} leaves {MOST_EXCLUDED} users alone already.")
                rule = replace(rule, excluded=(*rule.excluded, user_id))
                parties = (Party(user_id, "User"), Party(rule.id, "GroupRule", display_name=rule.name))
                events.append(call.recorder.event("group.user_membership.rule.add_exclusion", *parties))
            changed.append(rule)
        after: RuleList = replace(listed, rules=tuple(changed))
        if after != listed:
            rules.save(listed, after, events, rerun=False)

    call.retrying(attempt)


def _by(recorder: Recorder) -> MakeEvent:
    def event(event_type: str, targets: Sequence[Party], rules: str) -> Event:
        return recorder.event(event_type, *targets, debug={"group_rules": rules})

    return event
