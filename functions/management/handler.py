"""``/api/v1/**``, ``/oauth2/v1/clients/**``; invoked directly: the first API token."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import management

lambda_handler = entrypoint(management)
