"""What several test files share."""

import socket

import pytest
from hypothesis import settings

# The same examples each time, and no verdict on the machine's speed.
settings.register_profile("rca", deadline=None, derandomize=True)
settings.load_profile("rca")


@pytest.fixture
def unused_port():
    """A port that nobody listens on, on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
