"""MessagePack-RPC as rpclib speaks it: bounded decoding, dispatch, answers.

A call's functions live in modules as plain functions marked `@value`, `@void` or `@bare`, named as
on the wire, each taking the world first and then the call's arguments.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import msgpack

from rca.sim.wire import ArgumentError

LOG = logging.getLogger("rca.sim")

MAX_MESSAGE = 80 * 2**20
"""Most bytes of one undecoded request: the largest accepted map (64 MiB) and some room."""
MAX_ITEMS = 8192
"""Most items of one array. The decoder reserves 8 bytes an item on a mere claim, at up to 1024
levels of nesting, so this bounds what garbage can reserve to 64 MiB (of untouched zero pages)."""

Function = Callable[..., Any]


class CallError(Exception):
    """A call that the world refuses; its text reaches the client's RuntimeError."""


class ProtocolError(Exception):
    """Bytes that are not a request; the connection cannot go on."""


def _marker(kind: str) -> Callable[[Function], Function]:
    def mark(function: Function) -> Function:
        function.__dict__["rpc_kind"] = kind
        return function

    return mark


value, void, bare = _marker("value"), _marker("void"), _marker("bare")
"""Mark functions whose answer is `[[1, value]]`, `[[false]]`, or the bare result."""


def marked(*modules: ModuleType) -> dict[str, Function]:
    """Returns the marked functions of modules by name."""
    return {
        name: function
        for module in modules
        for name, function in vars(module).items()
        if hasattr(function, "rpc_kind")
    }


@dataclass(frozen=True, slots=True)
class Request:
    """One call; `patient` says that nobody waits for its answer."""

    number: int
    method: str
    arguments: list[object]
    patient: bool


class Requests:
    """Splits a connection's bytes into requests."""

    def __init__(self) -> None:
        self._unpacker = msgpack.Unpacker(
            max_buffer_size=MAX_MESSAGE,
            max_array_len=MAX_ITEMS,
            max_map_len=0,
            max_ext_len=0,
            strict_map_key=False,
        )

    def feed(self, data: bytes) -> Iterator[Request]:
        """Yields every complete request.

        Raises:
            ProtocolError: The bytes are no request, or announce or hold more than is allowed.
        """
        try:
            self._unpacker.feed(data)
            for message in self._unpacker:
                yield _request(message)
        except ProtocolError:
            raise
        except Exception as error:  # noqa: BLE001  msgpack raises a dozen kinds on garbage
            raise ProtocolError(f"not MessagePack-RPC: {error!r:.200}") from None


def _request(message: object) -> Request:
    if not isinstance(message, list) or len(message) != 4:
        raise ProtocolError("a request is an array of 4")
    kind, number, method, arguments = message
    shapes = isinstance(number, int) and isinstance(method, str) and isinstance(arguments, list)
    if kind != 0 or not shapes or not 0 <= number < 2**32:
        raise ProtocolError("a request is [0, id, method, arguments]")
    patient = bool(arguments and isinstance(arguments[0], list) and arguments[0][:1] == [True])
    return Request(number, method, arguments[1:], patient)


def answer(functions: dict[str, Function], world: object, request: Request) -> bytes:
    """Runs one call and returns the encoded response; never raises for a caller's mistake."""
    number, method = request.number, request.method
    LOG.debug("call: %s", method[:100])
    function = functions.get(method)
    if function is None:
        LOG.warning("not implemented: %s", method)
        return _pack([1, number, f"not implemented: {method[:100]}", None])
    kind: str = function.__dict__["rpc_kind"]
    try:
        return _pack([1, number, None, _success(kind, function(world, *request.arguments))])
    except (CallError, ArgumentError) as error:
        LOG.info("%s refused: %s", method, error)
        return _pack([1, number, None, _failure(kind, str(error))])
    except Exception as error:  # noqa: BLE001  one bad call must not end the server
        LOG.warning("%s failed: %r", method, error)
        return _pack([1, number, None, _failure(kind, f"{method}: bad arguments ({error})")])


def _success(kind: str, result: object) -> object:
    if kind == "void":
        return [[False]]
    return result if kind == "bare" else [[1, result]]


def _failure(kind: str, message: str) -> object:
    return [[True, [message]]] if kind == "void" else [[0, [message]]]


def _pack(message: object) -> bytes:
    packed: bytes = msgpack.packb(message)
    return packed
