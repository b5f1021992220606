"""Expressions of conditions (``elCondition``): the language of claims with methods, and with other names.

``user.profile.department == 'Sales' && security.risk.level != 'HIGH'``. The grammar, the operators, the budget and the
values are those of ``expressions``; names and methods are here (docs/protocol.md §33.2).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ...expressions.errors import EvaluationFailed, ExpressionError
from ...expressions.evaluate import member
from ...expressions.operators import BINARY, UNARY, Evaluate, conditional, elvis
from ...expressions.parser import parse
from ...expressions.run import Run
from ...expressions.syntax import (
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
from ...expressions.values import Object, Value
from .facts import Facts

#: The username, of who is not known yet.
_TYPED: Final = "login.identifier"
_USER: Final = ("id", "status", "created", "lastUpdated", "passwordChanged", "lastLogin", "profile")
_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "user": _USER,
    "login": ("identifier",),
    "security": ("risk", "behaviors"),
    "security.risk": ("level",),
}
_IS_MEMBER: Final = "isMemberOf"
_OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "STARTS_WITH": lambda name, wanted: name.startswith(wanted),
    "EXACT": lambda name, wanted: name == wanted,
    "CONTAINS": lambda name, wanted: wanted in name,
}
_KEPT: Final = 256


class _Conditioned(Run):
    """A run that knows the facts of a sign-on."""

    __slots__ = ("known",)

    def __init__(self, known: Facts) -> None:
        super().__init__(None)
        self.known = known


def check_condition(text: str) -> None:
    """Raises ExpressionError: with the place, what is wrong and what to do."""
    _compiled(text)
    if _TYPED in text:
        raise ExpressionError(text.index(_TYPED), "there is a user by then; only routes ask what was typed")


def text_of(text: str, facts: Facts) -> str | None:
    """What it gives, where that is a text; ``None``: it fails, or gives something else."""
    try:
        value = _compiled(text)(_Conditioned(facts))
    except (ExpressionError, EvaluationFailed):
        return None
    return value if isinstance(value, str) else None


def holds(text: str, facts: Facts) -> bool | None:
    """Whether it is true; ``None``: it fails, asks for what is not known, or is neither true nor false."""
    try:
        value = _compiled(text)(_Conditioned(facts))
    except (ExpressionError, EvaluationFailed):
        return None
    return value if isinstance(value, bool) else None


@lru_cache(maxsize=_KEPT)
def _compiled(text: str) -> Evaluate:
    return _closure(parse(text))


def _closure(node: Node) -> Evaluate:  # noqa: C901, PLR0911 - one branch for each kind of node
    match node:
        case Literal(constant):
            return lambda _: constant
        case Member(of, name):
            return _member(node, of, name)
        case Call(of, name, arguments) if of is not None:
            return _call(node, of, name, arguments)
        case Unary(operator, operand):
            return UNARY[operator](_closure(operand))
        case Binary(operator, left, right):
            return BINARY[operator](_closure(left), _closure(right))
        case Conditional(condition, then, otherwise):
            return conditional(_closure(condition), _closure(then), _closure(otherwise))
        case Elvis(value, default):
            return elvis(_closure(value), _closure(default))
        case ArrayOf(items):
            closures = [_closure(item) for item in items]
            return lambda run: tuple(item(run) for item in closures)
        case Name(name):
            raise ExpressionError(node.at, f"'{name}' alone is no value; there is {', '.join(sorted(_FACTS))}")
        case MapOf():
            raise ExpressionError(node.at, f"a map is only an argument of user.{_IS_MEMBER}")
        case Call(_, name):
            raise ExpressionError(node.at, f"there is no function '{name}': methods stand behind a value and a dot")
        case Index() | Projection():
            raise ExpressionError(node.at, "conditions have neither indexes nor projections")


def _path(node: Node) -> str | None:
    match node:
        case Name(name):
            return name
        case Member(of, name):
            above = _path(of)
            return None if above is None else f"{above}.{name}"
        case _:
            return None


def _member(node: Member, of: Node, name: str) -> Evaluate:
    path, above = _path(node), _path(of)
    known = _MEMBERS.get(above or "")
    if known is not None and name not in known:
        raise ExpressionError(node.at, f"there is no '{name}'; there is {', '.join(known)}")
    if path is not None and path in _FACTS:
        return _fact(_FACTS[path])
    if isinstance(of, Name):
        raise ExpressionError(of.at, f"there is no '{path}'; there is {', '.join(sorted(_FACTS))}")
    inner = _closure(of)

    def evaluate(run: Run) -> Value:
        run.spend()
        return member(inner(run), name)

    return evaluate


def _fact(read: Callable[[Facts], Value]) -> Evaluate:
    def evaluate(run: Run) -> Value:
        run.spend()
        return read(_facts(run))

    return evaluate


def _facts(run: Run) -> Facts:
    if not isinstance(run, _Conditioned):
        raise EvaluationFailed("a condition needs the facts of a sign-on")
    return run.known


def _known(value: Value) -> Value:
    if value is None:
        raise EvaluationFailed("this is not known of the sign-on")
    return value


def _profile(facts: Facts) -> Value:
    return _known(None if facts.profile is None else Object(facts.profile))


def _behaviors(facts: Facts) -> Value:
    if facts.behaviors is None:
        raise EvaluationFailed("behaviours are not known of the sign-on")
    unusual = (facts.behavior_names.get(one) for one, result in facts.behaviors.items() if result != "NEGATIVE")
    return tuple(name for name in unusual if name is not None)


def _of_user(name: str) -> Callable[[Facts], Value]:
    return lambda facts: _known(facts.user_id if name == "id" else facts.user.get(name))


_FACTS: Final[Mapping[str, Callable[[Facts], Value]]] = {
    **{f"user.{name}": _of_user(name) for name in _USER if name != "profile"},
    "user.profile": _profile,
    _TYPED: lambda facts: _known(facts.identifier),
    "security.risk.level": lambda facts: _known(facts.risk),
    "security.behaviors": _behaviors,
}


def _call(node: Call, of: Node, name: str, arguments: tuple[Node, ...]) -> Evaluate:
    if isinstance(of, Name) and of.name == "user" and name == _IS_MEMBER:
        return _is_member([_criterion(argument) for argument in arguments])
    method = _METHODS.get(name)
    if method is None:
        raise ExpressionError(node.at, f"there is no method '{name}'; there is {', '.join(sorted(_METHODS))}")
    if len(arguments) not in method.arguments:
        raise ExpressionError(node.at, f"'{name}' takes {' or '.join(map(str, method.arguments))} arguments")
    inner, values = _closure(of), [_closure(argument) for argument in arguments]

    def evaluate(run: Run) -> Value:
        value = inner(run)
        run.make(len(value) if isinstance(value, str | tuple) else 1)
        return None if value is None else method.body(value, *(argument(run) for argument in values))

    return evaluate


@dataclass(frozen=True)
class _Criterion:
    ids: frozenset[str]
    name: str | None
    operator: str


def _criterion(node: Node) -> _Criterion:
    if not isinstance(node, MapOf):
        raise ExpressionError(node.at, f"user.{_IS_MEMBER} takes maps, as in {{'group.id': {{'00g…'}}}}")
    says = dict(node.entries)
    unknown = set(says) - {"group.id", "group.profile.name", "operator"}
    if unknown:
        raise ExpressionError(node.at, f"groups are not found by '{min(unknown)}', but by group.id, group.profile.name")
    ids = frozenset(_texts(says["group.id"])) if "group.id" in says else frozenset()
    names = list(_texts(says["group.profile.name"])) if "group.profile.name" in says else []
    operators = list(_texts(says["operator"])) if "operator" in says else ["STARTS_WITH"]
    if len(names) > 1 or not (ids or names) or len(operators) != 1 or operators[0] not in _OPERATORS:
        raise ExpressionError(node.at, "a criterion has ids, or one name and perhaps an operator")
    return _Criterion(ids, names[0] if names else None, operators[0])


def _texts(node: Node) -> Iterator[str]:
    for item in node.items if isinstance(node, ArrayOf) else (node,):
        if not isinstance(item, Literal) or not isinstance(item.value, str):
            raise ExpressionError(item.at, "ids and names of groups are texts in quotes")
        yield item.value


def _is_member(criteria: list[_Criterion]) -> Evaluate:
    def evaluate(run: Run) -> Value:
        facts = _facts(run)
        if facts.group_ids is None:
            raise EvaluationFailed("groups are not known of the sign-on")
        run.make(len(facts.group_ids) * max(1, len(criteria)))
        return any(
            one in criterion.ids
            or (criterion.name is not None and _named(facts.group_names.get(one, ""), criterion.name, criterion))
            for criterion in criteria
            for one in facts.group_ids
        )

    return evaluate


def _named(name: str, wanted: str, criterion: _Criterion) -> bool:
    return _OPERATORS[criterion.operator](name, wanted)


@dataclass(frozen=True)
class _Method:
    arguments: tuple[int, ...]
    body: Callable[..., Value]


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise EvaluationFailed("this method is of texts")
    return value


def _contains(value: Value, wanted: Value) -> Value:
    return wanted in value if isinstance(value, tuple) else _text(wanted) in _text(value)


def _size(value: Value) -> Value:
    if not isinstance(value, str | tuple):
        raise EvaluationFailed("texts and arrays have a size")
    return len(value)


def _to_integer(value: Value) -> Value:
    try:
        return int(str(value))
    except ValueError:
        raise EvaluationFailed("this text is no number") from None


_METHODS: Final[Mapping[str, _Method]] = {
    "toUpperCase": _Method((0,), lambda value: _text(value).upper()),
    "toLowerCase": _Method((0,), lambda value: _text(value).lower()),
    "contains": _Method((1,), _contains),
    "startsWith": _Method((1,), lambda value, start: _text(value).startswith(_text(start))),
    "substringBefore": _Method((1,), lambda value, mark: _text(value).partition(_text(mark))[0]),
    "substringAfter": _Method((1,), lambda value, mark: _text(value).partition(_text(mark))[2]),
    "removeSpaces": _Method((0,), lambda value: _text(value).replace(" ", "")),
    "length": _Method((0,), _size),
    "size": _Method((0,), _size),
    "isEmpty": _Method((0,), lambda value: _size(value) == 0),
    "toInteger": _Method((0,), _to_integer),
}
