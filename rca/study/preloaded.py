"""What every trial imports, once: the process that forks trials imports this module first.

It must have one thread when it forks, so torch and NumPy are told before they are imported.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import carla  # noqa: F401
import torch._dynamo  # noqa: F401  the first optimizer of a process imports it: 3 s

import rca.cli
import rca.envs.driving
import rca.faults
import rca.report.live
import rca.runs.execute
import rca.runs.load  # noqa: F401
