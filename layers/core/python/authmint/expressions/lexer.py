"""Text of an expression to tokens (docs/protocol.md §12.1)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from .errors import ExpressionError
from .values import INTEGERS, Value

Kind = Literal["literal", "name", "mark", "end"]

#: Words that are operators or values whatever their case.
_OPERATORS: Final = {"and": "AND", "or": "OR", "not": "!", "matches": "matches"}
_VALUES: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_SPELLINGS: Final = {"&&": "AND", "||": "OR"}

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<string>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<number>[0-9]+(?:\.[0-9]+)?)
      | (?P<word>[A-Za-z_$][A-Za-z0-9_$]*)
      | (?P<mark>&&|\|\||==|!=|<=|>=|\?:|[<>!?:+\-.,(){}\[\]])""",
    re.VERBOSE,
)
#: What Spring EL has and this language has not, by its first character.
_REFUSED: Final = {
    "'": "a text is not closed; a quote inside a text is doubled",
    '"': "a text is not closed; a quote inside a text is doubled",
    "=": "values cannot be assigned; to compare, write '=='",
    "#": "variables are not supported",
    "@": "beans are not supported",
    "*": "only '+' and '-' can be calculated with",
    "/": "only '+' and '-' can be calculated with",
    "%": "only '+' and '-' can be calculated with",
    "^": "only '+' and '-' can be calculated with",
    "&": "to combine conditions, write 'AND'",
    "|": "to combine conditions, write 'OR'",
    "\\": "a backslash stands only inside a text",
}


@dataclass(frozen=True)
class Token:
    """A literal with its value, a name, a mark in its one spelling, or the end."""

    kind: Kind
    text: str
    at: int
    value: Value = None


def tokens(text: str) -> Iterator[Token]:
    """The tokens of an expression, the end included.

    Raises:
        ExpressionError: A character that begins no token, or a number of more than 64 bits.
    """
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(at, _REFUSED.get(text[at], "this character has no meaning here"))
        if match.lastgroup != "space":
            yield _token(match)
        at = match.end()
    yield Token("end", "", len(text))


def _token(match: re.Match[str]) -> Token:
    text, at = match[0], match.start()
    if match.lastgroup == "string":
        return Token("literal", text, at, _unquoted(text, at))
    if match.lastgroup == "number":
        return Token("literal", text, at, _number(text, at))
    if match.lastgroup == "mark":
        return Token("mark", _SPELLINGS.get(text, text), at)
    lower = text.lower()
    if lower in _VALUES:
        return Token("literal", text, at, _VALUES[lower])
    if lower in _OPERATORS:
        return Token("mark", _OPERATORS[lower], at)
    return Token("name", text, at)


def _unquoted(text: str, at: int) -> str:
    """The text between the quotes. A backslash stands for itself."""
    for offset, character in enumerate(text):
        if "\ud800" <= character <= "\udfff":
            raise ExpressionError(at + offset, "half a surrogate pair is no character")
    return text[1:-1].replace(text[0] * 2, text[0])


def _number(text: str, at: int) -> int | float:
    if len(text) > 40 or ("." not in text and int(text) not in INTEGERS):
        raise ExpressionError(at, "the number has more than 64 bits")
    return float(text) if "." in text else int(text)
