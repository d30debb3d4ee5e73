"""aiomqtt's client, made so that it always lets go of what it holds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from typing import Any

import aiomqtt
from paho.mqtt.client import Client as Paho

from watchdog.channels.base import ChannelError
from watchdog.channels.mqtt import tree, words
from watchdog.settings import MqttSettings

CONNECT_S = 4.0
"""For TCP, and again for TLS. They run in a thread that ends no sooner, so this stays below the notifier's bound of
closing. Machine time, like all here."""
ANSWER_S = 10.0
"""The broker confirms within this, or the connection is given up."""
FAREWELL_S = 2.0
"""For the last words."""

_library_log = logging.getLogger(f"{__name__}.library")
_library_log.setLevel(logging.CRITICAL)  # what it tells, we tell too, in words of ours


class Client(aiomqtt.Client):
    """Use `enter` and `leave`.

    aiomqtt's own `async with` leaves socket and task behind when a broker takes the connection and says nothing, and
    when it is cancelled while its thread connects.
    """

    def __init__(self, settings: MqttSettings, context: ssl.SSLContext | None) -> None:
        super().__init__(
            settings.host,
            settings.port,
            identifier=settings.client_id,
            username=settings.username,
            password=None if settings.password is None else settings.password.get_secret_value(),
            protocol=aiomqtt.ProtocolVersion.V5 if settings.version == "5" else aiomqtt.ProtocolVersion.V311,
            will=aiomqtt.Will(tree.availability(settings.topic), b"offline", qos=1, retain=True),
            timeout=ANSWER_S,
            keepalive=settings.keepalive,
            tls_context=context,
            logger=_library_log,
        )
        self._settings = settings
        self._client.connect_timeout = CONNECT_S
        self._given_up = False
        self._thread_ended = asyncio.Event()

    async def enter(self) -> None:
        """Connect. Raises ChannelError, with nothing left behind."""
        try:
            await self.__aenter__()
        except BaseException as error:
            await self._hang_up()
            if isinstance(error, (aiomqtt.MqttError, OSError, ValueError)):  # ValueError: an address that is none
                raise ChannelError(words.of_connecting(error, self._settings), whole=True) from None
            raise

    async def say_offline(self) -> None:
        """What leaving in order must be preceded by, because it sends no last will. Raises MqttError."""
        topic = tree.availability(self._settings.topic)
        await self.publish(topic, b"offline", qos=1, retain=True, timeout=FAREWELL_S)

    async def leave(self) -> None:
        """Part in order."""
        self.timeout = FAREWELL_S
        with contextlib.suppress(aiomqtt.MqttError):
            await self.__aexit__(None, None, None)
        await self._hang_up()

    async def drop(self) -> None:
        """Part without a word, so that the last will is said."""
        await self._hang_up()

    def _client_connect(self) -> None:
        """In a thread."""
        try:
            super()._client_connect()
        finally:
            with contextlib.suppress(RuntimeError):  # the loop has ended before the thread
                self._loop.call_soon_threadsafe(self._thread_ended.set)

    def _on_disconnect(self, client: Paho, userdata: Any, flags: Any, reason_code: Any, properties: Any = None) -> None:
        if self._connected.done():
            super()._on_disconnect(client, userdata, flags, reason_code, properties)
        else:  # aiomqtt would go on waiting for the broker's answer
            silent = words.is_silence(reason_code)
            self._connected.set_exception(TimeoutError() if silent else ConnectionResetError())

    def _on_socket_open(self, client: Paho, userdata: Any, sock: Any) -> None:
        """In the same thread."""
        if self._given_up:  # nobody is there any more who would close it
            sock.close()
            raise ConnectionAbortedError
        super()._on_socket_open(client, userdata, sock)

    async def _hang_up(self) -> None:
        """Close the socket and end the task."""
        self._given_up = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_S):
                await self._thread_ended.wait()
        self._client._sock_close()  # noqa: SLF001  (paho's `disconnect` would take the last will back)
        if self._misc_task is not None:
            self._misc_task.cancel()
            await asyncio.gather(self._misc_task, return_exceptions=True)
        for future in (self._connected, self._disconnected):
            if not future.cancel() and not future.cancelled():
                future.exception()  # seen


async def tls_context(settings: MqttSettings) -> ssl.SSLContext | None:
    """What TLS is to be done with; None: it is not. Raises ChannelError for a `ca_file` that can't be used."""
    if not settings.tls:
        return None
    file = None if settings.ca_file is None else str(settings.ca_file)
    try:
        context = await asyncio.to_thread(ssl.create_default_context, cafile=file)
    except OSError as error:  # ssl.SSLError is one
        raise ChannelError(f"ca_file can't be used: {error.strerror or type(error).__name__}") from None
    context.sslsocket_class = _Socket
    return context


class _Socket(ssl.SSLSocket):
    """Closes itself when the handshake fails: paho leaves it open then."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise
