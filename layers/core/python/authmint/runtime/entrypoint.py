"""What Lambda calls: the only place that knows events, and that turns what nobody expected into an answer."""

import gc
import os  # the environment is read here and handed down
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Protocol

from ..deadline import Deadline
from ..http import Request, Response
from .gateway_events import NotThroughTheEdge, ViewerFacts, answer_of, is_http, request_of, route_of

#: Set by Lambda, nowhere else: there, what can be done before the first request is done during INIT.
_ON_LAMBDA = "AWS_LAMBDA_INITIALIZATION_TYPE"


class Report(Protocol):
    """Logs a fault of ours and counts it: the one place where an outage leaves its trace."""

    def __call__(self, fault: BaseException, request_id: str = "", *, route: str = "", status: int = 0) -> None:
        """``route``: as in ``template.yaml``; ``status``: of the answer, 0 where there is none."""


@dataclass(frozen=True)
class Function:
    """One Lambda function, wired.

    Attributes:
        http: Answers requests that came through API Gateway.
        failure: The answer when ``http`` raised what it should not have.
        direct: Answers direct and scheduled invocations; ``None``: there are none.
        deadline: Told at each invocation how long it may take.
        report: Logs what failed, and counts it.
        edge_secrets: What a request has to know where CloudFront stands in front; empty: anybody may call.
        viewer_facts: Whose word is taken for where a request comes from.
        mtls_url: The domain whose connections have certificates of clients; ``None``: there is none.
    """

    http: Callable[[Request], Response] | None
    failure: Callable[[Request], Response]
    report: Report
    direct: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
    base_url: str | None = None
    deadline: Deadline = field(default_factory=Deadline)
    edge_secrets: Sequence[str] = ()
    viewer_facts: ViewerFacts = "none"
    mtls_url: str | None = None


class NotInvokable(Exception):
    """The function was invoked in a way that it does not serve."""


def entrypoint(wire: Callable[[Mapping[str, str]], Function]) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
    """The ``lambda_handler`` of a function that ``wire`` builds from the environment, once."""

    @cache
    def wired() -> Function:
        return wire(os.environ)  # noqa: TID251 - the one place

    def lambda_handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        function = wired()
        if context is not None:
            function.deadline.set(context.get_remaining_time_in_millis() / 1000)
        if not is_http(event):
            return _directly(function, event, context)
        return _answered(function, event)

    if _ON_LAMBDA in os.environ:  # noqa: TID251 - the one place
        with _kept_for_good():
            wired()
    return lambda_handler


@contextmanager
def _kept_for_good() -> Iterator[None]:
    """What a start makes stays: the garbage collector looks through it neither meanwhile nor later.

    It would take a twentieth of the start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _answered(function: Function, event: Mapping[str, Any]) -> dict[str, Any]:
    if function.http is None:
        raise NotInvokable("this function has no route")
    try:
        request = request_of(event, function.base_url, function.edge_secrets, function.viewer_facts, function.mtls_url)
    except NotThroughTheEdge:
        return answer_of(Response.json(403, {"message": "Forbidden"}), event)
    head = request.method == "HEAD"
    if head:  # the same as GET, without the content (RFC 9110 §9.3.2)
        request = replace(request, method="GET")
    try:
        response = function.http(request)
    except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
        response = function.failure(request).because_of(error)
    if response.fault is not None:
        function.report(response.fault, request.request_id, route=route_of(event), status=response.status)
    return answer_of(replace(response, body=b"") if head else response, event)


def _directly(function: Function, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    if function.direct is None:
        raise NotInvokable("this function is not for direct invocation")
    try:
        return function.direct(event)
    except Exception as error:
        function.report(error, "" if context is None else context.aws_request_id, route="direct")
        raise  # so that Lambda retries an asynchronous invocation, and keeps it in the dead-letter queue
