"""What Lambda calls: how it starts, and that the deadline of an invocation is told to the function."""

import gc
from collections.abc import Mapping

import pytest
from authmint.deadline import Deadline
from authmint.http import Request, Response
from authmint.runtime.entrypoint import Function, entrypoint

from tests.functions.deployment import load_event


class Context:
    aws_request_id = "r1"

    def get_remaining_time_in_millis(self) -> int:
        return 5_000


def test_each_invocation_sets_how_long_it_may_take() -> None:
    deadline = Deadline(lambda: 100.0)
    left: list[float] = []

    def http(_: Request) -> Response:
        left.append(deadline.left())
        return Response(204)

    def wire(_: Mapping[str, str]) -> Function:
        return Function(http, lambda _: Response(500), lambda *_, **__: None, deadline=deadline)

    handler = entrypoint(wire)
    handler(load_event("jwks"), Context())

    assert left == [pytest.approx(4.75)]


def test_on_lambda_a_function_is_wired_at_once_and_what_that_makes_is_never_collected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    monkeypatch.setattr(gc, "freeze", lambda: seen.append("frozen"))
    seen: list[str] = []

    def wire(_: Mapping[str, str]) -> Function:
        seen.append("collects" if gc.isenabled() else "wired")
        raise ValueError("a setting")

    with pytest.raises(ValueError, match="a setting"):
        entrypoint(wire)

    assert seen == ["wired", "frozen"]
    assert gc.isenabled()
