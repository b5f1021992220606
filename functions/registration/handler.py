"""POST ``/oauth2/{authServerId}/v1/register``."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import registration

lambda_handler = entrypoint(registration)
