"""Tokens to a tree. Precedence is that of Spring EL: from loosest to tightest ``?:`` and ``? :``, ``OR``, ``AND``,
comparisons and ``matches``, ``+`` and ``-``, ``!`` and unary ``-``, then members, calls and indexes.
"""

from typing import Final, TypeVar

from .errors import ExpressionError
from .lexer import Token, tokens
from .limits import MAX_LENGTH
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

#: Height of a tree and nesting of the text. Every later step recurses over the tree, so this bounds them all.
MAX_DEPTH: Final = 64
_COMPARISONS: Final = ("==", "!=", "<", ">", "<=", ">=", "matches")
_BINDS: Final = {"OR": 1, "AND": 2, **dict.fromkeys(_COMPARISONS, 3), "+": 4, "-": 4}
_COMPARES: Final = 3
_T = TypeVar("_T", bound=Node)


def parse(text: str) -> Node:
    """The tree of an expression.

    Raises:
        ExpressionError: It is empty, too long, too deep, or not of this language. The error names the place.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(MAX_LENGTH, f"an expression has at most {MAX_LENGTH} characters")
    parser = _Parser(text)
    node = parser.expression()
    parser.expect_end()
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(tokens(text))
        self._next = 0
        self._nesting = 0
        self._heights: dict[int, int] = {}

    def expression(self) -> Node:
        """Ternary and Elvis: the loosest, to the right."""
        self._nesting += 1
        if self._nesting > MAX_DEPTH:
            raise ExpressionError(self._peek.at, f"nested deeper than {MAX_DEPTH} levels")
        node = self._binary(1)
        mark = self._peek
        if self._take("?:"):
            default = self.expression()
            node = self._grown(Elvis(node, default, mark.at), node, default)
        elif self._take("?"):
            then = self.expression()
            self._expect(":", "after the first branch of '?'")
            otherwise = self.expression()
            node = self._grown(Conditional(node, then, otherwise, mark.at), node, then, otherwise)
        self._nesting -= 1
        return node

    def expect_end(self) -> None:
        """Refuse whatever follows the expression."""
        token = self._peek
        if token.kind != "end":
            raise ExpressionError(token.at, f"'{token.text}' is not expected here; an operator is missing before it")

    def _binary(self, loosest: int) -> Node:
        left = self._unary()
        while True:
            mark = self._peek
            binds = _BINDS.get(mark.text, 0) if mark.kind == "mark" else 0
            if binds < loosest:
                return left
            self._next += 1
            right = self._binary(binds + 1)
            left = self._grown(Binary(mark.text, left, right, mark.at), left, right)
            if binds == _COMPARES and self._peek.kind == "mark" and self._peek.text in _COMPARISONS:
                raise ExpressionError(self._peek.at, "comparisons do not chain; combine them with 'AND'")

    def _unary(self) -> Node:
        signs: list[Token] = []
        while self._peek.kind == "mark" and self._peek.text in {"!", "-"}:
            signs.append(self._peek)
            self._next += 1
        node = self._postfix()
        for sign in reversed(signs):
            if sign.text == "-" and isinstance(node, Literal) and type(node.value) in {int, float}:
                node = self._grown(Literal(_negative(node), sign.at))
            else:
                node = self._grown(Unary(sign.text, node, sign.at), node)
        return node

    def _postfix(self) -> Node:
        node = self._primary()
        while True:
            mark = self._peek
            if self._take("["):
                index = self.expression()
                self._expect("]", "after an index")
                node = self._grown(Index(node, index, mark.at), node, index)
            elif self._take("."):
                node = self._member(node)
            else:
                return node

    def _member(self, of: Node) -> Node:
        token = self._peek
        if self._take("!"):
            self._expect("[", "after '.!'")
            path = [self._name("a member of the groups, as in .![name]")]
            while self._take("."):
                path.append(self._name("a member"))
            self._expect("]", "after the member")
            return self._grown(Projection(of, tuple(path), token.at), of)
        name = self._name("a member after '.'")
        if self._peek.text == "(" and self._peek.kind == "mark":
            arguments = self._arguments()
            return self._grown(Call(of, name, arguments, token.at), of, *arguments)
        return self._grown(Member(of, name, token.at), of)

    def _primary(self) -> Node:
        token = self._peek
        self._next += 1
        if token.kind == "literal":
            return self._grown(Literal(token.value, token.at))
        if token.kind == "name":
            if self._peek.text == "(" and self._peek.kind == "mark":
                arguments = self._arguments()
                return self._grown(Call(None, token.text, arguments, token.at), *arguments)
            return self._grown(Name(token.text, token.at))
        if token.text == "(" and token.kind == "mark":
            node = self.expression()
            self._expect(")", "to close '('")
            return node
        if token.text == "{" and token.kind == "mark":
            return self._braces(token)
        if token.kind == "end":
            raise ExpressionError(token.at, "the expression ends where a value must stand")
        raise ExpressionError(token.at, f"'{token.text}' stands where a value must")

    def _braces(self, opening: Token) -> Node:
        """An array, or the criteria of ``user.getGroups``."""
        if self._take("}"):
            return self._grown(ArrayOf((), opening.at))
        first = self.expression()
        if self._peek.text == ":" and self._peek.kind == "mark":
            return self._map(opening, first)
        items = [first]
        while self._take(","):
            items.append(self.expression())
        self._expect("}", "to close '{'")
        return self._grown(ArrayOf(tuple(items), opening.at), *items)

    def _map(self, opening: Token, key: Node) -> Node:
        entries: list[tuple[str, Node]] = []
        while True:
            if not isinstance(key, Literal) or not isinstance(key.value, str):
                raise ExpressionError(key.at, "a key is a text, as in {'group.id': '00g…'}")
            self._expect(":", "after a key")
            entries.append((key.value, self.expression()))
            if not self._take(","):
                break
            key = self.expression()
        self._expect("}", "to close '{'")
        return self._grown(MapOf(tuple(entries), opening.at), *(value for _, value in entries))

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(", "before arguments")
        if self._take(")"):
            return ()
        arguments = [self.expression()]
        while self._take(","):
            arguments.append(self.expression())
        self._expect(")", "after the arguments")
        return tuple(arguments)

    @property
    def _peek(self) -> Token:
        return self._tokens[min(self._next, len(self._tokens) - 1)]

    def _take(self, mark: str) -> bool:
        found = self._peek.kind == "mark" and self._peek.text == mark
        self._next += found
        return found

    def _expect(self, mark: str, where: str) -> None:
        if not self._take(mark):
            raise ExpressionError(self._peek.at, f"'{mark}' is missing {where}")

    def _name(self, what: str) -> str:
        token = self._peek
        if token.kind != "name":
            raise ExpressionError(token.at, f"the name of {what} is missing")
        self._next += 1
        return token.text

    def _grown(self, node: _T, *below: Node) -> _T:
        """Measure a new node. A chain such as ``a + b + c`` is as deep as it is long, without any nesting."""
        height = 1 + max((self._heights[id(child)] for child in below), default=0)
        if height > MAX_DEPTH:
            raise ExpressionError(node.at, f"more than {MAX_DEPTH} operations build on each other")
        self._heights[id(node)] = height
        return node


def _negative(node: Literal) -> int | float:
    value = node.value
    assert isinstance(value, int | float)  # noqa: S101 - the caller looked
    return -value
