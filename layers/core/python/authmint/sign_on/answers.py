"""What people answer to what they are asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..factors.answers import Answer as FactorAnswer
from ..storage.factors import FactorKind


@dataclass(frozen=True)
class NewPassword:
    """To ``new_password``. ``old``: has to be right, where it is asked for again."""

    new: str = field(repr=False)
    old: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ThePassword:
    """To ``challenge``: the password, once more."""

    password: str = field(repr=False)


@dataclass(frozen=True)
class Chosen:
    """To ``challenge``: with which factor. A mail is sent, or a browser is told what to sign.

    Attributes:
        alone: No other key will do: the caller named it.
    """

    factor_id: str
    alone: bool = False


@dataclass(frozen=True)
class Proved:
    """To ``challenge``: a code, or what a key signed.

    Attributes:
        factor_id: ``None``: of the factor that was chosen.
        remember: The browser shall not be asked again.
    """

    answer: FactorAnswer
    factor_id: str | None = None
    remember: bool = False


@dataclass(frozen=True)
class RecoveryCode:
    """To ``challenge``: one of the codes that are good once."""

    text: str = field(repr=False)


@dataclass(frozen=True)
class Begun:
    """To ``enrol``: which kind is set up."""

    kind: FactorKind


@dataclass(frozen=True)
class SetUp:
    """To ``enrol``: what shows that it works."""

    answer: FactorAnswer


@dataclass(frozen=True)
class Said:
    """To ``profile``: values of attributes."""

    values: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Skipped:
    """To what is offered, and need not be."""


@dataclass(frozen=True)
class Back:
    """To a factor that was chosen: another one."""


Answer = NewPassword | ThePassword | Chosen | Proved | RecoveryCode | Begun | SetUp | Said | Skipped | Back
