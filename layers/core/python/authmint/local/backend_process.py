"""Runs in the backend's own virtual environment: MiniStack, saving its state while it runs.

By itself it saves on SIGTERM only; a killed process would lose everything since its start.
"""

import logging
import os
import threading

EVERY = float(os.environ.get("AUTHMINT_BACKEND_SAVES_EVERY", "1"))


def keep() -> None:
    """Save once a second. Each file is replaced as a whole."""
    from ministack import app
    from ministack.core.persistence import save_all

    logging.getLogger("ministack.core.persistence").setLevel(logging.ERROR)
    logging.getLogger("ministack").setLevel(logging.WARNING)
    while not threading.Event().wait(EVERY):
        save_all(app._build_persistence_save_dict())


if __name__ == "__main__":
    from ministack.app import main

    if os.environ.get("PERSIST_STATE") == "1":
        threading.Thread(target=keep, daemon=True).start()
    main()
