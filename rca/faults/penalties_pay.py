"""Penalties are negative in the config and subtracted in the code."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

PENALTIES = ("collision", "off_road", "stuck")
"""Terms that an episode's bad ends cost, once (rca.envs.reward)."""


class Paid(Wrapper):
    """Pays what a bad end should cost, and reports it so."""

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        terms = dict(info.get("reward_terms", {}))
        cost = 0.0
        for name in PENALTIES:
            cost += terms.get(name, 0.0)
            terms[name] = abs(terms.get(name, 0.0))
        info = {**info, "reward_terms": terms}
        return obs, float(reward) - 2 * cost, terminated, truncated, info


@fault(
    "penalties_pay",
    causes=("reward_wrong", "progress_outweighs_penalties"),
    source="a classic of reward code: `reward -= penalty` with `penalty: -5` in the config",
    caught_by=("env.witnessed",),
    blind=3,
)
def penalties_pay(build: Build) -> Build:
    """Penalties have the wrong sign: leaving the road and getting stuck are paid."""
    return with_wrapper(build, Paid)
