"""The built page with the made-up homes of its own mock server; the mock's clock stands still."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from tests.support.app_imports import REPOSITORY
from tests.support.free_port import free_port

PAGE = REPOSITORY / "evcc-smartload/page"


@contextmanager
def mock_homes(at: datetime) -> Iterator[str]:
    """Serve the mock's homes as they are ``at`` an instant; yield the address that scenes follow.

    Raises:
        AssertionError: The mock did not start.
    """
    port = free_port()
    # What it makes up follows the time of day.
    stopped = f"data:text/javascript,Date.now=()=>{at.timestamp() * 1000:.0f}"
    command = ["node", "--import", stopped, "dev/mock-server.mjs", str(port)]
    with subprocess.Popen(command, cwd=PAGE, stdout=subprocess.PIPE, text=True) as mock:
        try:
            # It says where it is when it can be asked.
            assert mock.stdout is not None
            assert mock.stdout.readline().startswith("http://"), "the mock did not start"
            yield f"http://127.0.0.1:{port}/"
        finally:
            mock.terminate()
