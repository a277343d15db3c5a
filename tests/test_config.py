"""A config is what its author wrote, or one clear line."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rca.config import (
    PRESETS,
    STEPS,
    AgentConfig,
    BudgetConfig,
    RunConfig,
    known_keys,
    load_config,
    planned_updates,
    scale_warmup,
    settings_without_effect,
    warning_before_start,
)
from rca.errors import UsageError


def refusal(source, overrides=()):
    with pytest.raises(UsageError) as caught:
        load_config(str(source), overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def written(tmp_path, text):
    path = tmp_path / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_misspelt_key_is_answered_with_the_nearest_right_one(tmp_path):
    path = written(tmp_path, "agent: {batchsize: 64}")
    assert f"{path}: unknown key agent.batchsize; did you mean agent.batch_size?" in refusal(path)


def test_a_misspelt_section_is_answered_too(tmp_path):
    assert "did you mean budget?" in refusal(written(tmp_path, "buget: {steps: 10}"))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("agent: {tau: 0}", "agent.tau"),
        ("agent: {discount: 1.5}", "agent.discount"),
        ("agent: {batch_size: many}", "agent.batch_size"),
        ("agent: {actor_lr: .nan}", "agent.actor_lr"),
        ("env: {reward: {progress: .inf}}", "env.reward.progress"),
        ("budget: {seed: -1}", "budget.seed"),
    ],
)
def test_a_value_out_of_range_names_its_key(tmp_path, text, key):
    path = written(tmp_path, text)
    assert refusal(path).startswith(f"{path}: {key}: ")


@pytest.mark.parametrize("text", ["a: [", "- 1\n- 2", "just text", "\x00", "a: &a [*a]"])
def test_what_is_not_a_mapping_of_keys_is_refused(tmp_path, text):
    assert "run.yaml" in refusal(written(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "a: &a {b: *a}",
        "a: 2020-13-45",
        "a: " + "9" * 5_000,
        "a0: &a0 [1]\n" + "\n".join(f"a{i + 1}: &a{i + 1} [*a{i}, *a{i}]" for i in range(40)),
        "a: " + "[" * 5_000,
    ],
    ids=["cycle", "no date", "huge number", "alias bomb", "deep"],
)
def test_yaml_that_explodes_is_one_line(tmp_path, text):
    assert "run.yaml" in refusal(written(tmp_path, text))


@pytest.mark.parametrize(
    "override", ["agent.batch_size=true", "agent.discount=yes", "agent.encoder_targets=1.0"]
)
def test_a_value_of_the_wrong_type_is_refused(override):
    assert override.partition("=")[0] in refusal("baseline", [override])


def test_yaml_that_would_run_code_is_refused(tmp_path):
    path = written(tmp_path, "agent: !!python/object/apply:os.system ['true']")
    assert "not valid YAML" in refusal(path)


def test_neither_file_nor_preset():
    assert "presets: baseline" in refusal("basline")


def test_overrides_win_and_are_typed():
    config = load_config("baseline", ["agent.batch_size=64", "agent.tau=1e-3"])
    assert (config.agent.batch_size, config.agent.tau) == (64, 1e-3)


@pytest.mark.parametrize(
    "override",
    ["agent.batch_size", "=3", "agent.tau.x=1", "agent.tau=[", "x=1", "agent.tau=2020-13-45"],
)
def test_a_malformed_override_is_one_line(override):
    assert refusal("baseline", [override])


def test_a_wrong_override_is_blamed_on_itself_and_not_on_the_file():
    line = refusal("baseline", ["agent.tau=0.1", "agent.batchsize=3"])
    assert (
        line
        == "--set agent.batchsize=3: unknown key agent.batchsize; did you mean agent.batch_size?"
    )


def test_exponents_without_a_dot_are_numbers(tmp_path):
    """YAML 1.1 reads 3e-4 as a string; every author of a config means the number."""
    assert load_config(str(written(tmp_path, "agent: {actor_lr: 3e-4}"))).agent.actor_lr == 3e-4


@pytest.mark.parametrize("preset", sorted(PRESETS.glob("*.yaml")), ids=lambda p: p.stem)
def test_a_preset_is_valid_and_each_of_its_numbers_has_its_source(preset):
    load_config(preset.stem)
    for line in preset.read_text(encoding="utf-8").splitlines():
        key, _, rest = line.partition(":")
        if rest.strip() and not key.lstrip().startswith("#"):
            assert "#" in rest, f"{preset.name}: {line.strip()} has no source beside it"


def test_the_effective_yaml_gives_the_same_config_again(tmp_path):
    config = load_config("fixed", ["budget.steps=7"])
    again = load_config(str(written(tmp_path, config.to_yaml())))
    assert again == config
    assert again.digest() == config.digest()


def test_every_key_says_what_it_means():
    assert [key for key, text in known_keys().items() if len(text) < 10] == []


SOURCES = re.compile(
    r"[Pp]aper|et al\.|DrQ|SAC-AE|SB3|seed's|evidence\.md|measured|\bours\b|as for"
)


def test_every_setting_of_the_agent_names_its_source_or_says_that_it_is_ours():
    agent = {key: text for key, text in known_keys().items() if key.startswith("agent.")}
    assert len(agent) == len(AgentConfig.model_fields)
    assert [key for key, text in agent.items() if not SOURCES.search(text)] == []


@pytest.mark.parametrize(
    ("key", "interval"),
    [
        ("agent.tau", "(0, 1]"),
        ("agent.encoder_tau", "(0, 1]"),
        ("agent.critic_clip", "(0, inf)"),
        ("agent.batch_size", "[1, inf)"),
        ("agent.random_pedal_min", "[-1, 1)"),
        ("agent.discount", "[0, 1]"),  # its text says so
    ],
)
def test_a_key_says_which_values_it_takes(key, interval):
    assert known_keys()[key].count(f"n {interval}") == 1


def test_a_key_that_takes_anything_says_no_interval():
    assert known_keys()["env.reward.progress"].endswith("along the route.")


def test_the_digest_tells_configs_apart():
    assert RunConfig().digest() != load_config("baseline").digest()


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda c: st.lists(c) | st.dictionaries(st.text(), c),
    )
)
def test_any_yaml_gives_a_config_or_one_line(tmp_path_factory, tree):
    path = tmp_path_factory.mktemp("any") / "run.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    complaint = ""
    try:
        load_config(str(path))
    except UsageError as error:
        complaint = str(error)
    assert not complaint or complaint.startswith(str(path))


def of_length(steps, learning_starts):
    agent = AgentConfig(learning_starts=learning_starts)
    return RunConfig(agent=agent, budget=BudgetConfig(steps=steps))


@given(st.integers(1, 100_000), st.integers(0, 100_000))
def test_a_scaled_run_learns_for_the_share_of_a_full_one_and_at_least_once(steps, starts):
    config, full = of_length(steps, starts), STEPS["full"]
    scaled = scale_warmup(config)
    assert planned_updates(scaled) >= 1
    assert scaled.agent.learning_starts <= starts
    shortest = planned_updates(config if steps >= full else of_length(full, starts))
    assert planned_updates(scaled) * max(steps, full) >= shortest * steps
    if steps >= full and starts < steps:
        assert scaled == config


@pytest.mark.parametrize("steps", STEPS.values())
@pytest.mark.parametrize("starts", [30_000, 40_000, 1_000_000])
def test_what_the_warning_offers_leads_to_updates(steps, starts):
    warning = warning_before_start(of_length(steps, starts))
    (offered,) = re.findall(r"begin updates after ([\d,]+) steps", warning)
    offered = of_length(steps, int(offered.replace(",", "")))
    assert planned_updates(offered) > 0
    assert warning_before_start(offered) == ""


def test_an_actor_that_would_not_be_updated_is_warned_of_and_scaled_too():
    agent = AgentConfig(learning_starts=1_000, critic_warmup=500)
    short = RunConfig(agent=agent, budget=BudgetConfig(steps=1_500))
    assert "the actor will not be updated" in warning_before_start(short)
    assert scale_warmup(short).agent.critic_warmup == 25
    assert warning_before_start(scale_warmup(short)) == ""
    long = RunConfig(agent=agent, budget=BudgetConfig(steps=1_501))
    assert warning_before_start(long) == ""


@pytest.mark.parametrize(
    ("given", "switch"),
    [
        ("encoder_tau=0.01", "encoder_targets=false"),
        ("actor_encoder_lr=0.001", "encoder_sharing=detached"),
        ("actor_encoder_clip=1.0", "encoder_sharing=detached"),
        ("exploration_noise_steps=500", "exploration_noise_final=null"),
        ("guided_share=0.25", "random_phase=uniform"),
    ],
)
def test_a_setting_that_another_one_makes_void_is_said(given, switch):
    on = ["agent.exploration_noise_final=0.05", "agent.random_phase=route_following"]
    assert settings_without_effect(load_config("healthy", [*on, f"agent.{given}"])) == ""
    off = ["agent.actor_encoder_lr=0.0003", *on, f"agent.{given}", f"agent.{switch}"]
    line = settings_without_effect(load_config("healthy", off))
    assert line.startswith(f"agent.{given} has no effect: agent.{switch.partition('=')[0]} is ")
    assert ";" not in line


@pytest.mark.parametrize("preset", sorted(PRESETS.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_setting_of_a_preset_has_an_effect(preset):
    assert settings_without_effect(load_config(preset.stem)) == ""


def test_the_random_phase_is_scaled_with_the_run():
    starts = [scale_warmup(of_length(n, 10_000)).agent.learning_starts for n in STEPS.values()]
    assert starts == [33, 3_333, 10_000]
