"""Which server a run drives in: its own embedded one, one that it starts, or one that runs."""

from contextlib import AbstractContextManager
from pathlib import Path

from rca.config import EnvConfig
from rca.envs.servers import Address, adopted, embedded
from rca.errors import UsageError


def server_for(
    config: EnvConfig, server: Address | Path | None = None
) -> AbstractContextManager[Address]:
    """Returns the server of an environment, to be entered.

    Args:
        config: For the map and the number of other cars.
        server: One that runs already, or the folder of an installed CARLA; None starts ours.

    Raises:
        UsageError: Other cars are wanted in a server that is not ours.
    """
    if server is None:
        return embedded(config.map, options=("--npc", str(config.npcs)))
    if config.npcs:
        raise UsageError(
            f"env.npcs={config.npcs} holds for the embedded server only: set it to 0, and fill a"
            " server of your own with traffic by yourself"
        )
    if isinstance(server, Address):
        return adopted(server.host, server.port)
    from rca.envs.installed import installed  # needs a carla wheel, which not every machine has

    return installed(server, config.map)
