"""RunConfig and its parts: frozen, unknown keys refused; YAML in, effective YAML and digest out."""

import difflib
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from rca.errors import UsageError
from rca.yaml_file import parse_yaml, read_yaml

PRESETS = Path(__file__).parent / "presets"

Rate = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
OnNan = Literal["stop", "continue"]
ENDS = {"gt": "({}", "ge": "[{}", "lt": "{})", "le": "{}]"}
"""Of an interval, by pydantic's constraints; each that there is has a lower one."""


class Section(BaseModel):
    """A part of the config: immutable, refuses unknown keys, NaN and infinity."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,  # `batch_size: true` is a mistake, not 1
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )


class RewardConfig(Section):
    """Weights of the reward terms; `info["reward_terms"]` reports each term per step.

    The defaults keep returns near 10: a 150 m route earns 15 and the goal 2. `rca.envs.reward` says
    what each term is; `rca.envs.probe` compares what idling, driving and failing are worth.
    """

    progress: float = 0.1
    """Reward per metre driven along the route."""
    speed: float = 0.0
    """Reward per step, times 1 - |v - target| / target clipped to [-1, 1]; standing earns 0."""
    target_speed: Positive = 8.0
    """Speed the `speed` term wants, m/s."""
    lane_keeping: NotNegative = 0.005
    """Cost per step of one metre of lateral offset."""
    steering: NotNegative = 0.0
    """Cost per unit of change in steering between two steps; steering spans [-1, 1]."""
    idle: NotNegative = 0.01
    """Cost per step below 0.5 m/s: driving at walking pace (1.4 m/s) earns 0.007 a step."""
    collision: NotNegative = 20.0
    """Cost of a collision, once; it ends the episode. Above all that the longest route earns."""
    off_road: NotNegative = 1.0
    """Cost of leaving the road or facing the wrong way, once; it ends the episode. Small, so that
    trying and failing is worth more than standing still, or standing still is what is learnt."""
    stuck: NotNegative = 2.0
    """Cost of an episode ended for standing still, once; above that of leaving the road."""
    goal: NotNegative = 2.0
    """Bonus for finishing the route."""


class EnvConfig(Section):
    """The driving task."""

    map: str = "oval"
    """Built-in map of the embedded server, path of an OpenDRIVE file, or name of a CARLA town."""
    npcs: Annotated[int, Field(ge=0, le=100)] = 0
    """Other cars, which follow their lanes, 0 to 100; the embedded server puts in as many as find
    room. They drive on between episodes, so a resumed run meets them elsewhere."""
    image_size: Annotated[int, Field(ge=36, le=512)] = 84
    """Width and height of the observed grey image, pixels; NatureCNN needs at least 36."""
    frame_stack: Annotated[int, Field(ge=1, le=16)] = 4
    """Number of consecutive frames in an observation, oldest first."""
    dt: Annotated[float, Field(gt=0, le=0.1)] = 0.05
    """Simulated seconds per step; above 0.1 s CARLA's physics is unreliable (its documentation)."""
    num_waypoints: Annotated[int, Field(ge=1, le=50)] = 10
    """Route points ahead in the vector observation."""
    waypoint_spacing: Annotated[float, Field(gt=0, le=20)] = 4.0
    """Metres between two of these points, in (0, 20]."""
    route_length: Annotated[float, Field(ge=10, le=10_000)] = 150.0
    """Mean distance from start to goal, metres, 10 to 10,000."""
    route_length_spread: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Routes are drawn evenly between (1 - spread) and (1 + spread) times `route_length`."""
    max_brake: Rate = 0.2
    """Brake at pedal -1, in (0, 1]; 1 is a full stop at 0.87 g. Measured on the oval with uniform
    random actions: at 1 the car stands for 94% of the steps, at 0.2 for 24% (mean 1.5 m/s)."""
    off_road_distance: Annotated[float, Field(gt=0, le=100)] = 2.5
    """Distance from the route's lane centre at which the car counts as off the road, metres; a lane
    of 3.5 m has its marking at 1.75 m, and a car 2 m wide touches it at 0.75 m."""
    lane_touch_terminates: bool = False
    """Ends the episode as off the road at any lane marking touched (a defect, see evidence.md)."""
    stuck_seconds: Positive = 10.0
    """Simulated seconds below 0.5 m/s after which an episode ends as stuck."""
    max_episode_steps: Count = 1000
    """Steps after which an episode is truncated: the only ending that is not terminal."""
    reward: RewardConfig = RewardConfig()


class AgentConfig(Section):
    """TD3 (Fujimoto, van Hoof, Meger 2018) with one CNN encoder each for actor and critic."""

    actor_lr: Rate = 3e-4
    """Adam step size of the actor's MLP, in (0, 1]; paper 1e-3, its authors' later code 3e-4."""
    critic_lr: Rate = 3e-4
    """Adam step size of both critics' MLPs, in (0, 1]; sources as for actor_lr."""
    actor_encoder_lr: Rate = 3e-4
    """Adam step size of the actor's encoder, in (0, 1]; 1e-4 (DrQ-v2) to 1e-3 (SAC-AE, CURL)."""
    critic_encoder_lr: Rate = 3e-4
    """Adam step size of the critic's encoder, in (0, 1]; sources as for actor_encoder_lr."""
    exploration_noise: NotNegative = 0.1
    """Standard deviation of the Gaussian added to each action, whose half-range is 1; paper 0.1."""
    learning_starts: Annotated[int, Field(ge=0)] = 1_000
    """Steps with uniform random actions before the first update; paper 1,000 to 10,000."""
    batch_size: Count = 128
    """Transitions per update; paper 100, SAC-AE and CURL 128, DrQ-v2 256."""
    buffer_size: Count = 100_000
    """Transitions kept, the oldest are overwritten; about 0.73 GB per 100,000 at 84x84. Paper: all
    of its 1,000,000."""
    discount: Annotated[float, Field(ge=0, le=1)] = 0.99
    """Weight of the next step's value, in [0, 1]; paper 0.99."""
    tau: Rate = 0.005
    """Share of the online network mixed into the target at each policy update; paper 0.005."""
    encoder_targets: bool = True
    """Gives the encoders targets of their own (the seed's Phase C); else they see online ones."""
    policy_delay: Count = 2
    """Critic updates per actor update; paper 2."""
    target_noise: NotNegative = 0.2
    """Standard deviation of target policy smoothing, units of the action; paper 0.2."""
    target_noise_clip: NotNegative = 0.5
    """Bound of the smoothing noise, units of the action; paper 0.5."""
    updates_per_step: Count = 1
    """Updates after each environment step of the learning phase (the replay ratio); paper 1."""
    critic_warmup: Annotated[int, Field(ge=0)] = 0
    """Critic updates before the first actor update: a few hundred keep the actor from following a
    critic that knows nothing yet into tanh's flat ends (evidence.md, section 1)."""
    n_step: Annotated[int, Field(ge=1, le=50)] = 1
    """Rewards summed before bootstrapping; paper 1, DrQ-v2 3. Never past an episode's end."""
    reward_scale: Positive = 1.0
    """Factor on each reward before it is stored; signals and episode returns stay unscaled. Paper:
    none; Henderson et al. 2018 show what it does to DDPG."""
    reward_clip: Positive | None = None
    """Bound of the scaled reward's size; None: none. Mnih et al. 2015 clip to 1."""
    exploration_noise_final: NotNegative | None = None
    """Where a linear noise schedule ends; None: constant. DrQ-v2 goes from 1.0 to 0.1."""
    exploration_noise_steps: Count = 100_000
    """Environment steps from learning_starts on over which the schedule runs; DrQ-v2 100,000."""
    random_pedal_min: Annotated[float, Field(ge=-1, lt=1)] = -1.0
    """Lower end of the last action's uniform draw in the random phase; paper -1, the whole range,
    where throttle and brake cancel only if env.max_brake is 1. 0 never brakes, which is ours."""
    random_phase: Literal["uniform", "route_following"] = "uniform"
    """What acts before learning_starts. `route_following` draws, every 10 steps, whether uniform
    random actions or the scripted pure-pursuit driver drives, so that the memory holds whole routes
    from the start; demonstrations in the replay memory of a deterministic policy gradient are
    Vecerik et al. 2017 (DDPGfD), mixing a guide into exploration is Uchendu et al. 2023 (JSRL)."""
    guided_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of the `route_following` phase that the scripted driver drives, in [0, 1]; the
    default is ours."""
    actor_clip: Positive | None = None
    """Largest L2 norm of the gradient of the actor's MLP; None: not clipped. Paper: none."""
    critic_clip: Positive | None = None
    """The same for both critics' MLPs together; source as for actor_clip."""
    actor_encoder_clip: Positive | None = None
    """The same for the actor's encoder; source as for actor_clip."""
    critic_encoder_clip: Positive | None = None
    """The same for the critic's encoder; source as for actor_clip."""
    encoder: Literal["nature", "small"] = "nature"
    """Channels 32-64-64 (Mnih et al. 2015) or 16-32-32, for studies at 48x48 (performance.md)."""
    features: Annotated[int, Field(ge=1, le=4096)] = 512
    """Length of an encoder's output; Mnih et al. 2015: 512, SAC-AE and DrQ-v2 trunks: 50."""
    layer_norm: bool = False
    """Ends encoders with LayerNorm and tanh instead of the activation (SAC-AE, DrQ-v2)."""
    activation: Literal["relu", "elu", "tanh"] = "relu"
    """Between layers, in encoders and MLPs; paper relu."""
    encoder_sharing: Literal["separate", "detached", "shared"] = "separate"
    """One encoder each (SB3); one trained by the critics' loss alone (SAC-AE, CURL, DrQ-v2); or
    one trained by both losses."""
    encoder_tau: Rate | None = None
    """tau of the encoders' targets; None: as tau. SAC-AE and CURL 0.05."""
    random_shift: Annotated[int, Field(ge=0, le=32)] = 0
    """Pixels by which each sampled image is shifted at random, edges repeated; DrQ 4, 0: off."""
    reuse_features: bool = False
    """Takes the actor loss's critic features from before the critic's step: about 6% faster, the
    gradient's cosine to the exact one is at least 0.9998 (measured at 84x84)."""


class BudgetConfig(Section):
    """How long, from which seed, and how often the policy is evaluated."""

    steps: Count = 30_000
    """Environment steps."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 42
    """Seed of everything random in the run."""
    threads: Count = 2
    """Threads of torch; weights are bit-identical for one number of them only."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the networks are; auto: a GPU if torch sees one. Weights are bit-identical on a CPU
    only: cuDNN and atomic additions sum in an order that changes from run to run."""
    on_nan: OnNan = "stop"
    """At the first NaN or infinity in an update: stop with a dump of the batch, or record it and go
    on, an action that is no number driven as 0."""
    checkpoint_every: Annotated[int, Field(ge=0)] = 5_000
    """Steps after which the next end of an episode saves a checkpoint to resume from; 0: none but
    after Ctrl-C and where --halt-on stops."""
    checkpoint_replay: bool = True
    """Whether checkpoints hold the replay, 0.73 GB per 100,000 transitions of 84x84. One without is
    small, but a run resumed from it is another run: before its next update it drives, with the
    policy it has, until the replay holds as much as the random phase leaves."""
    eval_every: Annotated[int, Field(ge=0)] = 5_000
    """Steps between two evaluations without exploration noise; 0: never."""
    eval_from: Annotated[int, Field(ge=0)] = 0
    """Steps before which it is not evaluated: the end of a run told by several evaluations, without
    the cost of as many before."""
    eval_episodes: Count = 5
    """Episodes per evaluation, always on the same held-out routes."""


class ProbeConfig(Section):
    """What is measured, and how often."""

    every: Count = 1
    """Updates between two readings of the cheap per-update signals (norms, losses, values)."""
    slow_every: Count = 20
    """Updates between two readings of those that walk over all weights (drift), and between two
    looks for a weight that is NaN or infinite (`budget.on_nan`)."""
    rare_every: Count = 100
    """Updates between two readings of those that need forward passes or copies of their own."""


class RunConfig(Section):
    """Everything that decides a run's result, apart from the versions of the code."""

    env: EnvConfig = EnvConfig()
    agent: AgentConfig = AgentConfig()
    budget: BudgetConfig = BudgetConfig()
    probes: ProbeConfig = ProbeConfig()

    def to_yaml(self) -> str:
        """Returns the effective config, every value spelt out, in the order of definition."""
        return yaml.safe_dump(self.model_dump(), sort_keys=False)

    def digest(self) -> str:
        """Returns 12 hex digits of a SHA-256 over all effective values."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    def flat(self) -> dict[str, object]:
        """Returns the values by dotted key, such as `agent.batch_size`."""
        return flatten(self.model_dump())


def flatten(tree: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Returns the leaves of nested mappings by dotted key; lists are leaves."""
    flat: dict[str, object] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def load_config(source: str = "healthy", overrides: Iterable[str] = ()) -> RunConfig:
    """Returns the config of a preset or a YAML file with `key=value` overrides applied.

    Args:
        source: Name of a preset (`rca/presets/NAME.yaml`) or path of a YAML file.
        overrides: Such as `agent.batch_size=128`; values are read as YAML.

    Raises:
        UsageError: No such preset or file, not YAML, an unknown key (names the nearest right
            one) or a value out of range.
    """
    path = _find(source)
    tree = read_yaml(path)
    given = {}
    for override in overrides:
        _override(tree, override)
        given[override.partition("=")[0].strip()] = f"--set {override}"
    return _validated(tree, str(path), given)


def _find(source: str) -> Path:
    preset = PRESETS / f"{source}.yaml"
    if preset.is_file():
        return preset
    path = Path(source)
    if path.is_file():
        return path
    names = sorted(p.stem for p in PRESETS.glob("*.yaml"))
    raise UsageError(f"{source}: neither a file nor a preset; presets: {', '.join(names)}")


def _override(tree: dict[str, object], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"--set {override}: write it as section.key=value, as in agent.tau=0.005")
    *sections, leaf = key.strip().split(".")
    branch = tree
    for section in sections:
        child = branch.setdefault(section, {})
        if not isinstance(child, dict):
            raise UsageError(f"--set {override}: {section} is a value, not a section")
        branch = child
    branch[leaf] = parse_yaml(text, f"--set {override}")


def _validated(tree: Mapping[str, object], source: str, given: Mapping[str, str]) -> RunConfig:
    """Returns the config; each complaint names the option that gave the key, else the file."""
    try:
        return RunConfig.model_validate(_numbers(tree))
    except ValidationError as error:
        found = [(".".join(map(str, item["loc"])), _problem(item)) for item in error.errors()[:3]]
        lines = [f"{given.get(key, source)}: {problem}" for key, problem in found]
        raise UsageError("; ".join(lines)) from error


def _numbers(value: object) -> object:
    """Reads `3e-4`, a string in YAML 1.1, as the number its author meant; 1e5 is a whole one."""
    if isinstance(value, Mapping):
        return {str(key): _numbers(item) for key, item in value.items()}
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _problem(item: Mapping[str, object]) -> str:
    """Returns one line for one of pydantic's errors: key, what is wrong, what would be right."""
    where = [str(part) for part in item["loc"]]  # type: ignore[attr-defined]
    key = ".".join(where)
    if item["type"] == "extra_forbidden":
        nearest = difflib.get_close_matches(key, list(known_keys()), n=1, cutoff=0.0)
        return f"unknown key {key}; did you mean {nearest[0]}?"
    return f"{key}: {item['msg']}, got {item['input']!r}"


def known_keys() -> dict[str, str]:
    """Returns every key of a RunConfig by dotted name with its description."""
    return dict(_describe(RunConfig, ""))


def _describe(section: type[Section], prefix: str) -> Iterable[tuple[str, str]]:
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield f"{prefix}{name}", (field.annotation.__doc__ or "")
            yield from _describe(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", _with_range(field)


def _with_range(field: FieldInfo) -> str:
    """Returns a field's description and, where the text does not say it, the interval allowed."""
    wrapped = [getattr(part, "__metadata__", ()) for part in get_args(field.annotation)]  # `| None`
    limits = [*field.metadata, *(limit for infos in wrapped for i in infos for limit in i.metadata)]
    ends = [
        end.format(getattr(limit, sign))
        for limit in limits
        for sign, end in ENDS.items()
        if hasattr(limit, sign)
    ]
    text, interval = field.description or "", ", ".join([*ends, "inf)"][:2])
    return text if not ends or interval in text else f"{text} In {interval}."


STEPS: Mapping[str, int] = {"short": 100, "medium": 10_000, "full": 30_000}
"""Lengths of the seed's three verification tests (seed.md, Phase B), environment steps."""


def planned_updates(config: RunConfig) -> int:
    """Returns the critic updates that a run of its full budget makes."""
    learning_steps = max(0, config.budget.steps - config.agent.learning_starts)
    return learning_steps * config.agent.updates_per_step


def scale_warmup(config: RunConfig) -> RunConfig:
    """Returns the config with its warm-ups shortened as the run is against a full one.

    The random phase then has at most the share of the run that it has in the seed's 30,000-step
    test, and ends before the last step: a short test can observe what its checklist asks about
    learning, in one step of it where the full test would have none. `critic_warmup` follows, or the
    actor would not be updated.
    """
    starts, steps = config.agent.learning_starts, config.budget.steps
    starts = min(starts, starts * steps // STEPS["full"], steps - 1)
    warmup = config.agent.critic_warmup
    updates = (steps - starts) * config.agent.updates_per_step
    warmup = min(warmup, warmup * steps // STEPS["full"], updates - 1)
    changed = {"learning_starts": starts, "critic_warmup": warmup}
    agent = config.agent.model_copy(update=changed)
    return config.model_copy(update={"agent": agent})


def scripted(config: RunConfig) -> RunConfig:
    """Returns the config of a run in which the scripted pure-pursuit driver does all the driving.

    Its random phase lasts as long as the run and belongs to that driver, and nothing is evaluated:
    the agent stays as it was initialised.
    """
    changed = {
        "random_phase": "route_following",
        "guided_share": 1.0,
        "learning_starts": config.budget.steps,
        "buffer_size": 1_000,  # nobody learns from it
    }
    agent = config.agent.model_copy(update=changed)
    budget = config.budget.model_copy(update={"eval_every": 0})
    return config.model_copy(update={"agent": agent, "budget": budget})


def warning_before_start(config: RunConfig) -> str:
    """Returns one line on what the run will not be able to show, "" if there is no such thing."""
    updates, warmup = planned_updates(config), config.agent.critic_warmup
    if updates > warmup:
        return ""
    if updates:
        return (
            f"critic_warmup {warmup:,} is not below the run's {updates:,} critic updates: the "
            "actor will not be updated; --scale-warmup shortens it"
        )
    scaled = scale_warmup(config).agent.learning_starts
    return (
        f"learning_starts {config.agent.learning_starts:,} is not below the run's "
        f"{config.budget.steps:,} steps: no update will take place, so the run can say nothing "
        f"about learning; --scale-warmup would begin updates after {scaled:,} steps"
    )


def settings_without_effect(config: RunConfig) -> str:
    """Returns one line on settings that another one makes void, "" if there is none.

    They are not refused: a planted fault or an arm of a study may switch off what they belong to.
    """
    agent = config.agent
    void = {
        "encoder_tau": (not agent.encoder_targets, "encoder_targets is false"),
        "actor_encoder_lr": (agent.encoder_sharing == "detached", "encoder_sharing is detached"),
        "actor_encoder_clip": (agent.encoder_sharing == "detached", "encoder_sharing is detached"),
        "exploration_noise_steps": (
            agent.exploration_noise_final is None,
            "exploration_noise_final is not set",
        ),
        "guided_share": (agent.random_phase == "uniform", "random_phase is uniform"),
    }
    said = [
        f"agent.{key}={getattr(agent, key)} has no effect: agent.{why}"
        for key, (is_void, why) in void.items()
        if is_void and getattr(agent, key) != AgentConfig.model_fields[key].default
    ]
    return "; ".join(said)
