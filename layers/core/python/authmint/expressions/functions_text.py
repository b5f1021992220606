"""``String``, ``Convert`` and ``Iso3166Convert`` (docs/protocol.md §12.3). Texts are counted in characters."""

import math
import re
from collections.abc import Callable
from typing import Any, Final

from .errors import EvaluationFailed
from .functions import ANY, INTEGER, SCALAR, TEXT, Function
from .run import Run
from .values import Value, number, text_of

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,20}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?")


def join(run: Run, separator: str, *parts: str) -> str:
    run.make(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


def _append(run: Run, text: str, more: str) -> str:
    return join(run, "", text, more)


def _length(_: Run, text: Value) -> int:
    return 0 if text is None else len(text_of(text))


def _replace(run: Run, text: str, old: str, new: str, count: int = -1) -> str:
    if not old:
        return text
    found = text.count(old) if count < 0 else min(text.count(old), count)
    run.make(len(text) + found * max(0, len(new) - len(old)))
    return text.replace(old, new, count)


def _replace_first(run: Run, text: str, old: str, new: str) -> str:
    return _replace(run, text, old, new, 1)


def _switch(_: Run, text: str, default: Value, *pairs: Value) -> Value:
    """The value of the first key that is part of the text."""
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        if key is not None and text_of(key) in text:
            return value
    return default


def _substring(_: Run, text: str, start: int, end: int) -> str:
    """A part of a text (docs/protocol.md §12.3): clamped to the length; what is negative or backwards is a mistake."""
    if start < 0 or end < start:
        raise EvaluationFailed("String.substring needs 0 <= start <= end")
    return text[start:end]


def _after(_: Run, text: str, separator: str) -> str:
    return text.partition(separator)[2] if separator else text


def _before(_: Run, text: str, separator: str) -> str:
    return text.partition(separator)[0] if separator else ""


def _cased(change: Callable[[str], str]) -> Callable[..., Value]:
    """A text may grow, to three times its length at most."""

    def convert(run: Run, text: str) -> str:
        run.make(len(text))
        changed = change(text)
        run.make(len(changed))
        return changed

    return convert


def _to_integer(_: Run, given: Value) -> int | float:
    if isinstance(given, str):
        if not _INTEGER.fullmatch(given.strip()):
            raise EvaluationFailed("Convert.toInt needs the digits of an integer")
        return number(int(given))
    assert isinstance(given, int | float)  # noqa: S101 - read as SCALAR
    return number(given if isinstance(given, int) else math.floor(given + 0.5))


def _to_number(_: Run, given: Value) -> int | float:
    if isinstance(given, str):
        digits = given.strip()
        if not _NUMBER.fullmatch(digits):
            raise EvaluationFailed("Convert.toNum needs the digits of a number")
        return number(float(digits) if "." in digits else int(digits))
    assert isinstance(given, int | float)  # noqa: S101 - read as SCALAR
    return given


def _country(code: str) -> Any:
    """By two letters, three letters or three digits; ``None`` when there is no such country."""
    import iso3166  # a table of 250 countries that few claims need

    key = code.strip().upper()
    for table in (iso3166.countries_by_alpha2, iso3166.countries_by_alpha3, iso3166.countries_by_numeric):
        if key in table:
            return table[key]
    return None


def _country_part(part: str) -> Any:
    def convert(_: Run, code: str) -> str | None:
        country = _country(code)
        return None if country is None else getattr(country, part)

    return convert


FUNCTIONS: Final = (
    Function("String.append", _append, (TEXT, TEXT)),
    Function("String.join", join, (TEXT,), rest=TEXT),
    Function("String.len", _length, (ANY,)),
    Function("String.removeSpaces", lambda _, text: text.replace(" ", ""), (TEXT,)),
    Function("String.replace", _replace, (TEXT, TEXT, TEXT)),
    Function("String.replaceFirst", _replace_first, (TEXT, TEXT, TEXT)),
    Function("String.startsWith", lambda _, text, prefix: text.startswith(prefix), (TEXT, TEXT)),
    Function("String.stringContains", lambda _, text, part: part in text, (TEXT, TEXT)),
    Function("String.stringSwitch", _switch, (TEXT, ANY), rest=ANY, pairs=True),
    Function("String.substring", _substring, (TEXT, INTEGER, INTEGER)),
    Function("String.substringAfter", _after, (TEXT, TEXT)),
    Function("String.substringBefore", _before, (TEXT, TEXT)),
    Function("String.toUpperCase", _cased(str.upper), (TEXT,)),
    Function("String.toLowerCase", _cased(str.lower), (TEXT,)),
    Function("Convert.toInt", _to_integer, (SCALAR,)),
    Function("Convert.toNum", _to_number, (SCALAR,)),
    Function("Iso3166Convert.toAlpha2", _country_part("alpha2"), (TEXT,)),
    Function("Iso3166Convert.toAlpha3", _country_part("alpha3"), (TEXT,)),
    Function("Iso3166Convert.toNumeric", _country_part("numeric"), (TEXT,)),
    Function("Iso3166Convert.toName", _country_part("name"), (TEXT,)),
)

#: Deprecated names without a prefix.
ALIASES: Final = {
    name: f"String.{name}" for name in ("toUpperCase", "toLowerCase", "substring", "substringBefore", "substringAfter")
}
