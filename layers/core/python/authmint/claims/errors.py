"""How a claim fails."""


class ClaimFailed(Exception):
    """A claim could not be evaluated, so there is no token.

    Attributes:
        name: Of the claim.
        system: Whether it is a system claim.
        too_many_groups: It matched more groups than a claim may hold.
        reason: For logs; never holds a value.
    """

    def __init__(self, name: str, *, system: bool, too_many_groups: bool = False, reason: str = "") -> None:
        super().__init__(name)
        self.name = name
        self.system = system
        self.too_many_groups = too_many_groups
        self.reason = reason
