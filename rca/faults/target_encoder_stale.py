"""The heads' targets follow, the encoders' do not."""

import copy

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3


class StaleEncoders(TD3):
    """Target encoders keep their first weights."""

    def _update_targets(self) -> None:
        encoders = {name: t for name, t in self.targets.items() if name.endswith("encoder")}
        kept = {name: copy.deepcopy(t.state_dict()) for name, t in encoders.items()}
        super()._update_targets()
        for name, target in encoders.items():
            target.load_state_dict(kept[name])


@fault(
    "target_encoder_stale",
    causes=("target_wrong",),
    caught_by=("targets.follow",),
    source="design of the seed's Phase C, half done",
)
def target_encoder_stale(build: Build) -> Build:
    """The heads' targets follow, the encoders' do not."""
    return with_agent(build, StaleEncoders)
