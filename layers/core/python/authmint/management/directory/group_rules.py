"""``/api/v1/groups/rules`` (docs/protocol.md §40): rules that put users into groups."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from ...clock import timestamp
from ...expressions.check import check
from ...expressions.errors import ExpressionError
from ...expressions.limits import MAX_LENGTH
from ...http import Response
from ...ids import Ids
from ...provisioning.group_rules import OF_GROUP_RULES, Verdict, verdict
from ...storage.events import Event, Party
from ...storage.group_rules import MOST_RULES, GroupRule, Membership, RuleList
from ...storage.groups import EVERYONE_ID, Group
from ..http.call import NO_CONTENT, Call, Operation
from ..http.errors import invalid_field, not_found
from ..http.fields import Fields
from ..http.paging import id_after, limit_of, page
from ..http.routes import Routes
from ..servers.previewed_client import person_of
from .people import TAKEN, PeopleRecords
from .rule_runs import MOST_EXCLUDED, memberships_by, run_some

PATH: Final = "/api/v1/groups/rules"
MOST_GROUPS: Final = 100
_LONGEST_NAME: Final = 50
#: Bytes: all rules are one item of storage.
_LARGEST: Final = 300_000
_EXPAND: Final = "groupIdToGroupNameMap"
_EXPRESSION: Final = "urn:okta:expression:1.0"
_WHERE: Final = "actions.assignUserToGroups.groupIds"
_Change = Callable[[GroupRule], GroupRule]


def add_group_rules(routes: Routes[Operation], people: PeopleRecords, ids: Ids) -> None:
    """Their routes: before those of groups, one of which ``rules`` could be."""
    rules = GroupRulesResource(people, ids)
    one = f"{PATH}/{{ruleId}}"
    routes.add("GET", PATH, rules.list)
    routes.add("POST", PATH, rules.create)
    routes.add("POST", f"{PATH}/explain", rules.explain)
    routes.add("GET", one, rules.get)
    routes.add("PUT", one, rules.replace)
    routes.add("DELETE", one, rules.delete)
    routes.add("POST", f"{one}/lifecycle/activate", rules.activate)
    routes.add("POST", f"{one}/lifecycle/deactivate", rules.deactivate)


class GroupRulesResource:
    """Rules and their lifecycle."""

    def __init__(self, people: PeopleRecords, ids: Ids) -> None:
        self._people = people
        self._rules = people.group_rules
        self._ids = ids

    def list(self, call: Call) -> Response:
        """A page in ascending id. ``search``: a part of the name; ``expand``: names of the groups too."""
        limit, after = limit_of(call.request, default=50, most=200), id_after(call.request)
        extra = {name: value for name in ("search", "expand") if (value := call.request.query_value(name))}
        wanted = extra.get("search", "").casefold()
        found = [
            rule
            for rule in self._rules.all().rules
            if not rule.leaving and wanted in rule.name.casefold() and (after is None or rule.id > after)
        ]
        following = found[limit - 1].id if len(found) > limit else None
        shown = self._shown(found[:limit], call)
        return page(call.request, PATH, shown, limit=limit, following=following, extra=extra)

    def create(self, call: Call) -> Response:
        """**200**. INACTIVE: nobody is put anywhere yet."""
        body = call.body()
        made = self._read(body, GroupRule(self._ids.object_id("0pr"), "", call.now, call.now, "", ()))

        def change(listed: RuleList) -> tuple[RuleList, Sequence[Event]]:
            if len(listed.rules) >= MOST_RULES:
                raise invalid_field("name", f"There can be at most {MOST_RULES} group rules.")
            return replace(listed, rules=(*listed.rules, made)), [_event("add", made, call)]

        self._change(call, change, rerun=False)
        return Response.json(200, _json(made, problem=None, all_there=True))

    def get(self, call: Call) -> Response:
        return self._answer(self._found(self._rules.all(), call), call)

    def replace(self, call: Call) -> Response:
        """200. Of an inactive rule only: whom it put where is looked at when it is activated again."""
        self._found(self._rules.all(), call)
        body = call.body()

        def change(before: GroupRule) -> GroupRule:
            if before.status == "ACTIVE":
                raise invalid_field("status", "A rule that is active cannot be changed: deactivate it first.")
            return replace(self._read(body, before), updated_at=call.now)

        return Response.json(200, _json(self._one(call, change, "update", rerun=False), problem=None, all_there=True))

    def activate(self, call: Call) -> Response:
        """204. Some users are looked at before the answer, the others in the background."""
        rule = self._found(self._rules.all(), call)
        if problem := _invalid(rule, self._groups([rule]), self._people.attributes()):
            raise invalid_field("status", f"The rule cannot be activated: {problem}")
        self._check_groups(rule.group_ids)
        self._one(call, lambda rule: replace(rule, status="ACTIVE", updated_at=call.now), "activate", rerun=True)
        run_some(self._people, call)
        return NO_CONTENT

    def deactivate(self, call: Call) -> Response:
        """204. Whom it put into a group stays there."""
        self._one(call, lambda rule: replace(rule, status="INACTIVE", updated_at=call.now), "deactivate", rerun=False)
        return NO_CONTENT

    def delete(self, call: Call) -> Response:
        """202 ``{}``. With ``removeUsers=true`` its memberships go too, else they stay as if somebody had made them."""
        removes = call.request.query_value("removeUsers") == "true"

        def change(listed: RuleList) -> tuple[RuleList, Sequence[Event]]:
            rule = self._found(listed, call)
            others = tuple(one for one in listed.rules if one.id != rule.id)
            left = (replace(rule, leaving=True),) if removes else ()
            return replace(listed, rules=_ordered((*others, *left))), [_event("delete", rule, call)]

        self._change(call, change, rerun=removes)
        if removes:
            run_some(self._people, call)
        return Response.json(202, {})

    def explain(self, call: Call) -> Response:
        """200: what every rule says of a user, and why the user is in each group. An extension."""
        body = call.body()
        user_id = body.text("userId", required=True, longest=256) or ""
        tried = body.below("rule") if body.has("rule") else None
        body.check()
        rule = None
        if tried is not None:
            rule = self._read(tried, GroupRule("", "", call.now, call.now, "", (), status="ACTIVE"), whole=False)
        user = person_of(self._people.directory, user_id).user
        listed, held = self._rules.all(), self._rules.memberships(user.id)
        facts = memberships_by(self._people, call).facts_of(user, held, listed)
        rules = [one for one in (*listed.rules, rule) if one is not None and not one.leaving]
        names = {one.id: one.name for one in rules}
        groups = self._people.groups.many([one.group_id for one in held])
        reasons = {one.group_id: one for one in held}
        return Response.json(
            200,
            {
                "rules": [_verdict_json(verdict(one, facts), user.id) for one in rules],
                "groups": [_reason_json(group, reasons[group.id], names) for group in groups],
            },
        )

    def _found(self, listed: RuleList, call: Call) -> GroupRule:
        rule = listed.get(call.params["ruleId"])
        if rule is None:
            raise not_found(call.params["ruleId"], "GroupRule")
        return rule

    def _one(self, call: Call, change: _Change, verb: str, *, rerun: bool) -> GroupRule:
        found: list[GroupRule] = []

        def of_list(listed: RuleList) -> tuple[RuleList, Sequence[Event]]:
            before = self._found(listed, call)
            after = change(before)
            found[:] = [after]
            if replace(after, updated_at=before.updated_at) == before:
                found[:] = [before]
                return listed, []
            others = (one for one in listed.rules if one.id != after.id)
            return replace(listed, rules=_ordered((*others, after))), [_event(verb, after, call)]

        self._change(call, of_list, rerun=rerun)
        return found[0]

    def _change(
        self, call: Call, change: Callable[[RuleList], tuple[RuleList, Sequence[Event]]], *, rerun: bool
    ) -> None:
        def attempt() -> None:
            before = self._rules.all()
            after, events = change(before)
            if after == before:
                return
            names = [rule.name for rule in after.rules if not rule.leaving]
            if len(set(names)) < len(names):
                raise invalid_field("name", TAKEN)
            if len(msgspec.json.encode(after)) > _LARGEST:
                raise invalid_field("conditions", "All group rules together are too large.")
            self._rules.save(before, after, events, rerun=rerun)

        call.retrying(attempt)

    def _read(self, body: Fields, before: GroupRule, *, whole: bool = True) -> GroupRule:
        """What a request says of a rule. ``whole``: with a name and with groups. Raises ApiError."""
        body.choice("type", ("group_rule",), "group_rule")
        name = body.text("name", required=whole, longest=_LONGEST_NAME) or ""
        conditions = body.below("conditions")
        expression = conditions.below("expression")
        expression.choice("type", (_EXPRESSION,), _EXPRESSION)
        text = expression.text("value", required=True, longest=MAX_LENGTH) or ""
        people = conditions.below("people")
        excluded = people.below("users").texts("exclude", longest=64, most=MOST_EXCLUDED) or ()
        for kind, member in (("users", "include"), ("groups", "include"), ("groups", "exclude")):
            if people.below(kind).raw(member):
                people.below(kind).problem(member, "Only users can be left out; conditions say who is meant.")
        sent = body.below("actions").below("assignUserToGroups")
        group_ids = sent.texts("groupIds", longest=64, most=MOST_GROUPS) or ()
        if whole and not group_ids:
            sent.problem("groupIds", "The field cannot be left blank")
        body.check()
        try:
            check(text, self._people.attributes(), OF_GROUP_RULES)
        except ExpressionError as error:
            raise invalid_field("conditions.expression.value", str(error)) from None
        self._check_groups(group_ids)
        return replace(before, name=name, expression=text, group_ids=group_ids, excluded=excluded)

    def _check_groups(self, group_ids: Sequence[str]) -> None:
        """Raises ApiError: a group is not there, is not for anybody to change, or has a role."""
        if EVERYONE_ID in group_ids:
            raise invalid_field(_WHERE, "Everyone holds all users, whatever rules say.")
        known = {group.id for group in self._people.groups.many(group_ids)}
        if missing := [group_id for group_id in group_ids if group_id not in known]:
            raise not_found(missing[0], "UserGroup")
        book = self._people.roles.get()
        if any(book.of("GROUP", group_id) for group_id in group_ids):
            raise invalid_field(_WHERE, "A group that has a role is joined by what administrators do.")

    def _groups(self, rules: Sequence[GroupRule]) -> dict[str, Group]:
        ids = list(dict.fromkeys(group_id for rule in rules for group_id in rule.group_ids))
        return {group.id: group for group in self._people.groups.many(ids)}

    def _answer(self, rule: GroupRule, call: Call) -> Response:
        return Response.json(200, self._shown([rule], call)[0])

    def _shown(self, rules: Sequence[GroupRule], call: Call) -> Sequence[dict[str, Any]]:
        groups, expand = self._groups(rules), call.request.query_value("expand") == _EXPAND
        attributes = self._people.attributes() if rules else ()
        shown = []
        for rule in rules:
            names = {group_id: groups[group_id].name for group_id in rule.group_ids if group_id in groups}
            problem = _invalid(rule, groups, attributes)
            one = _json(rule, problem=problem, all_there=len(names) == len(rule.group_ids))
            shown.append(one | ({"_embedded": {_EXPAND: names}} if expand else {}))
        return shown


def _invalid(rule: GroupRule, groups: Collection[str], attributes: Collection[str]) -> str | None:
    """What a rule names that is gone."""
    if missing := [group_id for group_id in rule.group_ids if group_id not in groups]:
        return f"there is no group {missing[0]}."
    try:
        check(rule.expression, attributes, OF_GROUP_RULES)
    except ExpressionError as error:
        return str(error)
    return None


def _json(rule: GroupRule, *, problem: str | None, all_there: bool) -> dict[str, Any]:
    """A rule. ``problem``: what it names that is gone; ``all_there``: its groups are."""
    return {
        "type": "group_rule",
        "id": rule.id,
        "status": rule.status if problem is None else "INVALID",
        "name": rule.name,
        "created": timestamp(rule.created_at),
        "lastUpdated": timestamp(rule.updated_at),
        "conditions": {
            "people": {"users": {"exclude": list(rule.excluded)}, "groups": {"exclude": []}},
            "expression": {"value": rule.expression, "type": _EXPRESSION},
        },
        "actions": {"assignUserToGroups": {"groupIds": list(rule.group_ids)}},
        "allGroupsValid": all_there,
    }


def _ordered(rules: Sequence[GroupRule]) -> tuple[GroupRule, ...]:
    return tuple(sorted(rules, key=lambda rule: rule.id))


def _event(verb: str, rule: GroupRule, call: Call) -> Event:
    party = Party(rule.id, "GroupRule", display_name=rule.name)
    return call.recorder.event(f"policy.rule.{verb}", party)


def _verdict_json(said: Verdict, user_id: str) -> dict[str, Any]:
    rule = said.rule
    return {
        "id": rule.id or None,
        "name": rule.name or None,
        "status": rule.status,
        "expression": rule.expression,
        "holds": said.holds,
        "excluded": user_id in rule.excluded,
        "inputs": dict(said.reads),
        "problem": said.problem,
        "groupIds": list(rule.group_ids),
    }


def _reason_json(group: Group, known: Membership, names: Mapping[str, str]) -> dict[str, Any]:
    """Why somebody is in a group. ``names``: of the rules that there are."""
    made = [rule_id for rule_id in known.rules if rule_id in names]
    return {
        "id": group.id,
        "name": group.name,
        "byHand": known.manual or len(made) < len(known.rules),
        "byRules": [{"id": rule_id, "name": names[rule_id]} for rule_id in made],
    }
