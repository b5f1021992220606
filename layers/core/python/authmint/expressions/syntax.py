"""The tree of an expression. ``at`` is where a node stands in the text; it is no part of what a node is."""

from dataclasses import dataclass, field
from typing import TypeAlias

from .values import Value


@dataclass(frozen=True)
class Literal:
    """``'x'``, ``12``, ``3.5``, ``true``, ``null``."""

    value: Value
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class ArrayOf:
    """``{a, b}``."""

    items: tuple["Node", ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class MapOf:
    """``{'group.type': {'OKTA_GROUP'}}``: only an argument of ``user.getGroups``."""

    entries: tuple[tuple[str, "Node"], ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Name:
    """``user``, ``appuser``, ``app`` and the like."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Member:
    """``of.name``."""

    of: "Node"
    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Index:
    """``of[index]``."""

    of: "Node"
    index: "Node"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Call:
    """``name(arguments)``, or ``of.name(arguments)``."""

    of: "Node | None"
    name: str
    arguments: tuple["Node", ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Projection:
    """``of.![name]``: one member of every group."""

    of: "Node"
    path: tuple[str, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Unary:
    """``!x`` or ``-x``."""

    operator: str
    operand: "Node"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Binary:
    """``left operator right``; operators in one spelling, that of the keys of ``operators.BINARY``."""

    operator: str
    left: "Node"
    right: "Node"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Conditional:
    """``condition ? then : otherwise``."""

    condition: "Node"
    then: "Node"
    otherwise: "Node"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Elvis:
    """``value ?: default``."""

    value: "Node"
    default: "Node"
    at: int = field(default=0, compare=False)


Node: TypeAlias = (
    Literal | ArrayOf | MapOf | Name | Member | Index | Call | Projection | Unary | Binary | Conditional | Elvis
)
