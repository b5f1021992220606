"""What CloudWatch Logs hands to a subscription."""

import base64
import gzip
import json
from typing import Any


def delivery(*lines: str, **changes: Any) -> dict[str, Any]:
    entries = [{"id": str(n), "timestamp": 0, "message": line} for n, line in enumerate(lines)]
    body = {"messageType": "DATA_MESSAGE", "logGroup": "g", "logStream": "s", "logEvents": entries} | changes
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(body).encode())).decode()}}
