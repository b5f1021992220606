"""What goes wrong with a provider: it is not there, or what it says is not to be believed."""


class Unreachable(Exception):
    """The provider is slow, down, or has trouble of its own: later it may be different. The message is for the log."""


class NotBelieved(Exception):
    """What came is no proof of who somebody is.

    Attributes:
        error_id: Internal id of the refusal that the client is told.
        reason: For the log; never a token, a code or a claim.
    """

    def __init__(self, error_id: str, reason: str) -> None:
        super().__init__(f"{error_id}: {reason}")
        self.error_id = error_id
        self.reason = reason
