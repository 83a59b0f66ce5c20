"""Twins that speak ZeroMQ, each on a REP socket of its own: any number of clients, one request at a time.

Needs pyzmq. One thread serves all and sleeps until a request comes.
"""

from __future__ import annotations

import importlib.util
import socket
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from antistokes.instruments.errors import MissingDependency, Refused

from .server import Endpoint
from .zmq_sockets import Replier

HINT = "needs the package 'pyzmq': pip install antistokes[zmq]"
_LONGEST_REQUEST = 1 << 20  # bytes
_WAKE = "inproc://stop"


def can_serve() -> bool:
    """Is pyzmq installed?"""
    return importlib.util.find_spec("zmq") is not None


class ZmqServer:
    """Serves *twins* until :meth:`stop`, on free ports; also a context manager.

    :param twins: by the instrument's name, on a bench in real time
    :param host: address to listen on; anybody who reaches it controls the instruments
    """

    def __init__(self, twins: Mapping[str, Replier], host: str = "127.0.0.1") -> None:
        if any(twin.bench.clock.virtual for twin in twins.values()):
            raise ValueError("a bench in virtual time cannot be served: nobody advances its clock")
        self.endpoints: list[Endpoint] = []
        self._twins, self._host = dict(twins), host
        self._context: Any = None
        self._thread: threading.Thread | None = None

    def start(self) -> list[Endpoint]:
        """Listen. :raises Refused: the address cannot be had; MissingDependency: there is no pyzmq"""
        if not self._twins:
            return []
        try:
            import zmq
        except ImportError as error:
            raise MissingDependency(f"ZeroMQ {HINT}") from error
        self._context = zmq.Context()
        self._context.linger = 0
        try:
            sockets = {self._offer(name, twin): twin for name, twin in self._twins.items()}
        except (zmq.ZMQError, OSError) as error:
            self.endpoints.clear()
            self._context.destroy()
            raise Refused(f"cannot listen on {self._host}: {error}") from None
        self._waker, woken = self._context.socket(zmq.PAIR), self._context.socket(zmq.PAIR)
        woken.bind(_WAKE)
        self._waker.connect(_WAKE)
        self._thread = threading.Thread(
            target=self._run, args=(sockets, woken), name="zmq server", daemon=True
        )
        self._thread.start()
        return self.endpoints

    def _offer(self, name: str, twin: Replier) -> Any:
        import zmq

        listener = self._context.socket(zmq.REP)
        listener.maxmsgsize = _LONGEST_REQUEST
        listener.rcvtimeo = 0
        # ZeroMQ binds to addresses, not to names
        port = listener.bind_to_random_port(f"tcp://{socket.gethostbyname(self._host)}")
        self.endpoints.append(
            Endpoint(name, twin.model, f"tcp://{self._host}:{port}", self._host, port, None)
        )
        return listener

    def _run(self, sockets: dict[Any, Replier], woken: Any) -> None:
        import zmq

        poller = zmq.Poller()
        for each in (woken, *sockets):
            poller.register(each, zmq.POLLIN)
        try:
            while True:
                for ready, _ in poller.poll():
                    if ready is woken:
                        return
                    try:
                        request = b"".join(ready.recv_multipart())
                    except zmq.Again:  # what came was no request after all
                        continue
                    ready.send(sockets[ready].reply(request))
        finally:
            for each in (woken, *sockets):
                each.close()

    def stop(self) -> None:
        """Close everything; returns when the thread has ended."""
        if self._thread is not None:
            if self._thread.is_alive():  # else nobody is there to be woken
                self._waker.send(b"")
            self._thread.join()
            self._thread = None
            self._context.destroy()

    def __enter__(self) -> ZmqServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
