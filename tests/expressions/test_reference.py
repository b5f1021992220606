"""What is explained is what there is."""

import pytest
from authmint.expressions.check import check, functions
from authmint.expressions.functions_text import ALIASES
from authmint.expressions.reference import FUNCTIONS, NAMES, OPERATORS
from authmint.storage.profile import STANDARD_ATTRIBUTES


def test_every_function_is_explained_once() -> None:
    explained = [function.name for function in FUNCTIONS]

    assert sorted(explained) == sorted(functions().keys() - ALIASES)


@pytest.mark.parametrize(
    "example", [one.example for one in FUNCTIONS] + [example for example, _ in (*NAMES, *OPERATORS)]
)
def test_every_example_is_an_expression(example: str) -> None:
    check(example, STANDARD_ATTRIBUTES)
