"""``Arrays`` (docs/protocol.md §12.3). Every function also takes comma-separated text, or null as an empty array."""

from typing import Final

from .errors import EvaluationFailed
from .functions import ANY, ARRAY, INTEGER, Function
from .functions_text import join
from .run import Run
from .values import Value, equal, text_of

Array = tuple[Value, ...]


def _add(run: Run, array: Array, value: Value) -> Array:
    run.make(len(array) + 1)
    return (*array, value)


def _remove(run: Run, array: Array, value: Value) -> Array:
    run.make(len(array))
    return tuple(item for item in array if not equal(item, value))


def _get(_: Run, array: Array, index: int) -> Value:
    if not 0 <= index < len(array):
        raise EvaluationFailed("Arrays.get has no such index")
    return array[index]


def _flatten(run: Run, *values: Value) -> Array:
    """Arrays give their items, to any depth; one text alone is read as comma-separated values."""
    if len(values) == 1 and isinstance(values[0], str):
        values = (ARRAY.read(values[0]),)
    return tuple(_leaves(run, values))


def _leaves(run: Run, values: Array) -> list[Value]:
    run.make(len(values))
    leaves: list[Value] = []
    for value in values:
        if isinstance(value, tuple):
            leaves += _leaves(run, value)
        elif value is not None:
            leaves.append(value)
    run.make(len(leaves))
    return leaves


def _contains(run: Run, array: Array, value: Value) -> bool:
    run.make(len(array))
    return any(equal(item, value) for item in array)


def _to_csv(run: Run, array: Array) -> str:
    return join(run, ",", *map(text_of, array))


FUNCTIONS: Final = (
    Function("Arrays.add", _add, (ARRAY, ANY)),
    Function("Arrays.remove", _remove, (ARRAY, ANY)),
    Function("Arrays.clear", lambda _, array: (), (ARRAY,)),  # noqa: ARG005 - emptied, whatever it held
    Function("Arrays.get", _get, (ARRAY, INTEGER)),
    Function("Arrays.flatten", _flatten, (ANY,), rest=ANY),
    Function("Arrays.contains", _contains, (ARRAY, ANY)),
    Function("Arrays.size", lambda _, array: len(array), (ARRAY,)),
    Function("Arrays.isEmpty", lambda _, array: not array, (ARRAY,)),
    Function("Arrays.toCsvString", _to_csv, (ARRAY,)),
)
