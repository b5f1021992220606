"""What is known of an expression before it is evaluated: every name, function and member (docs/protocol.md §12.2)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from .errors import ExpressionError
from .function_table import all_functions
from .functions import Function, Kind
from .functions_groups import CRITERIA, OPERATORS
from .parser import parse
from .regexes import BadPattern, compiled, without_slashes
from .syntax import (
    ArrayOf,
    Binary,
    Call,
    Conditional,
    Elvis,
    Index,
    Literal,
    MapOf,
    Member,
    Name,
    Node,
    Projection,
    Unary,
)


@dataclass(frozen=True, eq=False)
class Dialect:
    """What the expressions of one use may name.

    Attributes:
        roots: Names that an expression can begin with, and what stands behind each.
        without: Functions that it may not call.
    """

    roots: Mapping[str, Kind]
    without: frozenset[str] = frozenset()


#: Names that an expression can begin with. ``group`` exists only inside ``getFilteredGroups``.
ROOTS: Final[dict[str, Kind]] = {
    "user": "user",
    "appuser": "appuser",
    "app": "app",
    "org": "org",
    "session": "session",
    "access": "access",
}
OF_CLAIMS: Final = Dialect(ROOTS)
_IN_GROUP: Final = Dialect({"group": "group"})
_GROUP: Final = ("id", "status", "name", "description", "type", "objectClass", "profile", "source")
_MEMBERS: Final[dict[Kind, tuple[str, ...]]] = {
    "org": ("name", "subDomain"),
    "session": ("amr",),
    "access": ("scope",),
    "group": _GROUP,
}
#: Members that are objects themselves.
_OBJECTS: Final = {("app", "profile"), ("group", "profile"), ("group", "source")}
#: Methods of ``user``, with the number of their arguments; ``None`` is any.
USER_METHODS: Final = {"getInternalProperty": 1, "getLinkedObject": 1, "getGroups": None}
INTERNAL_PROPERTIES: Final = ("id", "status")
_FILTERED_GROUPS: Final = "getFilteredGroups"


@lru_cache(maxsize=1)
def functions() -> dict[str, Function]:
    """The table of functions, made once."""
    return all_functions()


def check(text: str, attributes: Collection[str], dialect: Dialect = OF_CLAIMS) -> None:
    """Refuse an expression that cannot be evaluated.

    Args:
        text: What an administrator wrote.
        attributes: Names of the profile attributes that a user, or the source of a mapping, can have.
        dialect: What it may name.

    Raises:
        ExpressionError: With the place, what is wrong and what to do.
    """
    checked(text, attributes, dialect=dialect)


def checked(
    text: str,
    attributes: Collection[str] | None = None,
    *,
    in_group: bool = False,
    dialect: Dialect = OF_CLAIMS,
) -> Node:
    """The tree of an expression whose names are all known; ``attributes`` ``None``: the user may have any.

    A whole text that is one bare word, and no name, is a text constant: ``internal`` gives ``internal``.
    """
    node = parse(text)
    if isinstance(node, Name) and node.name not in dialect.roots and not in_group:
        return Literal(node.name, node.at)
    _Check(attributes, _IN_GROUP if in_group else dialect).kind_of(node)
    return node


def function_of(call: Call) -> str:
    """The full name of the function that is called."""
    if isinstance(call.of, Name):
        return f"{call.of.name}.{call.name}"
    return call.name


class _Check:
    def __init__(self, attributes: Collection[str] | None, dialect: Dialect) -> None:
        self._attributes = attributes
        self._roots = dialect.roots
        self._without = dialect.without
        self._in_group = dialect is _IN_GROUP

    def kind_of(self, node: Node) -> Kind:  # noqa: C901, PLR0911, PLR0912 - one branch for each kind of node
        """What members the value of a node has."""
        match node:
            case Literal():
                return "value"
            case Name():
                return self._name(node)
            case Member():
                return self._member(node)
            case Call():
                return self._call(node)
            case Projection():
                return self._projection(node)
            case Index(of, index):
                self.kind_of(index)
                kind = self.kind_of(of)
                if kind not in {"value", "json", "groups"}:
                    raise ExpressionError(node.at, "only arrays have an index")
                return "group" if kind == "groups" else kind
            case Conditional(condition, then, otherwise):
                self.kind_of(condition)
                return self._either(then, otherwise)
            case Elvis(value, default):
                return self._either(value, default)
            case Unary(_, operand):
                self.kind_of(operand)
                return "value"
            case Binary(operator, left, right):
                self.kind_of(left)
                self.kind_of(right)
                if operator == "matches":
                    _check_pattern(right)
                return "value"
            case ArrayOf(items):
                for item in items:
                    self.kind_of(item)
                return "value"
            case MapOf():
                raise ExpressionError(node.at, "a map is only an argument of user.getGroups")

    def _either(self, one: Node, other: Node) -> Kind:
        kinds = {self.kind_of(one), self.kind_of(other)}
        return kinds.pop() if len(kinds) == 1 else "value"

    def _name(self, node: Name) -> Kind:
        kind = self._roots.get(node.name)
        if kind is None:
            known = ", ".join(self._roots)
            raise ExpressionError(
                node.at, f"there is no '{node.name}'; an expression begins with {known} or a function"
            )
        return kind

    def _member(self, node: Member) -> Kind:
        if isinstance(node.of, Name) and node.of.name not in self._roots:
            raise ExpressionError(node.of.at, _unknown_root(node.of.name, self._roots))
        kind = self.kind_of(node.of)
        if kind in {"value", "groups"}:
            raise ExpressionError(node.at, f"this value has no member '{node.name}'")
        if kind in {"user", "source"} and self._attributes is not None and node.name not in self._attributes:
            who = "users have" if kind == "user" else "the source has"
            raise ExpressionError(node.at, f"{who} no attribute '{node.name}'")
        if kind in _MEMBERS and node.name not in _MEMBERS[kind]:
            raise ExpressionError(node.at, f"there is no '{node.name}'; there is {', '.join(_MEMBERS[kind])}")
        return "json" if kind == "json" or (kind, node.name) in _OBJECTS else "value"

    def _projection(self, node: Projection) -> Kind:
        if self.kind_of(node.of) != "groups":
            raise ExpressionError(node.at, "'.![…]' needs the groups of user.getGroups before it")
        if node.path[0] not in _GROUP:
            raise ExpressionError(node.at, f"groups have no '{node.path[0]}'; they have {', '.join(_GROUP)}")
        return "value"

    def _call(self, node: Call) -> Kind:
        if isinstance(node.of, Name) and node.of.name == "user":
            return self._user_method(node)
        if node.of is not None and not (isinstance(node.of, Name) and node.of.name not in self._roots):
            raise ExpressionError(node.at, f"methods such as '{node.name}' cannot be called; use a function")
        name = function_of(node)
        if name in self._without:
            raise ExpressionError(node.at, f"there is no function '{name}' here")
        if name == _FILTERED_GROUPS:
            return self._filtered_groups(node)
        function = functions().get(name)
        if function is None or (self._in_group and not function.constant):
            raise ExpressionError(node.at, f"there is no function '{name}' here")
        problem = function.wrong_arity(len(node.arguments))
        if problem is not None:
            raise ExpressionError(node.at, problem)
        for argument in node.arguments:
            self.kind_of(argument)
        if name == "isMemberOfGroupNameRegex":
            _check_pattern(node.arguments[0], delimited=True)
        return function.result

    def _user_method(self, node: Call) -> Kind:
        if "user" not in self._roots:
            raise ExpressionError(node.at, "there is no 'user' here")
        if node.name not in USER_METHODS:
            raise ExpressionError(node.at, f"user has no method '{node.name}'; it has {', '.join(USER_METHODS)}")
        wanted = USER_METHODS[node.name]
        if wanted is not None and len(node.arguments) != wanted:
            raise ExpressionError(node.at, f"user.{node.name} takes {wanted} argument, not {len(node.arguments)}")
        if node.name == "getGroups":
            self._criteria(node)
            return "groups"
        argument = node.arguments[0]
        if not isinstance(argument, Literal) or not isinstance(argument.value, str):
            raise ExpressionError(argument.at, f"user.{node.name} takes a text in quotes")
        if node.name == "getLinkedObject":
            return "user"
        if argument.value not in INTERNAL_PROPERTIES:
            raise ExpressionError(argument.at, f"an internal property is {' or '.join(INTERNAL_PROPERTIES)}")
        return "value"

    def _criteria(self, node: Call) -> None:
        for argument in node.arguments:
            if not isinstance(argument, MapOf):
                raise ExpressionError(argument.at, "user.getGroups takes maps, as in {'group.type': {'OKTA_GROUP'}}")
            for key, value in argument.entries:
                if key not in CRITERIA:
                    known = ", ".join(sorted(CRITERIA))
                    raise ExpressionError(argument.at, f"groups are not found by '{key}', only by {known}")
                self.kind_of(value)
                if key == "operator" and isinstance(value, Literal) and value.value not in OPERATORS:
                    raise ExpressionError(value.at, "operator is 'EXACT' or 'STARTS_WITH'")

    def _filtered_groups(self, node: Call) -> Kind:
        if self._in_group:
            raise ExpressionError(node.at, f"{_FILTERED_GROUPS} cannot be used inside itself")
        if len(node.arguments) != 3:
            raise ExpressionError(node.at, f"{_FILTERED_GROUPS} takes 3 arguments, not {len(node.arguments)}")
        allowed, render, limit = node.arguments
        self.kind_of(allowed)
        self.kind_of(limit)
        # Never a computed text: an attribute of a user would become code.
        if not isinstance(render, Literal) or not isinstance(render.value, str):
            raise ExpressionError(render.at, 'the second argument is an expression in quotes, as in "group.name"')
        try:
            checked(render.value, in_group=True)
        except ExpressionError as error:
            raise ExpressionError(render.at + 1 + error.at, error.problem) from None
        return "value"


def _check_pattern(node: Node, *, delimited: bool = False) -> None:
    if isinstance(node, Literal) and isinstance(node.value, str):
        try:
            compiled(without_slashes(node.value) if delimited else node.value)
        except BadPattern as error:
            raise ExpressionError(node.at, f"this {error} (RE2 syntax: no look-around, no back references)") from None


def _unknown_root(name: str, roots: Collection[str]) -> str:
    if name in {function.partition(".")[0] for function in functions() if "." in function}:
        return f"'{name}' has functions and no members"
    return f"Explicit references to apps aren't supported, and there is no '{name}'; use {_people(roots)}"


def _people(roots: Collection[str]) -> str:
    return " or ".join(name for name in ("appuser", "idpuser", "user", "source") if name in roots)
