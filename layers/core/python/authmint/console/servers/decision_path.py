"""The way of a request through policies and rules, as a picture and as a list."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ..texts import Language

State = Literal["met", "missed", "begin", "granted", "refused", "skipped"]
#: Of the picture, in its own units.
_PITCH: Final = 54
_MARGIN: Final = 28
_LONGEST: Final = 36
#: Of what a condition asks for: a policy may name a thousand clients.
_LONGEST_VALUE: Final = 400
#: So many are drawn from the beginning, and from the end, of a long way.
_FIRST: Final = 40
_LAST: Final = 20
#: What conditions are about, in English.
CONDITIONS: Final[Mapping[str, str]] = {
    "status": "status",
    "clients": "clients",
    "grantTypes": "grant types",
    "people": "people",
    "scopes": "scopes",
}
_SIGNS: Final[Mapping[State, str]] = {
    "met": "✓", "missed": "✗", "begin": "→", "granted": "✓", "refused": "✗", "skipped": "…",
}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """One condition of a policy or rule: what it asks for, what the request has, and what would mend it."""

    name: str
    holds: bool
    required: str
    actual: str
    change: str


@dataclass(frozen=True)
class Stop:
    """One place on the way.

    Attributes:
        deep: It is a rule, below its policy.
        near: It is what came nearest to letting the request through.
        y: Of its middle in the picture.
    """

    text: str
    note: str
    state: State
    deep: bool = False
    near: bool = False
    conditions: Sequence[Condition] = ()
    y: int = 0

    @property
    def sign(self) -> str:
        """What the state looks like without colours."""
        return _SIGNS[self.state]

    @property
    def short(self) -> str:
        """The text, as far as there is room for it."""
        return _cut(self.text, _LONGEST - 3 * self.deep)

    @property
    def short_note(self) -> str:
        """The note, as far as there is room for it."""
        return _cut(self.note, _LONGEST + 4 - 3 * self.deep)


@dataclass(frozen=True)
class DecisionPath:
    """The whole way, first to last."""

    stops: Sequence[Stop]

    @property
    def height(self) -> int:
        """Of the picture."""
        return _PITCH * len(self.stops)


def path_of(answer: Mapping[str, Any], asked: str, t: Language) -> DecisionPath:
    """The way that a preview tells of. ``asked``: who asked for what."""
    decision, error = answer["decision"], answer.get("error")
    stops = [Stop(t("The request"), asked, "begin"), *_tried(decision, t)]
    if error is None:
        stops.append(Stop(t("A token"), " ".join(decision["grantedScopes"]), "granted"))
    else:
        stops.append(Stop(t("Refused"), str(error["error"]), "refused"))
    if (left_out := len(stops) - _FIRST - _LAST) > 0:
        between = Stop(t("{count} more, none of which fits", count=left_out), "", "skipped")
        stops = [*stops[:_FIRST], between, *stops[-_LAST:]]
    return DecisionPath([_placed(stop, place) for place, stop in enumerate(stops)])


def _tried(decision: Mapping[str, Any], t: Language) -> list[Stop]:
    """Policies, each before its rules."""
    stops: list[Stop] = []
    nearest, last = decision.get("nearestMiss") or {}, None
    for step in decision["steps"]:
        policy, rule = step["policy"], step["rule"]
        conditions = [_condition(one, t) for one in step["conditions"]]
        missed = ", ".join(condition.name for condition in conditions if not condition.holds)
        if policy["id"] != last:
            last = policy["id"]
            name = t("Policy {place}: {name}", place=policy["priority"], name=policy["name"])
            if rule is not None:
                stops.append(Stop(name, t("is for this client"), "met"))
            else:
                note = t("does not fit: {what}", what=missed) if missed else t("has no rules")
                stops.append(Stop(name, note, "missed", conditions=conditions, near=_is_near(step, nearest)))
        if rule is not None:
            name = t("Rule {place}: {name}", place=rule["priority"], name=rule["name"])
            note = t("decides") if step["matched"] else t("does not fit: {what}", what=missed)
            state: State = "met" if step["matched"] else "missed"
            near = _is_near(step, nearest)
            stops.append(Stop(name, note, state, deep=True, near=near, conditions=conditions))
    return stops


def _is_near(step: Mapping[str, Any], nearest: Mapping[str, Any]) -> bool:
    if not nearest or step["policy"]["id"] != nearest["policy"]["id"]:
        return False
    return step["rule"] is None or step["rule"]["id"] == (nearest["rule"] or {}).get("id")


def _condition(said: Mapping[str, Any], t: Language) -> Condition:
    return Condition(
        name=t(CONDITIONS.get(said["name"], said["name"])),
        holds=said["holds"],
        required=_written(said["required"]),
        actual=_written(said["actual"]),
        change=said.get("change") or "",
    )


def _written(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        text = ", ".join(value) or "–"
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _cut(text, _LONGEST_VALUE)


def _placed(stop: Stop, place: int) -> Stop:
    return Stop(stop.text, stop.note, stop.state, stop.deep, stop.near, stop.conditions, place * _PITCH + _MARGIN)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
