"""The server: two loopback sockets, one thread, one loop."""

import logging
import selectors
import socket
import time

from rca.errors import UsageError
from rca.sim import actor_calls, batch_calls, vehicle_calls, world_calls
from rca.sim.faults import FaultyWorld
from rca.sim.maps import Map
from rca.sim.rpc import ProtocolError, Requests, answer, marked
from rca.sim.streams import MAX_BACKLOG, Streams
from rca.sim.world import World

LOG = logging.getLogger("rca.sim")

LOOPBACK = "127.0.0.1"
MAX_CLIENTS = 256
SOON = 0.005
"""Seconds after which answers are sent that nobody waits for, if no other answer takes them along.
Sending wakes the client up, which costs it more than the call itself."""
_READ = 2**18
_SMALL = 2**16


class Server:
    """Listens from construction on; `run` serves until the process ends.

    Raises:
        UsageError: A port is taken or out of range.
    """

    def __init__(
        self, port: int, start: Map, *, seed: int = 0, npcs: int = 0, fault: str = ""
    ) -> None:
        self.selector = selectors.DefaultSelector()
        self._rpc, stream_socket = _listen_pair(port)
        self.port: int = self._rpc.getsockname()[1]
        self._rpc.setblocking(False)
        self.selector.register(self._rpc, selectors.EVENT_READ, self._accept)
        self.streams = Streams(stream_socket, self.selector)
        if fault:
            self.world: World = FaultyWorld(start, seed, self.streams, npcs, fault)
        else:
            self.world = World(start, seed, self.streams, npcs)
        self._functions = marked(world_calls, actor_calls, vehicle_calls, batch_calls)
        self._clients: set[Client] = set()
        self._waiting: set[Client] = set()
        self._next_tick = time.monotonic()

    def run(self) -> None:
        """Serves for ever."""
        while True:
            events = self.selector.select(self._pause())
            for key, mask in events:
                key.data(mask)
            if not events:
                self._send_waiting()
            if self._until_tick() == 0.0:
                self._next_tick = time.monotonic() + self.world.settings.step
                self.world.tick()

    def _pause(self) -> float | None:
        """Returns how long to wait for the next event, seconds; None = until there is one."""
        until_tick = self._until_tick()
        if not self._waiting:
            return until_tick
        return SOON if until_tick is None else min(SOON, until_tick)

    def _send_waiting(self) -> None:
        """Sends the answers that nobody waits for."""
        waiting, self._waiting = self._waiting, set()
        for client in waiting:
            self._serve(client, selectors.EVENT_WRITE)

    def _until_tick(self) -> float | None:
        """Returns the seconds to the next tick of its own; None in synchronous mode."""
        if self.world.settings.synchronous:
            return None
        return max(0.0, self._next_tick - time.monotonic())

    def _accept(self, events: int) -> None:
        try:
            sock, _ = self._rpc.accept()
        except OSError:
            return
        if len(self._clients) >= MAX_CLIENTS:
            sock.close()
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = Client(sock)
        self._clients.add(client)
        self.selector.register(
            sock, selectors.EVENT_READ, lambda events: self._serve(client, events)
        )

    def _serve(self, client: "Client", events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                client.flush()
            if events & selectors.EVENT_READ:
                self._read(client)
            self._watch(client)
        except (BlockingIOError, InterruptedError):
            return
        except (OSError, ProtocolError) as error:
            LOG.info("client dropped: %s", error)
            self._clients.discard(client)
            self._waiting.discard(client)
            if client.sock in self.selector.get_map():
                self.selector.unregister(client.sock)
            client.sock.close()

    def _read(self, client: "Client") -> None:
        data = client.sock.recv(_READ)
        if not data:
            raise ConnectionResetError("closed")
        for request in client.requests.feed(data):
            client.unsent += answer(self._functions, self.world, request)
            if request.patient and len(client.unsent) < _SMALL:
                self._waiting.add(client)
            else:
                client.flush()

    def _watch(self, client: "Client") -> None:
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.unsent else 0)
        key = self.selector.get_map().get(client.sock)
        if key is not None and key.events != wanted:
            self.selector.modify(client.sock, wanted, key.data)


class Client:
    """One RPC connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.requests = Requests()
        self.unsent = b""

    def flush(self) -> None:
        """Sends as much as the socket takes.

        Raises:
            ProtocolError: The client asks on without reading the answers.
        """
        try:
            while self.unsent:
                self.unsent = self.unsent[self.sock.send(self.unsent) :]
        except BlockingIOError:
            if len(self.unsent) > MAX_BACKLOG:
                raise ProtocolError("answers are not read") from None


def _listen_pair(port: int) -> tuple[socket.socket, socket.socket]:
    """Returns sockets listening on `port` and the next one; 0 chooses a free pair."""
    for _ in range(50 if port == 0 else 1):
        first = _listen(port)
        chosen: int = first.getsockname()[1]
        try:
            return first, _listen(chosen + 1)
        except UsageError:
            first.close()
            if port:
                raise
    raise UsageError("no two neighbouring free ports were found: give one with --port")


def _listen(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((LOOPBACK, port))
        sock.listen(128)
    except (OSError, OverflowError) as error:
        sock.close()
        raise UsageError(
            f"port {port} cannot be used ({error}): choose another or 0 for any free one"
        ) from None
    return sock
