"""A CSV of people: what each row says of a user, in the shapes of the Users API."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ..remote import RemoteFailed

#: Columns that are no attributes.
_OF_PASSWORDS: Final = ("password", "hash")
_TRUTHS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_BCRYPT: Final = re.compile(r"\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})")
_ARGON2: Final = re.compile(r"\$argon2id\$\S+")
_SEPARATOR: Final = ";"


class BadRow(ValueError):
    """A row that cannot become a user. The message says why, and holds no password and no hash."""


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        number: As a spreadsheet shows it: the header is 1.
        problem: Why it cannot become a user; ``None``: it can, as far as the file says.
        groups: Names of groups that the user joins.
    """

    number: int
    login: str
    profile: Mapping[str, Any] = field(default_factory=dict)
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    groups: tuple[str, ...] = ()
    active: bool = True
    problem: str | None = None


@dataclass(frozen=True)
class Columns:
    """How a file is read.

    Attributes:
        schema: JSON schemas of attributes, by name.
        renamed: Names of attributes by the names of columns.
        ignored: Columns that are left out.
    """

    schema: Mapping[str, Mapping[str, Any]]
    renamed: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()

    def unknown(self, header: Sequence[str]) -> list[str]:
        """Columns that stand for nothing."""
        return [
            name for name in header if name not in self.ignored and not self._is_known(self.renamed.get(name, name))
        ]

    def _is_known(self, name: str) -> bool:
        return name in self.schema or name in {*_OF_PASSWORDS, "groups", "active"} or name.startswith("hash.")


def read(path: Path, columns: Columns) -> Iterator[Row]:
    """Every row of a file. Raises RemoteFailed: it is no such file, or has columns that stand for nothing."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            header = list(reader.fieldnames or ())
            if unknown := columns.unknown(header):
                names = ", ".join(unknown)
                raise RemoteFailed(
                    f"no attribute for the columns {names}: define them, --map COLUMN=ATTRIBUTE, or --ignore COLUMN"
                )
            if len(set(header)) < len(header) or not header:
                raise RemoteFailed("the first line names the columns, each once")
            for number, cells in enumerate(reader, start=2):
                yield _row(number, cells, columns)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RemoteFailed(f"{path} cannot be read: {error}") from None


def _row(number: int, cells: Mapping[Any, Any], columns: Columns) -> Row:
    if None in cells or None in cells.values():
        return Row(number, "", problem="the row has another number of cells than the first line")
    named = {
        columns.renamed.get(name, name): text.strip() for name, text in cells.items() if name not in columns.ignored
    }
    login = named.get("login") or named.get("email") or ""
    try:
        if not login:
            raise BadRow("there is no login")
        profile = {
            name: _value(name, named[name], definition)
            for name, definition in columns.schema.items()
            if named.get(name)
        }
        if "@" in login:
            profile.setdefault("email", login)
        groups = tuple(filter(None, (one.strip() for one in named.get("groups", "").split(_SEPARATOR))))
        active = _truth("active", named["active"]) if named.get("active") else True
        return Row(number, login, {**profile, "login": login}, _credentials(named), groups, active)
    except BadRow as problem:
        return Row(number, login, problem=str(problem))


def _value(name: str, text: str, definition: Mapping[str, Any]) -> Any:
    """A cell as the type of its attribute; of arrays the parts between semicolons."""
    kind = definition.get("type", "string")
    if kind == "array":
        items = definition.get("items") or {}
        return [_value(name, part.strip(), items) for part in text.split(_SEPARATOR) if part.strip()]
    if kind == "boolean":
        return _truth(name, text)
    try:
        return int(text) if kind == "integer" else float(text) if kind == "number" else text
    except ValueError:
        raise BadRow(f"{name} is no {kind}") from None


def _truth(name: str, text: str) -> bool:
    if text.lower() not in _TRUTHS:
        raise BadRow(f"{name} is neither true nor false")
    return _TRUTHS[text.lower()]


def _credentials(named: Mapping[str, str]) -> dict[str, Any]:
    """A password, or a hash of one: as ``$2b$…`` or ``$argon2id$…`` in one cell, or by its parts in ``hash.…``."""
    password, whole = named.get("password"), named.get("hash")
    parts = {name.removeprefix("hash."): text for name, text in named.items() if name.startswith("hash.") and text}
    if sum(map(bool, (password, whole, parts))) > 1:
        raise BadRow("there is more than one password, or hash of one")
    if password:
        return {"password": {"value": password}}
    if whole:
        return {"password": {"hash": _hash(whole)}}
    if parts:
        made = {name: int(text) if text.isascii() and text.isdigit() else text for name, text in parts.items()}
        return {"password": {"hash": made}}
    return {}


def _hash(text: str) -> dict[str, Any]:
    if match := _BCRYPT.fullmatch(text):
        return {"algorithm": "BCRYPT", "workFactor": int(match[1]), "salt": match[2], "value": match[3]}
    if _ARGON2.fullmatch(text):
        return {"algorithm": "ARGON2ID", "value": text}
    raise BadRow("the hash is neither $2b$… nor $argon2id$…: give its parts in columns hash.algorithm, hash.value, …")
