"""What a function of the language is: its arguments, how they are read, and what it gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from .errors import EvaluationFailed
from .run import Run
from .values import Value, is_number, text_of

#: What has which members: ``value`` has none, ``json`` any.
Kind = Literal["value", "json", "user", "appuser", "source", "app", "org", "session", "access", "group", "groups"]


@dataclass(frozen=True)
class Parameter:
    """How an argument is read. Where null is not allowed, a null argument makes the whole call null."""

    read: Callable[[Value], Value]
    nullable: bool = False


@dataclass(frozen=True)
class Function:
    """A function by its full name.

    Attributes:
        optional: How many of ``parameters`` may be missing, from the end.
        rest: Reads further arguments, any number of them.
        pairs: The further arguments come in pairs, at least one.
        constant: The result depends on the arguments alone.
    """

    name: str
    body: Callable[..., Value]
    parameters: tuple[Parameter, ...] = ()
    optional: int = 0
    rest: Parameter | None = None
    pairs: bool = False
    constant: bool = True
    result: Kind = "value"

    def wrong_arity(self, count: int) -> str | None:
        """What is wrong with that many arguments."""
        most = len(self.parameters)
        least = most - self.optional + 2 * self.pairs
        if self.rest is not None:
            fits = count >= least and not (self.pairs and (count - most) % 2)
            wanted = f"{least} or more" + (", in pairs after the first two" if self.pairs else "")
        else:
            fits = least <= count <= most
            wanted = str(most) if least == most else f"{least} to {most}"
        plural = "" if wanted == "1" else "s"
        return None if fits else f"{self.name} takes {wanted} argument{plural}, not {count}"

    def call(self, run: Run, arguments: Sequence[Value]) -> Value:
        """The result for arguments of the right number."""
        run.spend()
        read: list[Value] = []
        for position, argument in enumerate(arguments):
            parameter = self.parameters[position] if position < len(self.parameters) else self.rest
            assert parameter is not None  # noqa: S101 - the number of arguments was checked
            if argument is None and not parameter.nullable:
                return None
            read.append(parameter.read(argument))
        return self.body(run, *read)


def _integer(value: Value) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise EvaluationFailed("an integer is needed")
    return value


def _array(value: Value) -> tuple[Value, ...]:
    """Arrays, nothing, and texts of comma-separated values (docs/protocol.md §12.3)."""
    if value is None:
        return ()
    if isinstance(value, tuple):
        return value
    if isinstance(value, str):
        return tuple(item.strip() for item in value.split(","))
    raise EvaluationFailed("an array is needed")


def _scalar(value: Value) -> Value:
    if isinstance(value, str) or is_number(value):
        return value
    raise EvaluationFailed("a text or number is needed")


TEXT: Final = Parameter(text_of)
INTEGER: Final = Parameter(_integer)
SCALAR: Final = Parameter(_scalar)
ARRAY: Final = Parameter(_array, nullable=True)
ANY: Final = Parameter(lambda value: value, nullable=True)
