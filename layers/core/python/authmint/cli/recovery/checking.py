"""Whether tables are whole: every record has what leads to it, and every lead ends at a record."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ...dynamo.items import HEAD, ConfigItem
from ...dynamo.server_items import Torn, assemble
from ...dynamo.sharded import partitions
from ...dynamo.users import USERS
from ...storage.servers import ORG_SERVER
from .restoring import KEPT

#: Lists, and the partition of the record that each of their entries leads to.
_LISTS: Final = {"SERVERS": "AS", "CLIENTS": "CLIENT", USERS: "USER", "GROUPS": "GROUP"}
#: Unique values, and the kind of their owners.
_UNIQUE: Final = {"LABEL": "CLIENT", "LOGIN": "USER", "GROUPNAME": "GROUP"}
#: Records whose relations are kept in both of their partitions.
_RELATED: Final = ("USER#", "GROUP#", "CLIENT#")


@dataclass
class Checked:
    """What was found.

    Attributes:
        counts: How many records there are, by kind.
        problems: What is wrong, each with the item that it is about.
    """

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def check(dynamodb: Any, names: Mapping[str, str]) -> Checked:
    """Read the tables of a deployment, by kind, and judge them. The config table is read as a whole."""
    checked = Checked()
    _Config(checked, _scanned(dynamodb, names["config"])).check()
    for item in _scanned(dynamodb, names["grants"]):
        kind = item["pk"]["S"].partition("#")[0]
        checked.counts[kind] += 1
        if not item["pk"]["S"].startswith(KEPT):
            checked.problems.append(f"grants: a {kind} came back that is given once or was ended")
    checked.counts["events"] = sum(1 for _ in _scanned(dynamodb, names["events"]))
    for kind, table in names.items():
        _settings(dynamodb, kind, table, checked)
    return checked


def _scanned(dynamodb: Any, table: str) -> Iterator[Any]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        yield from page["Items"]


def _settings(dynamodb: Any, kind: str, table: str, checked: Checked) -> None:
    described = dynamodb.describe_table(TableName=table)["Table"]
    if kind == "config":
        indexes = {index["IndexName"]: index["IndexStatus"] for index in described.get("GlobalSecondaryIndexes", ())}
        if indexes.get("rotation") != "ACTIVE":
            checked.problems.append(f"{table}: index rotation is {indexes.get('rotation', 'missing')}")
    else:
        expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"]
        if expiry not in {"ENABLED", "ENABLING"}:
            checked.problems.append(f"{table}: items do not expire (TTL is {expiry})")
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    if backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
        checked.problems.append(f"{table}: no point-in-time recovery")


class _Config:
    def __init__(self, checked: Checked, items: Iterator[Any]) -> None:
        self._checked = checked
        self._partitions: dict[str, dict[str, Any]] = defaultdict(dict)
        for item in items:
            self._partitions[item["pk"]["S"]][item["sk"]["S"]] = item
        self._keys = {listing: self._keys_of(listing) for listing in _LISTS}

    def check(self) -> None:
        for kind in _LISTS.values():
            self._checked.counts[kind] = 0
        for pk in self._partitions:
            kind = pk.partition("#")[0]
            if kind in self._checked.counts and self._alive(pk) and not self._alias(pk):
                self._checked.counts[kind] += 1
                self._listed(pk, kind)
                if kind == "AS":
                    self._server(pk)
                else:
                    self._relations(pk)
        for listing, kind in _LISTS.items():
            for sk in sorted(self._keys[listing]):
                if not self._leads_to(f"{kind}#{sk}"):
                    self._problem(f"{listing}/{sk} leads to nothing")
        for kind, owner in _UNIQUE.items():
            self._owned(kind, owner)

    def _keys_of(self, listing: str) -> set[str]:
        names = partitions(listing) if listing == USERS else (listing,)
        return {key for name in names for key in self._partitions.get(name, {})}

    def _problem(self, text: str) -> None:
        self._checked.problems.append(f"config: {text}")

    def _head(self, pk: str) -> Any:
        return self._partitions.get(pk, {}).get(HEAD)

    def _alive(self, pk: str) -> bool:
        head = self._head(pk)
        return head is not None and "deleted_at" not in head

    def _alias(self, pk: str) -> bool:
        return "alias" in (self._head(pk) or {})

    def _leads_to(self, pk: str) -> bool:
        return self._alive(f"AS#{self._head(pk)['alias']['S']}" if self._alias(pk) else pk)

    def _listed(self, pk: str, kind: str) -> None:
        listing = next(name for name, of in _LISTS.items() if of == kind)
        key = pk.partition("#")[2]
        aliased = kind == "AS" and key == "default"
        if not aliased and key != ORG_SERVER and key not in self._keys[listing]:
            self._problem(f"{pk} is not in the list {listing}")

    def _server(self, pk: str) -> None:
        items = {sk: ConfigItem.from_raw_data(item) for sk, item in self._partitions[pk].items()}
        try:
            server = assemble(items)
        except Torn:
            self._problem(f"{pk}: its items are not of one version")
            return
        signing = [key for key in server.keys if key.status == "ACTIVE"]
        if len(signing) != 1 or not all(key.wrapped for key in server.keys):
            self._problem(f"{pk}: {len(signing)} keys sign, or a private half is missing")

    def _relations(self, pk: str) -> None:
        for sk in self._partitions[pk]:
            if sk.startswith(_RELATED) and pk not in self._partitions.get(sk, {}):
                self._problem(f"{pk} / {sk} has no counterpart")

    def _owned(self, kind: str, owner: str) -> None:
        for pk, items in self._partitions.items():
            if not pk.startswith(f"{kind}#"):
                continue
            for item in items.values():
                found = item.get("owner", {}).get("S")
                if found is not None and not self._alive(f"{owner}#{found}"):
                    self._problem(f"{pk} belongs to {owner} {found}, which is not there")
