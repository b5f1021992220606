"""Event hooks by schedule: what is in the system log, to endpoints that want to know."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import hooks

lambda_handler = entrypoint(hooks)
