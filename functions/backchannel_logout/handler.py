"""Sessions that ended, and a schedule for who could not be told: logout tokens to clients."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import backchannel_logout

lambda_handler = entrypoint(backchannel_logout)
