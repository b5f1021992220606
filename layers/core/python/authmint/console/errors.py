"""What keeps a page of the console from being shown."""

from collections.abc import Sequence


class SignedOut(Exception):
    """Nobody is signed in, or not any more."""


class StepUp(Exception):
    """The operation asks for a stronger or fresher sign-in (RFC 9470).

    Attributes:
        wanted: Parameters for the authorization endpoint.
    """

    def __init__(self, wanted: dict[str, str]) -> None:
        super().__init__("a stronger sign-in is asked for")
        self.wanted = wanted


class ApiProblem(Exception):
    """The management API refused, or could not answer.

    Attributes:
        status: Of its answer; 503 where there was none.
        code: ``errorCode``.
        summary, causes: What it says.
        retry_after: Seconds, where it names some.
    """

    def __init__(
        self, status: int, code: str, summary: str, causes: Sequence[str] = (), retry_after: str | None = None
    ) -> None:
        super().__init__(f"{status} {code} {summary}")
        self.status = status
        self.code = code
        self.summary = summary
        self.causes = tuple(causes)
        self.retry_after = retry_after

    @property
    def came_first(self) -> bool:
        """Whether somebody else changed the object since it was read (RFC 9110 §13.1.1)."""
        return self.status == 412

    @property
    def passes(self) -> bool:
        """Whether the same call may succeed in a while; nothing was changed."""
        return self.status in {429, 503}
