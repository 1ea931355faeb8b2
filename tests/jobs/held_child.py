"""The process of a run that stands still, or dies, at a named point: YIWEN_TEST_HOLD is `hold|kill|exit POINT FILE`.

FILE is made when the point is reached.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from kg_loader.jobs.child import main


def observer(point: str) -> None:
    """As ingestion calls it."""
    action, wanted, marker = os.environ["YIWEN_TEST_HOLD"].split(" ", 2)
    if point != wanted:
        return
    Path(marker).touch()
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "exit":
        os._exit(3)
    time.sleep(60)


if __name__ == "__main__":
    main(observer)
