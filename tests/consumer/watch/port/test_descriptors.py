import resource
import subprocess
import sys

import pytest

from consumer.watch.port.descriptors import share


@pytest.mark.parametrize(
    ("limit", "connections"), [(16, 8), (256, 64), (1024, 256), (65_536, 4096), (-1, 4096)]
)
def test_callers_have_a_quarter_and_never_more_than_4096(limit: int, connections: int) -> None:
    assert share(limit) == connections


def test_the_limit_is_raised_to_what_is_allowed() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    code = (
        "import resource as r\n"
        f"r.setrlimit(r.RLIMIT_NOFILE, (64, {hard}))\n"
        "from consumer.watch.port.descriptors import raise_limit\n"
        "raise_limit()\n"
        "print(r.getrlimit(r.RLIMIT_NOFILE)[0])\n"
    )

    command = [sys.executable, "-c", code]
    said = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603 - our own

    assert int(said.stdout) == (65_536 if hard < 0 else min(hard, 65_536))
