"""CloudWatch Logs subscription: token events from log lines into the system log."""

from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import audit_sink

lambda_handler = entrypoint(audit_sink)
