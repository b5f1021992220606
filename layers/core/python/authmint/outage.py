"""What everything has in common that this deployment depends on and that did not answer."""


class Outage(Exception):
    """A dependency did not answer now. Nothing is known to have changed; the same request may be sent again.

    The message is ours, names the call and the error that came back, and goes to the log: never a value of the call.
    """
