"""The questions that the config audit asks; their answers are in rca.audit.audit."""

from dataclasses import dataclass

from rca.checking import Severity


@dataclass(frozen=True)
class Rule:
    """One question about configs and the code that reads them; the texts of a Check.

    Attributes:
        id: `audit.<name>`.
        title: What a table shows.
        question: What is asked of every setting.
        why: Why a FAIL matters.
        remedy: What to do about it.
        reference: Where the rule and its limit come from.
        severity: Of a FAIL.
    """

    id: str
    title: str
    question: str
    why: str
    remedy: str
    reference: str
    severity: Severity = Severity.MAJOR


RULES = {
    rule.id: rule
    for rule in (
        Rule(
            "audit.hidden_key",
            "Keys twice in one section",
            "Does every key stand once in its section?",
            "of two values under one key the later is in force, and the parser says nothing.",
            "Delete one of the two lines.",
            "YAML 1.2, 3.2.1.1: keys of a mapping are unique; PyYAML keeps the last.",
        ),
        Rule(
            "audit.twice",
            "Settings in two places",
            "Does every setting stand in one place, with one spelling?",
            "of two values for one setting one is in force, and the other is believed.",
            "Keep one place and one spelling.",
            'signals.md, "config reachability"; defect D05 of the recorded runs.',
        ),
        Rule(
            "audit.never_read",
            "Settings that no code reads",
            "Is every setting read by the code?",
            "a setting that nobody reads makes every experiment on it void.",
            "Read it, or delete it; refuse unknown keys when loading.",
            'signals.md, "config reachability"; defect D13 of the recorded runs.',
            Severity.CRITICAL,
        ),
        Rule(
            "audit.dropped",
            "Settings read and not used",
            "Is every setting that is read used too?",
            "a value that goes into a variable nobody looks at has no effect.",
            "Use the variable, or delete both.",
            'signals.md, "config reachability"; defect D13 of the recorded runs.',
            Severity.CRITICAL,
        ),
        Rule(
            "audit.read_absent",
            "Keys read and not declared",
            "Is every key that the code reads declared?",
            "the code's own default is in force where the file seems to say something else.",
            "Declare the key as the code spells it, or mend the code's spelling.",
            'signals.md, "config reachability"; defect D05 of the recorded runs.',
            Severity.CRITICAL,
        ),
        Rule(
            "audit.code",
            "Code that can be parsed",
            "Can every Python file be parsed?",
            "what a file reads that cannot be parsed is not known.",
            "Mend the file, or name a folder without it by --code.",
            "Python's own ast module; the code is parsed, never imported.",
            Severity.MINOR,
        ),
        Rule(
            "audit.updates",
            "Updates per test length",
            "Does a run of each test's length hold any update?",
            "a run without updates says nothing about learning, whatever its numbers look like.",
            "Lower learning_starts, or test longer.",
            "evidence.md, section 2; the seed's tests have 100, 10,000 and 30,000 steps.",
        ),
        Rule(
            "audit.random_share",
            "Random share of the run",
            "Is most of the planned run spent learning?",
            "random steps fill the memory and teach nothing by themselves.",
            "Lower learning_starts, or run longer.",
            "evidence.md, section 2; limit one half (start).",
        ),
        Rule(
            "audit.replay_memory",
            "Memory of the replay buffer",
            "Does the replay buffer fit into this machine's memory?",
            "a buffer that does not fit ends the run hours after it began.",
            "Lower buffer_size, the image's size, or store uint8.",
            "size x stack x height x width bytes; limit: this machine's memory. WARN where 32-bit "
            "images stored twice would not fit.",
        ),
        Rule(
            "audit.evaluation_share",
            "Share of evaluation",
            "Are most steps spent training?",
            "evaluations longer than the training between them cost most of the time.",
            "Evaluate more rarely, or fewer episodes.",
            "episodes x longest episode / (that + steps between); limit one half (start).",
        ),
    )
}
