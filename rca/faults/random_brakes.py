"""Random throttle and full brakes cancel out."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "random_brakes", causes=("no_net_force",), caught_by=("env.random_drive",), source="defect D01"
)
def random_brakes(build: Build) -> Build:
    """Random throttle and full brakes cancel out."""
    return with_settings(build, env__max_brake=1.0, agent__random_phase="uniform")
