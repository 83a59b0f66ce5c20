"""Requests and replies over ZeroMQ, for devices that answer every message."""

from __future__ import annotations

from typing import Any, Protocol

from ..errors import ConnectionFailed, DeviceTimeout


class ZmqSocket(Protocol):
    """What is used of ``zmq.Socket``."""

    def connect(self, addr: str) -> Any: ...
    def send_string(self, u: str) -> Any: ...
    def poll(self, timeout: int | None = None) -> int: ...
    def recv(self) -> bytes: ...
    def close(self, linger: int | None = None) -> None: ...


class ZmqContext(Protocol):
    """What is used of ``zmq.Context``."""

    def socket(self, socket_type: int) -> ZmqSocket: ...
    def term(self) -> None: ...


class Zmq(Protocol):
    """What is used of the module ``zmq``."""

    @property
    def REQ(self) -> int: ...  # noqa: N802
    @property
    def ZMQError(self) -> type[Exception]: ...  # noqa: N802
    def Context(self) -> ZmqContext: ...  # noqa: N802


class Requests:
    """A REQ socket that is replaced after every failure.

    One that has sent and not received takes no other request, and a reply that comes late goes with it.

    :param device: its name in the station, for errors
    :param timeout: for one reply, s
    """

    def __init__(self, zmq: Zmq, address: str, device: str, timeout: float) -> None:
        self._zmq, self._address, self._device, self._timeout = zmq, address, device, timeout
        self._context = zmq.Context()
        self._socket: ZmqSocket | None = None

    def exchange(self, request: str) -> bytes:
        """Send *request* and wait for its reply.

        :raises DeviceTimeout: none came
        :raises ConnectionFailed: ZeroMQ refuses
        """
        try:
            return self._exchange(request)
        except BaseException:
            self._drop()
            raise

    def _exchange(self, request: str) -> bytes:
        try:
            if self._socket is None:
                self._socket = self._context.socket(self._zmq.REQ)
                self._socket.connect(self._address)
            self._socket.send_string(request)
            if not self._socket.poll(round(self._timeout * 1e3)):
                raise DeviceTimeout(self._device, f"no answer to '{request}' within {self._timeout:g} s")
            return self._socket.recv()
        except self._zmq.ZMQError as error:
            problem = f"connection to {self._address} failed at '{request}': {error}"
            raise ConnectionFailed(self._device, problem) from error

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close(0)
            self._socket = None

    def close(self) -> None:
        self._drop()
        self._context.term()
