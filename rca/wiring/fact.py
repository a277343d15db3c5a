"""What facts are: frozen, validated, and written as JSON."""

from pydantic import BaseModel, ConfigDict


class Fact(BaseModel):
    """One fact; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")
