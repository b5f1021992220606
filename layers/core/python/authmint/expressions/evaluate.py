"""Trees to closures, and what they give. Nothing but the values of ``values`` is ever reached."""

from .check import OF_CLAIMS, Dialect, checked, function_of, functions
from .errors import EvaluationFailed
from .facts import GroupFacts
from .functions_groups import filtered_groups, get_groups, group_object
from .objects import ROOTS, internal_property, linked_user
from .operators import BINARY, UNARY, Evaluate, conditional, elvis
from .run import Run
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
from .values import Json, Object, Value, claim_of, text_of


class Expression:
    """A checked expression, compiled.

    Attributes:
        constant: Whether its value is the same for all facts.
    """

    def __init__(self, text: str, dialect: Dialect = OF_CLAIMS) -> None:
        """Parse, check and compile the text. Raises ExpressionError."""
        node = checked(text, dialect=dialect)
        self.constant = is_constant(node)
        self._evaluate = compiled(node)

    def value(self, run: Run) -> Value:
        """The value for the facts of a run. Raises EvaluationFailed."""
        return self._evaluate(run)

    def claim(self, run: Run) -> Json:
        """The value as it stands in a token. Raises EvaluationFailed."""
        return claim_of(self._evaluate(run))


def is_constant(node: Node) -> bool:  # noqa: C901, PLR0911 - one branch for each kind of node
    """Whether no fact and no time is read."""
    match node:
        case Name():
            return False
        case Call(of, _, arguments):
            function = functions().get(function_of(node))
            return function is not None and function.constant and all(map(is_constant, arguments))
        case Literal():
            return True
        case ArrayOf(items):
            return all(map(is_constant, items))
        case MapOf(entries):
            return all(is_constant(value) for _, value in entries)
        case Member(of) | Projection(of):
            return is_constant(of)
        case Index(of, index):
            return is_constant(of) and is_constant(index)
        case Unary(_, operand):
            return is_constant(operand)
        case Binary(_, left, right) | Elvis(left, right):
            return is_constant(left) and is_constant(right)
        case Conditional(condition, then, otherwise):
            return is_constant(condition) and is_constant(then) and is_constant(otherwise)


def compiled(node: Node) -> Evaluate:  # noqa: C901, PLR0911 - one branch for each kind of node
    """The closure of a checked tree."""
    match node:
        case Literal(constant):
            return lambda _: constant
        case Name(name):
            return ROOTS[name]
        case Member(of, name):
            return _member(compiled(of), name, _path(node))
        case Index(of, index):
            return _index(compiled(of), compiled(index))
        case Call():
            return _call(node)
        case Projection(of, path):
            return _projection(compiled(of), path)
        case ArrayOf(items):
            return _array([compiled(item) for item in items])
        case Unary(operator, operand):
            return UNARY[operator](compiled(operand))
        case Binary(operator, left, right):
            return BINARY[operator](compiled(left), compiled(right))
        case Conditional(condition, then, otherwise):
            return conditional(compiled(condition), compiled(then), compiled(otherwise))
        case Elvis(value, default):
            return elvis(compiled(value), compiled(default))
        case MapOf():
            raise AssertionError("a map is compiled by the call that it is an argument of")


def _path(node: Node) -> str | None:
    """The dotted name of a fact, as the preview shows it."""
    match node:
        case Name(name):
            return name
        case Member(of, name):
            above = _path(of)
            return None if above is None else f"{above}.{name}"
        case Call(Name("user"), "getLinkedObject", (Literal(relation),)):
            return f"user.getLinkedObject({relation!r})"
        case _:
            return None


def _member(of: Evaluate, name: str, path: str | None) -> Evaluate:
    def evaluate(run: Run) -> Value:
        run.spend()
        value = member(of(run), name)
        if run.reads is not None and path is not None and not isinstance(value, Object):
            run.note(path, value)
        return value

    return evaluate


def member(value: Value, name: str) -> Value:
    """A member of an object; of null it is null, as when there is no user."""
    if value is None:
        return None
    if not isinstance(value, Object):
        raise EvaluationFailed("a text, number or array has no members")
    return value.member(name)


def _index(of: Evaluate, index: Evaluate) -> Evaluate:
    def evaluate(run: Run) -> Value:
        run.spend()
        array, position = of(run), index(run)
        if array is None:
            return None
        if not isinstance(array, tuple) or not isinstance(position, int) or isinstance(position, bool):
            raise EvaluationFailed("an index is an integer, and of an array")
        if not 0 <= position < len(array):
            raise EvaluationFailed("an array has no such index")
        return array[position]

    return evaluate


def _array(items: list[Evaluate]) -> Evaluate:
    def evaluate(run: Run) -> Value:
        run.make(len(items))
        return tuple(item(run) for item in items)

    return evaluate


def _projection(of: Evaluate, path: tuple[str, ...]) -> Evaluate:
    def evaluate(run: Run) -> Value:
        groups = of(run)
        if not isinstance(groups, tuple):
            raise EvaluationFailed("a projection needs groups")
        run.make(len(groups))
        values = groups
        for name in path:
            values = tuple(member(value, name) for value in values)
        return values

    return evaluate


def _call(node: Call) -> Evaluate:
    name = function_of(node)
    if name == "user.getGroups":
        return _get_groups(node)
    if name == "getFilteredGroups":
        return _filtered_groups(node)
    arguments = [compiled(argument) for argument in node.arguments]
    if name == "user.getInternalProperty":
        return lambda run: internal_property(run, text_of(arguments[0](run)))
    if name == "user.getLinkedObject":
        return lambda run: linked_user(run, text_of(arguments[0](run)))
    function = functions()[name]
    return lambda run: function.call(run, [argument(run) for argument in arguments])


def _get_groups(node: Call) -> Evaluate:
    criteria = [
        {key: compiled(value) for key, value in argument.entries}
        for argument in node.arguments
        if isinstance(argument, MapOf)
    ]
    return lambda run: get_groups(run, [{key: value(run) for key, value in one.items()} for one in criteria])


def _filtered_groups(node: Call) -> Evaluate:
    allowed, limit = compiled(node.arguments[0]), compiled(node.arguments[2])
    expression = node.arguments[1]
    assert isinstance(expression, Literal)  # noqa: S101 - checked
    inner = compiled(checked(text_of(expression.value), in_group=True))

    def render(run: Run, group: GroupFacts) -> Value:
        run.group = group_object(group)
        try:
            return inner(run)
        finally:
            run.group = None

    return lambda run: filtered_groups(run, allowed(run), render, limit(run))
