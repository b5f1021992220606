"""What is done with hooks: every flow, against endpoints that answer nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from authmint.oauth.outbound_fetch import Answer
from authmint.runtime.parts import Parts

from tests.functions.deployment import Functions

INLINE = "/api/v1/inlineHooks"
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:hook-tokens"
HTTP = {
    "type": "HTTP",
    "config": {"uri": "https://hook.example", "authScheme": {"type": "HEADER", "key": "X-Key", "value": "s"}},
}


def an_inline_hook(**changes: Any) -> dict[str, Any]:
    return {"name": "h", "type": "com.okta.oauth2.tokens.transform", "channel": HTTP} | changes


@contextmanager
def endpoints(
    functions: Functions, answer: Callable[..., Answer] = lambda *_, **__: Answer(204, b"")
) -> Iterator[None]:
    """New instances, which reach endpoints that answer so; nothing, if not said otherwise."""
    with pytest.MonkeyPatch.context() as reaching:
        reaching.setattr(Parts, "exchange", answer)
        functions.restart()
        yield
    functions.restart()


def every_flow_of_hooks(functions: Functions) -> None:
    """Hooks are made, tried, changed and deleted."""
    function = {"type": "LAMBDA", "config": {"functionArn": ARN}}
    with endpoints(functions):
        for body in (an_inline_hook(), an_inline_hook(name="f", channel=function)):
            hook = f"{INLINE}/{functions.admin('POST', INLINE, body)['id']}"
            functions.admin("POST", f"{hook}/execute", {})
            functions.admin("PUT", hook, body)
            functions.admin("POST", f"{hook}/lifecycle/deactivate")
            functions.admin("DELETE", hook)
