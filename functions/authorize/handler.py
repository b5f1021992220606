"""GET and POST of what browsers visit: ``/oauth2/{authServerId}/v1/authorize``, ``…/logout``, pages, sessions."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import authorize

lambda_handler = entrypoint(authorize)
