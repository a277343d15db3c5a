"""What the wiring audit sees of a sound agent with the default settings, and of an empty one."""

from rca.config import AgentConfig
from rca.wiring.facts import (
    ActionFacts,
    CheckpointFacts,
    EquationFacts,
    ExplorationFacts,
    Fed,
    FrameFacts,
    InputFacts,
    LossFacts,
    LossFit,
    ModuleFacts,
    Names,
    OptimizerFacts,
    SmoothingFacts,
    TargetFacts,
    Wiring,
)
from rca.wiring.memory import MemoryFacts
from rca.wiring.recomputed import PartFacts, RecomputedFacts, WorldFacts

NONE = Names(count=0)
UPDATES = 58
PARTS = {"actor": 6, "actor_encoder": 8, "critic": 12, "critic_encoder": 8}


def part(name: str, parameters: int) -> ModuleFacts:
    return ModuleFacts(
        kind="Encoder" if name.endswith("encoder") else "MLP",
        parameters=parameters,
        numbers=1000 * parameters,
        frozen=NONE,
        in_no_optimizer=NONE,
        in_several=NONE,
        held_by=(f"{name.split('_')[0]}_optimizer",),
        not_reached=NONE,
        not_changed=NONE,
        mode_layers=(),
        modes={"train": UPDATES},
    )


def optimizer(*parts: str) -> OptimizerFacts:
    rates = {name: float(getattr(AgentConfig(), f"{name}_lr")) for name in parts}
    holds = {name: PARTS[name] for name in parts}
    heard = 58 if "critic" in parts else 28
    begun = 58 if "critic" in parts else 0
    return OptimizerFacts(
        kind="Adam", steps=900, holds=holds, rates=rates, compared=heard, uphill=2, begun=begun
    )


RECOMPUTED = (
    *("weights between updates", "input", "value", "policy", "target value"),
    *("others in the step of critic", "others in the step of actor"),
    *(f"{what} of {name}" for name in PARTS for what in ("gradient", "step")),
    *(f"move of target.{name}" for name in PARTS),
)
AT = (2, 3, 6, 7, 20, 21)


def recomputed(difference: float, share: float) -> PartFacts:
    """Facts of a part that differs by as much in each recomputed update."""
    count = len(AT)
    return PartFacts(updates=AT, differences=(difference,) * count, shares=(share,) * count)


def target(online: str) -> TargetFacts:
    return TargetFacts(
        online=online,
        comparable=True,
        looked=50,
        online_moved=50,
        moved=25,
        tau=0.005,
        residual=1e-3,
    )


def fed(encoder: str, calls: int) -> Fed:
    return Fed(calls=calls, encoders={encoder: calls})


def sound() -> Wiring:
    config = AgentConfig()
    trained = {name: part(name, count) for name, count in PARTS.items()}
    slow = {f"{name}_target": part(name, count) for name, count in PARTS.items()}
    return Wiring(
        updates=UPDATES,
        modules=trained | slow,
        optimizers={
            "actor_optimizer": optimizer("actor", "actor_encoder"),
            "critic_optimizer": optimizer("critic", "critic_encoder"),
        },
        losses={
            "critic": LossFacts(passes=58, reaches={"critic": 58, "critic_encoder": 58}),
            "actor": LossFacts(passes=28, reaches={"actor": 28, "actor_encoder": 28}),
        },
        features={
            "actor": {"acting": fed("actor_encoder", 58), "learning": fed("actor_encoder", 28)},
            "critic": {
                "critic loss": fed("critic_encoder", 58),
                "actor loss": fed("critic_encoder", 28),
            },
            "critic_target": {"target": fed("critic_encoder_target", 58)},
        },
        targets={f"{name}_target": target(name) for name in PARTS},
        actions=ActionFacts(told=True, rows=1856, executed=1856, repeated=0.02, reach=0.96),
        equation=EquationFacts(
            tried=116,
            fitted=116,
            late=0,
            residual=3e-8,
            steps=1,
            discount=config.discount,
            reward_scale=1.0,
            reductions={"min": 116},
            time_outs={"bootstrapped": 40},
            terminals={"cut": 60},
        ),
        inputs=InputFacts(pixels={"critic_encoder": 1.0}, vector=1.0, same_next=0.05),
        smoothing=SmoothingFacts(calls=58, deviation=0.198, largest=0.5),
        exploration=ExplorationFacts(
            numbers=110, deviation=config.exploration_noise, observed=55, otherwise=0
        ),
        checkpoint=CheckpointFacts(name="last.pt", absent={}, optimizer_states=2),
        frames=FrameFacts(sharing=50, moved=50, learned=40, kept=40),
        loss=LossFit(tried=58, fitted=58, single=0),
        world=WorldFacts(steps=900, begun=13, ends=12, other={}),
        memory=MemoryFacts(rows=1000, unknown=0, other={"reward": 0, "vector": 0}),
        recomputed=RecomputedFacts(
            parts={
                name: recomputed(0.0 if name.startswith(("others", "weights")) else 1e-6, 1.0)
                for name in RECOMPUTED
            }
        ),
    )


def empty() -> Wiring:
    """An audit that heard nothing: no update took place."""
    heard = sound()
    return heard.model_copy(
        update={
            "updates": 0,
            "losses": {},
            "features": {},
            "targets": {n: t.model_copy(update={"looked": 0}) for n, t in heard.targets.items()},
            "actions": ActionFacts(told=False, rows=0, executed=0, repeated=None, reach=None),
            "equation": EquationFacts(
                tried=0,
                fitted=0,
                late=0,
                residual=None,
                steps=None,
                discount=None,
                reward_scale=None,
                reductions={},
                time_outs={},
                terminals={},
            ),
            "inputs": InputFacts(pixels={}, vector=None, same_next=None),
            "smoothing": SmoothingFacts(calls=0, deviation=None, largest=None),
            "exploration": ExplorationFacts(numbers=0, deviation=None),
            "checkpoint": None,
            "frames": FrameFacts(sharing=0, moved=0, learned=0, kept=0),
            "loss": LossFit(tried=0, fitted=0, single=0),
            "optimizers": {
                name: held.model_copy(update={"compared": 0, "uphill": 0, "begun": 0})
                for name, held in heard.optimizers.items()
            },
        }
    )
