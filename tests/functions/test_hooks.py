"""Hooks through the deployed functions."""

from tests.functions.deployment import Functions
from tests.functions.hook_flows import every_flow_of_hooks


def test_hooks_are_made_tried_and_deleted(functions: Functions) -> None:
    functions.ready()

    every_flow_of_hooks(functions)

    assert functions.admin("GET", "/api/v1/inlineHooks") == []
