"""Trees back to text, and random trees."""

from typing import Any

from authmint.expressions.lexer import tokens
from authmint.expressions.syntax import (
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
from hypothesis import strategies as st


def printed(node: Node) -> str:  # noqa: C901, PLR0911, PLR0912 - one branch for each kind of node
    """Text that parses to this tree; every operation in parentheses."""
    match node:
        case Literal(constant):
            return _literal(constant)
        case Name(name):
            return name
        case Member(of, name):
            return f"{_closed(of)}.{name}"
        case Index(of, index):
            return f"{_closed(of)}[{printed(index)}]"
        case Call(None, name, arguments):
            return f"{name}({_list(arguments)})"
        case Call(of, name, arguments):
            assert of is not None
            return f"{_closed(of)}.{name}({_list(arguments)})"
        case Projection(of, path):
            return f"{_closed(of)}.![{'.'.join(path)}]"
        case ArrayOf(items):
            return "{" + _list(items) + "}"
        case MapOf(entries):
            return "{" + ", ".join(f"{_literal(key)}: {printed(value)}" for key, value in entries) + "}"
        case Unary(operator, operand):
            return f"({operator}{_closed(operand)})"
        case Binary(operator, left, right):
            return f"({_closed(left)} {operator} {_closed(right)})"
        case Conditional(condition, then, otherwise):
            return f"({_closed(condition)} ? {printed(then)} : {printed(otherwise)})"
        case Elvis(value, default):
            return f"({_closed(value)} ?: {printed(default)})"


def _closed(node: Node) -> str:
    return f"({printed(node)})" if isinstance(node, Literal) else printed(node)


def _list(nodes: tuple[Node, ...]) -> str:
    return ", ".join(map(printed, nodes))


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else f"{value:.6f}" if isinstance(value, float) else str(value)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
INTEGERS = st.integers(-(2**63) + 1, 2**63 - 1)
SMALL = st.integers(-3, 12)
LITERALS = st.one_of(
    TEXTS,
    st.sampled_from(["West", "a,b", ".*", "(", "UTC", "yyyy", "0"]),
    INTEGERS,
    SMALL,
    st.integers(-9999, 9999).map(lambda number: number / 4),
    st.booleans(),
    st.none(),
).map(Literal)
PATHS = st.sampled_from(
    """
    user user.firstName user.salary user.favoriteColors user.nothing user.hasBadge appuser.userName app app.id
    app.profile app.profile.label app.profile.x.y access.scope session.amr org.name
    """.split()  # noqa: SIM905 - a table
)
#: With the number of arguments; the last three do not exist.
CALLS = """
    String.append/2 String.join/3 String.len/1 String.removeSpaces/1 String.replace/3 String.replaceFirst/3
    String.startsWith/2 String.stringContains/2 String.stringSwitch/4 String.substring/3 String.substringAfter/2
    String.substringBefore/2 String.toUpperCase/1 toLowerCase/1 Arrays.add/2 Arrays.remove/2 Arrays.clear/1
    Arrays.get/2 Arrays.flatten/2 Arrays.contains/2 Arrays.size/1 Arrays.isEmpty/1 Arrays.toCsvString/1
    Convert.toInt/1 Convert.toNum/1 Iso3166Convert.toName/1 Time.now/0 Time.now/1 Time.now/2
    Time.fromWindowsToIso8601/1 Time.fromUnixToIso8601/1 Time.fromStringToIso8601/2 Time.fromIso8601ToWindows/1
    Time.fromIso8601ToUnix/1 Time.fromIso8601ToString/2 isMemberOfGroupName/1 isMemberOfGroup/1
    isMemberOfAnyGroup/2 isMemberOfGroupNameStartsWith/1 isMemberOfGroupNameContains/1 isMemberOfGroupNameRegex/1
    Groups.startsWith/3 Groups.endsWith/3 Groups.contains/3 hasDirectoryUser/0 findDirectoryUser/0
    user.getInternalProperty/1 user.getLinkedObject/1 user.getGroups/0 nope/1 String.nope/1 app.getClass/0
    """.split()  # noqa: SIM905 - a table
OPERATORS = st.sampled_from(["AND", "OR", "+", "-", "==", "!=", "<", ">", "<=", ">=", "matches"])
MEMBERS = st.sampled_from(["name", "id", "profile", "class", "__class__", "firstName"])


def _path(path: str) -> Node:
    root, *members = path.split(".")
    node: Node = Name(root)
    for member in members:
        node = Member(node, member)
    return node


@st.composite
def _calls(draw: st.DrawFn, nodes: st.SearchStrategy[Node]) -> Node:
    name, _, count = draw(st.sampled_from(CALLS)).partition("/")
    of, _, called = name.rpartition(".")
    arguments = tuple(draw(nodes) for _ in range(int(count)))
    return Call(Name(of) if of else None, called, arguments)


def _larger(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.lists(nodes, max_size=3).map(lambda items: ArrayOf(tuple(items))),
        st.builds(Index, nodes, nodes),
        st.builds(Member, nodes, MEMBERS),
        st.builds(Projection, nodes, MEMBERS.map(lambda name: (name,))),
        st.builds(Unary, st.just("!"), nodes),
        st.builds(Binary, OPERATORS, nodes, nodes),
        st.builds(Conditional, nodes, nodes, nodes),
        st.builds(Elvis, nodes, nodes),
        _calls(nodes),
    )


#: Random expressions, most of them with something wrong.
NODES: st.SearchStrategy[Node] = st.recursive(st.one_of(LITERALS, PATHS.map(_path)), _larger, max_leaves=12)

#: Random text made of the language's own pieces.
SOUP = st.lists(
    st.one_of(
        st.sampled_from([token.text for token in tokens("'a' 1 2.5 true null ( ) { } [ ] , . : ? ?: ! + - == < AND")]),
        st.sampled_from(
            ["user", "app", ".![name]", "String.len", "getFilteredGroups", "T", "new", "#", "@", "matches", "'", '"']
        ),
        st.text(max_size=3),
    ),
    max_size=25,
).map(" ".join)
