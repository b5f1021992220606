"""People of a file made users: who is there already is left alone, so that the same again goes on where it stopped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ..remote import Remote, words
from .patience import Patient
from .people_file import Columns, Row

_USERS: Final = "/api/v1/users"
_SCHEMA: Final = "/api/v1/meta/schemas/user/default"
_TAKEN: Final = "already exists"
_MOST_GROUPS: Final = 15


@dataclass(frozen=True)
class Plan:
    """What an import does: with whom, whom it leaves alone, and which rows it cannot take."""

    made: Sequence[Row] = ()
    there: Sequence[Row] = ()
    refused: Sequence[Row] = ()
    group_ids: Mapping[str, str] = field(default_factory=dict)


def schema_of(remote: Remote) -> Mapping[str, Mapping[str, Any]]:
    """Attributes of users of the default type. Raises RemoteFailed."""
    definitions = remote.admin("GET", _SCHEMA)["definitions"]
    return {**definitions["base"]["properties"], **definitions["custom"]["properties"]}


def plan_of(remote: Remote, rows: Iterable[Row], columns: Columns) -> Plan:
    """What an import of these rows would do. Reads, and changes nothing. Raises RemoteFailed."""
    known = {user["profile"]["login"].casefold() for user in remote.pages(f"{_USERS}?limit=200")}
    groups = {group["profile"]["name"]: group["id"] for group in remote.pages("/api/v1/groups?limit=1000")}
    required = [name for name, one in columns.schema.items() if one.get("required")]
    made: list[Row] = []
    there: list[Row] = []
    refused: list[Row] = []
    seen: dict[str, int] = {}
    for row in rows:
        key = row.login.casefold()
        problem = row.problem or _problem(row, seen.get(key), groups, required)
        if problem is not None:
            refused.append(replace(row, problem=problem))
            continue
        seen[key] = row.number
        (there if key in known else made).append(row)
    return Plan(made, there, refused, groups)


def _problem(row: Row, twice: int | None, groups: Mapping[str, str], required: Sequence[str]) -> str | None:
    if twice is not None:
        return f"the login is that of row {twice}"
    if missing := [name for name in required if name not in row.profile]:
        return f"there is no {', '.join(missing)}"
    if gone := [name for name in row.groups if name not in groups]:
        return f"there is no group {', '.join(gone)}"
    return f"at most {_MOST_GROUPS} groups at once" if len(row.groups) > _MOST_GROUPS else None


def apply(remote: Remote, plan: Plan) -> Plan:
    """Make the users of a plan. Gives what became of it. Raises RemoteFailed: the deployment does not answer."""
    made, there, refused = [], list(plan.there), list(plan.refused)
    patient = Patient(remote)
    for row in plan.made:
        body = {
            "profile": row.profile,
            "credentials": row.credentials,
            "groupIds": [plan.group_ids[name] for name in row.groups],
        }
        # A login is unique, so that asking twice makes nobody twice.
        answer = patient.change("POST", f"{_USERS}?activate={'true' if row.active else 'false'}", body)
        if answer.status < 300:
            made.append(row)
        elif answer.status == 400 and _TAKEN in (said := words(answer)) and said.rpartition(": ")[0].endswith("login"):
            there.append(row)
        else:
            refused.append(replace(row, problem=words(answer)))
    return Plan(made, there, refused, plan.group_ids)
