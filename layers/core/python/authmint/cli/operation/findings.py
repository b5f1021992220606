"""What a check of a deployment found: good, bad, or not to be told; and what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

State = Literal["good", "bad", "unknown"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: Was looked at.
        state: ``unknown`` where it could not be looked at.
        seen: In words.
        advice: What to do about it; empty where it is good.
    """

    what: str
    state: State
    seen: str
    advice: str = ""


def verdict(what: str, good: bool, seen: str, advice: str) -> Finding:
    """A finding that gives its advice where it is bad only."""
    return Finding(what, "good", seen) if good else Finding(what, "bad", seen, advice)


def asked(what: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What a check finds; where AWS refuses or does not answer, that."""
    try:
        yield from check()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "ClientError"))
        if "NotFound" in code or code == "ValidationError":
            advice = "it is not there: check --stage, --stack, account and region, or deploy"
            yield Finding(what, "bad", f"{error.operation_name}: {code}", advice)
        else:
            advice = f"allow whoever asks {error.operation_name}, or look by hand"
            yield Finding(what, "unknown", f"{error.operation_name}: {code}", advice)
    except BotoCoreError as error:
        yield Finding(what, "unknown", str(error), "check credentials, region and network")
