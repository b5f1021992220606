"""GET ``/oauth2/{authServerId}/v1/status/{list}``."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import status_list

lambda_handler = entrypoint(status_list)
