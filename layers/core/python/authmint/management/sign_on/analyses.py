"""``/api/v1/policies/analysis``: what policies of people do wrong, and whom they meet (docs/protocol.md §33.11)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ...audit.log_cursors import BadCursor, Position
from ...audit.log_pages import Query, page
from ...http import Response
from ...policy.sign_on.analysis import Known, Missing, Unreachable, missing, unreachable
from ...policy.sign_on.behaviors import behaviors_of
from ...policy.sign_on.circumstances import Circumstances
from ...policy.sign_on.walk import Open
from ...storage.clients import Client
from ...storage.directory import Person
from ...storage.errors import NotFound
from ...storage.events import EVENT_RETENTION, Event, EventLog
from ...storage.groups import EVERYONE_ID
from ...storage.sign_on_policies import OF_APPS, PolicyType, SignOnPolicy
from ..clients.client_changes import ClientChanges
from ..directory.people import PeopleRecords
from ..http.call import Call
from ..http.errors import ApiError, not_found
from ..http.fields import Fields
from .trial import Trial, Trials

#: Types whose rules are looked at.
_TYPES: Final[tuple[PolicyType, ...]] = ("OKTA_SIGN_ON", "ACCESS_POLICY", "PASSWORD", "MFA_ENROLL")
#: Who is looked at: the others could not sign in anyhow.
_SIGN_IN: Final = frozenset({"ACTIVE", "PASSWORD_EXPIRED", "LOCKED_OUT", "RECOVERY"})
_PAGE, _LARGEST = 100, 200
_MOST_IDS: Final = 20
_DAY: Final = 86_400
#: Milliseconds that an event may take into the log: Lambda repeats a delivery for six hours.
_LATE: Final = 6 * 3_600_000
_BATCH: Final = 1_000


class PolicyAnalyses:
    """Reads policies, people and the log. It changes nothing, and nobody is told."""

    def __init__(self, people: PeopleRecords, clients: ClientChanges, trials: Trials, log: EventLog) -> None:
        self._people = people
        self._clients = clients
        self._trials = trials
        self._log = log

    def rules(self, call: Call) -> Response:
        """200 with the rules that nobody matches and what rules name that is gone; of one ``type``, or of all."""
        wanted = call.request.query_value("type")
        if wanted and wanted not in _TYPES:
            raise ApiError("E0000001", "type", [f"type: must be one of [{', '.join(_TYPES)}]."])
        listed = {one: self._people.applied.of_type(one) for one in _TYPES if wanted in {None, "", one}}
        known = self._known([policy for policies in listed.values() for policy in policies])
        dead: list[Unreachable] = []
        for policy_type, policies in listed.items():
            # Each application has one policy: they do not stand behind one another.
            tried = [[one] for one in policies] if policy_type in OF_APPS else [policies]
            dead += [verdict for one in tried for verdict in unreachable(one, known)]
        gone = [one for policies in listed.values() for one in missing(policies, known)]
        body = {"unreachableRules": list(map(_dead_json, dead)), "missing": list(map(_missing_json, gone))}
        return Response.json(200, body)

    def people(self, call: Call) -> Response:
        """200 with those of a page of users who are locked out by policy, and where to go on (``next``)."""
        body = call.body()
        limit, after = _limit(body), body.text("after")
        here = Circumstances(address=body.text("address") or "")
        level = body.choice("risk", ("LOW", "MEDIUM", "HIGH"), "LOW")
        app_id, active = body.text("app"), _active(body)
        body.check()
        app, trials = self._app(app_id), self._trials.at_once(active)
        found, last, tried = [], after, 0
        users = self._people.users.list(after=after, limit=limit)
        for user in users:
            if tried and not call.retrying.in_time():
                break
            last, tried = user.id, tried + 1
            if user.status not in _SIGN_IN or (person := self._person(user.id)) is None:
                continue
            facts = trials.applied.facts(person, here, now=call.now)
            trial = trials.of(person, replace(facts, risk=level, behaviors={}), here, app)
            if trial.outcome == "CANNOT":
                found.append({"user": _user_json(person), "decidedBy": _decided(trial)})
        following = last if tried < len(users) or len(users) == limit else None
        return Response.json(200, {"tried": tried, "lockedOut": found, "next": following})

    def sign_ins(self, call: Call) -> Response:
        """200 with what would be asked of the sign-ins of the last ``days``, page by page of the log.

        Each user, address and browser stands once on a page, with how often. ``activate`` names policies and rules that
        are tried as if they were ACTIVE.
        """
        body = call.body()
        limit, text, days = _limit(body), body.text("after"), body.number("days")
        app_id, active, who = body.text("app"), _active(body), body.text("user")
        if days is not None and not 1 <= days * _DAY <= EVENT_RETENTION:
            body.problem("days", f"must be from 1 to {EVENT_RETENTION // _DAY}.")
        try:
            cursor = None if text is None else Position.parse(text)
        except BadCursor:
            raise ApiError("E0000029", causes=["Invalid cursor."]) from None
        body.check()
        app, trials = self._app(app_id), self._trials.at_once(active)
        now_ms = call.now * 1_000
        since = now_ms - (7 if days is None else days) * _DAY * 1_000

        def wanted(event: Event) -> bool:
            signed_in = event.type == "user.session.start" and event.outcome == "SUCCESS"
            named = who is None or who in {event.actor.id, event.actor.alternate_id}
            return signed_in and named and since <= event.published_ms <= now_ms

        query = Query(since, now_ms + _LATE, wanted, limit, oldest_ms=now_ms - EVENT_RETENTION * 1_000)
        found = page(self._log, query, cursor, now_ms=now_ms, in_time=call.retrying.in_time)
        rows: dict[tuple[str, str, str], dict[str, Any]] = {}
        following = found.following
        for event in found.events:
            key = (event.actor.id, event.source_ip, event.user_agent)
            if key not in rows:
                if rows and not call.retrying.in_time():
                    break
                rows[key] = self._tried(trials, event, app, call)
            rows[key]["signIns"] += 1
            following = Position(event.published_ms, event.id)
        else:
            following = found.following
        text = None if following is None else following.text()
        return Response.json(200, {"signIns": list(rows.values()), "next": text})

    def _tried(self, trials: Trials, event: Event, app: Client | None, call: Call) -> dict[str, Any]:
        user_id = event.actor.id
        row: dict[str, Any] = {"address": event.source_ip or None, "userAgent": event.user_agent or None, "signIns": 0}
        person = self._person(user_id)
        if person is None:  # who is gone since then is no reason to stop
            login = event.actor.alternate_id
            return {"user": {"id": user_id, "login": login}, **row, "outcome": "UNKNOWN", "decidedBy": []}
        past = self._people.watch.histories.get(user_id).sign_ins
        device = next((one.device for one in past if one.device is not None), None)
        here = Circumstances(event.source_ip, event.user_agent, device)
        facts, _ = trials.applied.assessed(trials.applied.facts(person, here, now=call.now))
        trial = trials.of(person, facts, here, app)
        prompt = trial.session.prompt if trial.session.require_factor else None
        row |= {"outcome": trial.outcome, "factorPromptMode": prompt, "risk": facts.risk, "decidedBy": _decided(trial)}
        return {"user": _user_json(person), **row}

    def _person(self, user_id: str) -> Person | None:
        try:
            return self._people.directory.person(user_id)
        except NotFound:
            return None

    def _app(self, app_id: str | None) -> Client | None:
        try:
            return None if app_id is None else self._clients.clients.get(app_id)
        except NotFound:
            raise not_found(app_id or "", "AppInstance") from None

    def _known(self, policies: Sequence[SignOnPolicy]) -> Known:
        zones = [one for one in self._people.applied.all_zones() if one.status == "ACTIVE" and one.usage == "POLICY"]
        named = sorted({one.id for one in missing(policies, Known()) if one.kind == "group"})
        groups = self._people.groups.many(named)
        behaviors = behaviors_of(self._people.watch.behaviors.get())
        return Known(
            zones=frozenset(one.id for one in zones),
            told=frozenset(one.id for one in zones if one.type == "IP"),
            groups=frozenset({EVERYONE_ID, *(one.id for one in groups)}),
            behaviors=frozenset(one.id for one in behaviors if one.status == "ACTIVE"),
        )


def _limit(body: Fields) -> int:
    limit = body.number("limit")
    if limit is not None and not 1 <= limit <= _LARGEST:
        body.problem("limit", f"must be from 1 to {_LARGEST}.")
    return _PAGE if limit is None else limit


def _active(body: Fields) -> Sequence[str]:
    return body.texts("activate", longest=100, most=_MOST_IDS) or ()


def _user_json(person: Person) -> dict[str, Any]:
    return {"id": person.user.id, "login": person.user.login}


def _decided(trial: Trial) -> list[dict[str, Any]]:
    asked: Iterable[Open] = (*trial.session.decided, *(() if trial.app is None else trial.app.decided))
    return [{"policy": _named(one.policy), "rule": _named(one.rule)} for one in asked]


def _named(one: Any) -> Mapping[str, str]:
    return {"id": one.id, "name": one.name}


def _dead_json(found: Unreachable) -> dict[str, Any]:
    return {
        "policy": {**_named(found.policy), "type": found.policy.type},
        "rule": _named(found.rule),
        "reason": found.reason.upper(),
        "condition": found.condition,
        "shadowedBy": found.shadowed_by,
    }


def _missing_json(found: Missing) -> dict[str, Any]:
    return {
        "policy": {**_named(found.policy), "type": found.policy.type},
        "rule": None if found.rule is None else _named(found.rule),
        "kind": found.kind,
        "id": found.id,
    }
