"""Sensor and world streams: who listens to which, and sending to them.

A client opens one connection per stream and sends the stream's number, 4 bytes; from then on only
the server sends, each message behind its 4-byte length.
"""

import logging
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence

from rca.sim.wire import LENGTH

LOG = logging.getLogger("rca.sim")

MAX_BACKLOG = 64 * 2**20
"""Unsent bytes kept for one listener; beyond, the server waits for it, then drops it."""
PATIENCE = 2.0
"""Seconds to wait for a listener that does not read."""
BARRIER = 1.0
"""Seconds a tick waits for announced listeners; they come within a few milliseconds."""
MAX_CONNECTIONS = 512


class Listener:
    """One stream connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.stream: int | None = None
        self.greeting = b""
        self.queue: deque[memoryview] = deque()
        self.backlog = 0

    def send(self, parts: Sequence[bytes | memoryview]) -> None:
        """Sends now what the socket takes and queues the rest."""
        views = [memoryview(part).cast("B") for part in parts]
        sent = 0
        if not self.queue:
            try:
                sent = self.sock.sendmsg(views)
            except BlockingIOError:
                sent = 0
        for view in views:
            if sent < len(view):
                # A copy: the caller may reuse its buffer before the socket takes the rest.
                self.queue.append(memoryview(bytes(view[sent:])))
                self.backlog += len(view) - sent
            sent = max(0, sent - len(view))

    def flush(self) -> None:
        """Sends queued bytes until the socket is full."""
        while self.queue:
            try:
                sent = self.sock.send(self.queue[0])
            except BlockingIOError:
                return
            self.backlog -= sent
            rest = self.queue[0][sent:]
            if rest:
                self.queue[0] = rest
            else:
                self.queue.popleft()

    def drain(self, seconds: float) -> bool:
        """Waits until the backlog is sent; returns whether it was."""
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.sock, selectors.EVENT_WRITE)
            while self.queue and (left := deadline - time.monotonic()) > 0:
                if selector.select(left):
                    self.flush()
        return not self.queue


class Streams:
    """All stream connections of the server."""

    def __init__(self, listening: socket.socket, selector: selectors.BaseSelector) -> None:
        self.port: int = listening.getsockname()[1]
        self.on_subscribe: Callable[[Listener], None] = lambda listener: None
        self._listening = listening
        self._selector = selector
        self._all: set[Listener] = set()
        self._subscribed: dict[int, list[Listener]] = {}
        self._expected: dict[int, int] = {}
        self._abandoned: list[socket.socket] = []  # kept, or they would be closed
        listening.setblocking(False)
        selector.register(listening, selectors.EVENT_READ, self._accept)

    def expect(self, stream: int) -> None:
        """Notes that a client has just asked for this stream's token and is about to connect."""
        self._expected[stream] = self._expected.get(stream, 0) + 1

    def abandon_everyone(self) -> None:
        """Never serves any present connection again, and closes none: they are half open."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket) and _is_connected(key.fileobj):
                self._selector.unregister(key.fileobj)
                self._abandoned.append(key.fileobj)
        self._all.clear()
        self._subscribed.clear()

    def wanted(self, stream: int) -> bool:
        """Whether anyone listens."""
        return bool(self._subscribed.get(stream))

    def publish(self, stream: int, header: bytes, body: bytes | memoryview) -> None:
        """Sends one message to everyone who listens to the stream."""
        for listener in tuple(self._subscribed.get(stream, ())):
            self.send(listener, header, body)

    def send(self, listener: Listener, header: bytes, body: bytes | memoryview) -> None:
        """Sends one message to one listener; a listener that is gone or stuck is dropped."""
        length = LENGTH.pack(len(header) + memoryview(body).nbytes)
        try:
            listener.send((length, header, body))
            if listener.backlog > MAX_BACKLOG and not listener.drain(PATIENCE):
                LOG.warning("stream %s: listener does not read, dropped", listener.stream)
                self._drop(listener)
        except OSError:
            self._drop(listener)
        if listener.queue:
            self._watch(listener, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def barrier(self) -> None:
        """Waits for listeners about to connect, so that none misses its first frame."""
        deadline = time.monotonic() + BARRIER
        while self._expected and (left := deadline - time.monotonic()) > 0:
            with selectors.DefaultSelector() as selector:
                selector.register(self._listening, selectors.EVENT_READ)
                for listener in self._all:
                    if listener.stream is None:
                        selector.register(listener.sock, selectors.EVENT_READ)
                ready = selector.select(left)
            for key, _ in ready:
                handler: Callable[[int], None] = self._selector.get_key(key.fileobj).data
                handler(selectors.EVENT_READ)
        if self._expected:
            LOG.info("streams %s were announced but not opened", sorted(self._expected))
            self._expected.clear()

    def _accept(self, events: int) -> None:
        try:
            sock, _ = self._listening.accept()
        except OSError:
            return
        if len(self._all) >= MAX_CONNECTIONS:
            sock.close()
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener = Listener(sock)
        self._all.add(listener)
        self._selector.register(
            sock, selectors.EVENT_READ, lambda events: self._serve(listener, events)
        )

    def _watch(self, listener: Listener, events: int) -> None:
        if listener in self._all:
            data = self._selector.get_key(listener.sock).data
            self._selector.modify(listener.sock, events, data)

    def _serve(self, listener: Listener, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                listener.flush()
                if not listener.queue:
                    self._watch(listener, selectors.EVENT_READ)
            if events & selectors.EVENT_READ:
                self._read(listener)
        except BlockingIOError:
            return
        except OSError:
            self._drop(listener)

    def _read(self, listener: Listener) -> None:
        wanted = LENGTH.size - len(listener.greeting)
        data = listener.sock.recv(wanted or 1)
        if not data or not wanted:  # closed, or speaking where only the server speaks
            self._drop(listener)
            return
        listener.greeting += data
        if len(listener.greeting) == LENGTH.size:
            self._subscribe(listener, LENGTH.unpack(listener.greeting)[0])

    def _subscribe(self, listener: Listener, stream: int) -> None:
        listener.stream = stream
        self._subscribed.setdefault(stream, []).append(listener)
        left = self._expected.pop(stream, 0) - 1
        if left > 0:
            self._expected[stream] = left
        self.on_subscribe(listener)

    def _drop(self, listener: Listener) -> None:
        if listener not in self._all:
            return
        self._all.discard(listener)
        self._selector.unregister(listener.sock)
        listener.sock.close()
        if listener.stream is not None:
            others = self._subscribed[listener.stream]
            others.remove(listener)
            if not others:
                del self._subscribed[listener.stream]


def _is_connected(sock: socket.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return False
    return True
