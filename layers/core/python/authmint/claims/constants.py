"""Claim values that are constants: literals of the expression language (runtime contract §20.1).

String, integer, number, boolean, ``null`` and arrays of them. Anything else is refused when it is saved.
"""

import re
from typing import Final

Constant = str | int | float | bool | None | list["Constant"]

#: The value of the system claim ``sub`` (management contract §8.2): user name, or client id without a user.
SUBJECT: Final = "(appuser != null) ? appuser.userName : app.clientId"

MAX_LENGTH: Final = 1024
_MAX_DEPTH: Final = 8
#: Integers have 64 bits, as in the consumers of JSON.
_INTEGERS: Final = range(-(2**63), 2**63)
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<string>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?P<number>-?[0-9]+(?:\.[0-9]+)?)|(?P<word>[A-Za-z]+)|(?P<mark>[{},]))"""
)
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}


class NotConstant(ValueError):
    """The expression is not a constant. The message names the place."""


def parse(expression: str) -> Constant:
    """The value of a constant expression.

    Raises:
        NotConstant: It is empty, malformed, too long, too deep, or needs evaluation.
    """
    if len(expression) > MAX_LENGTH:
        raise NotConstant(f"is longer than {MAX_LENGTH} characters")
    value, end = _value(expression, 0, 0)
    if expression[end:].strip():
        raise NotConstant(f"is not a constant: unexpected text at position {end + 1}")
    return value


def _value(text: str, at: int, depth: int) -> tuple[Constant, int]:
    match = _TOKEN.match(text, at)
    if match is None or depth > _MAX_DEPTH:
        raise NotConstant(f"is not a constant: no literal at position {at + 1}")
    end = match.end()
    if (string := match["string"]) is not None:
        return string[1:-1].replace(string[0] * 2, string[0]), end
    if (number := match["number"]) is not None:
        if "." not in number and int(number) not in _INTEGERS:
            raise NotConstant(f"is not a constant: the number at position {at + 1} has more than 64 bits")
        return (float(number) if "." in number else int(number)), end
    if (word := match["word"]) is not None:
        if word.lower() not in _WORDS:
            raise NotConstant(f"is not a constant: unknown word '{word}' at position {at + 1}")
        return _WORDS[word.lower()], end
    if match["mark"] == "{":
        return _array(text, end, depth + 1)
    raise NotConstant(f"is not a constant: unexpected '{match['mark']}' at position {at + 1}")


def _array(text: str, at: int, depth: int) -> tuple[list[Constant], int]:
    items: list[Constant] = []
    closing = re.compile(r"\s*}").match(text, at)
    if closing is not None:
        return items, closing.end()
    while True:
        item, at = _value(text, at, depth)
        items.append(item)
        mark = _TOKEN.match(text, at)
        if mark is None or mark["mark"] not in {",", "}"}:
            raise NotConstant(f"is not a constant: expected ',' or '}}' at position {at + 1}")
        at = mark.end()
        if mark["mark"] == "}":
            return items, at
