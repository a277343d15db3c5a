"""The allocator setting really keeps memory: an update's buffers cause no new page faults."""

import os
import platform
import subprocess
import sys

import pytest

resource = pytest.importorskip("resource", reason="page faults are counted by Unix only")
SCRIPT = """
import resource, sys
import torch
from rca.td3.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def update():
    buffers = [torch.ones(2_500_000) for _ in range(12)]  # 120 MB, as in an update

for _ in range(5):
    update()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    update()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(mode):
    """Page faults of five updates where glibc is told to map each buffer anew."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, mode],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "131072"},
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_freed_memory_is_used_again_without_page_faults():
    mapped_anew = 5 * 120_000_000 / resource.getpagesize()
    assert faults("default") > 0.9 * mapped_anew
    assert faults("keep") < 0.1 * mapped_anew
