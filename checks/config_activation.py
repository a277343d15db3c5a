"""Whether the networks use an activation that TD3 is known to learn with."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord

KNOWN = ("relu", "elu", "leaky_relu", "gelu", "silu", "swish", "mish")


@check(
    "config.activation",
    title="Activation",
    needs=["config.agent.activation"],
    severity=Severity.MINOR,
)
def activation(run: RunRecord) -> Finding:
    """Do the networks use an activation that passes gradients on?

    Why: tanh and sigmoid flatten where their input is large; stacked in an encoder they pass on
        little of the loss, and off-policy agents with them learn later or not at all.
    Remedy: set agent.activation to relu, as TD3 has it; tanh belongs at the actor's end alone.
    Reference: Fujimoto et al. 2018, appendix C (ReLU); Henderson et al. 2018, section 4.1 (DDPG
        with tanh against ReLU); RLMutation, "changed activation".
    """
    name = str(run.config["agent.activation"]).lower()
    message = f"activation {name!r} between layers; the TD3 paper (2018) has relu"
    if name in KNOWN:
        return Finding(Verdict.PASS, message)
    return Finding(Verdict.WARN, message, suspects=("network_poor",))
