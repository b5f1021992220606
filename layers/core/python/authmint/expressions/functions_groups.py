"""Groups of the user, and what directory integrations would say (docs/protocol.md §12.5, §12.7)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from .errors import EvaluationFailed, TooManyGroups
from .facts import GroupFacts
from .functions import ARRAY, INTEGER, TEXT, Function, Kind
from .limits import MAX_GROUPS
from .regexes import matches, without_slashes
from .run import Run
from .values import Object, Value

#: Criteria of ``user.getGroups``.
CRITERIA: Final = frozenset({"group.id", "group.source.id", "group.type", "group.profile.name", "operator"})
OPERATORS: Final = frozenset({"EXACT", "STARTS_WITH"})


def groups_of(run: Run) -> tuple[GroupFacts, ...]:
    """The user's groups; none without a user. Ten of them cost a step."""
    user = run.facts.user
    groups = () if user is None else user.groups
    run.spend(1 + len(groups) // 10)
    if run.reads is not None:
        run.note("user.groups", tuple(group.name for group in groups))
    return groups


def group_object(group: GroupFacts) -> Object:
    """What ``group`` is in an expression, and an item of ``user.getGroups``."""
    return Object(
        {
            "id": group.id,
            "status": "ACTIVE",
            "name": group.name,
            "description": group.description,
            "type": group.type,
            "objectClass": group.object_class,
            "profile": {"name": group.name, "description": group.description, **group.profile},
            "source": {"id": group.source_id},
        }
    )


def get_groups(run: Run, criteria: Iterable[Mapping[str, Value]]) -> tuple[Value, ...]:
    """``user.getGroups``: criteria are ANDed, the values of each ORed."""
    found: list[GroupFacts] = list(groups_of(run))
    for criterion in criteria:
        found = [group for group in found if _meets(run, group, criterion)]
    if len(found) > MAX_GROUPS and not run.facts.code_flow:
        raise TooManyGroups(f"more than {MAX_GROUPS} groups")
    return tuple(map(group_object, found))


def _meets(run: Run, group: GroupFacts, criterion: Mapping[str, Value]) -> bool:
    operator = criterion.get("operator", "STARTS_WITH")
    if operator not in OPERATORS:
        raise EvaluationFailed("operator is EXACT or STARTS_WITH")
    for key, given in criterion.items():
        values = given if isinstance(given, tuple) else (given,)
        run.spend(len(values))
        if key == "group.profile.name" and operator == "STARTS_WITH":
            if not any(isinstance(value, str) and group.name.startswith(value) for value in values):
                return False
        elif key != "operator" and _criterion_value(group, key) not in values:
            return False
    return True


def _criterion_value(group: GroupFacts, key: str) -> str | None:
    if key == "group.id":
        return group.id
    if key == "group.type":
        return group.type
    return group.name if key == "group.profile.name" else group.source_id


def filtered_groups(
    run: Run, allowed: Value, render: Callable[[Run, GroupFacts], Value], limit: Value
) -> tuple[Value, ...]:
    """``getFilteredGroups``: those of the allowed groups that the user is in, each rendered."""
    ids = ARRAY.read(allowed)
    if allowed is None or limit is None or not isinstance(ids, tuple):
        raise EvaluationFailed("no argument of getFilteredGroups may be null")
    wanted = {item for item in ids if isinstance(item, str)}
    found = [group for group in groups_of(run) if group.id in wanted]
    _check_limit(run, limit, len(found))
    return tuple(render(run, group) for group in found)


def _check_limit(run: Run, limit: Value, found: int) -> None:
    if (
        not isinstance(limit, int)
        or isinstance(limit, bool)
        or limit < 1
        or (limit > MAX_GROUPS and not run.facts.code_flow)
    ):
        raise EvaluationFailed(f"the limit of groups is an integer from 1 to {MAX_GROUPS}")
    if found > limit:
        raise EvaluationFailed("more groups than the limit given")


def _named(test: Callable[[str, str], bool]) -> Callable[..., Value]:
    """``Groups.startsWith`` and the like: names, or null when there are none."""

    def find(run: Run, app: str, pattern: str, limit: int) -> Value:
        found = [group.name for group in groups_of(run) if _is_from(group, app) and test(group.name, pattern)]
        _check_limit(run, limit, len(found))
        return tuple(found) or None

    return find


def _is_from(group: GroupFacts, app: str) -> bool:
    if app == "OKTA":
        return group.type != "APP_GROUP"
    return app in {group.source_id, group.source_type}


def _member_by_name(test: Callable[[str, str], bool]) -> Callable[..., Value]:
    return lambda run, wanted: any(test(group.name, wanted) for group in groups_of(run))


def _member_by_regex(run: Run, pattern: str) -> bool:
    undelimited = without_slashes(pattern)
    return any(matches(undelimited, group.name) for group in groups_of(run))


def _member_by_id(run: Run, *ids: str) -> bool:
    return any(group.id in ids for group in groups_of(run))


def _nobody(*_: object) -> None:
    """There is no directory integration, so nobody has an assignment there (docs/protocol.md §12.7)."""


def _no(*_: object) -> bool:
    return False


def _of_user(name: str, body: Callable[..., Value], parameters: int, *, result: Kind = "value") -> Function:
    return Function(name, body, (TEXT,) * parameters, constant=False, result=result)


FUNCTIONS: Final = (
    _of_user("isMemberOfGroupName", _member_by_name(str.__eq__), 1),
    _of_user("isMemberOfGroup", _member_by_id, 1),
    Function("isMemberOfAnyGroup", _member_by_id, (TEXT,), rest=TEXT, constant=False),
    _of_user("isMemberOfGroupNameStartsWith", _member_by_name(str.startswith), 1),
    _of_user("isMemberOfGroupNameContains", _member_by_name(str.__contains__), 1),
    _of_user("isMemberOfGroupNameRegex", _member_by_regex, 1),
    Function("Groups.startsWith", _named(str.startswith), (TEXT, TEXT, INTEGER), constant=False),
    Function("Groups.endsWith", _named(str.endswith), (TEXT, TEXT, INTEGER), constant=False),
    Function("Groups.contains", _named(str.__contains__), (TEXT, TEXT, INTEGER), constant=False),
    _of_user("hasDirectoryUser", _no, 0),
    _of_user("hasWorkdayUser", _no, 0),
    _of_user("findDirectoryUser", _nobody, 0, result="json"),
    _of_user("findWorkdayUser", _nobody, 0, result="json"),
    _of_user("getManagerUser", _nobody, 1, result="json"),
    _of_user("getManagerAppUser", _nobody, 2, result="json"),
    _of_user("getAssistantUser", _nobody, 1, result="json"),
    _of_user("getAssistantAppUser", _nobody, 2, result="json"),
)
