"""Mail that was stored, and a schedule for what could not be sent: from the outbox to SES."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import mailer

lambda_handler = entrypoint(mailer)
