"""One connection to a broker: proven by hearing itself, over for good once it is lost."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final

import aiomqtt

from watchdog.channels.base import ChannelError
from watchdog.channels.mqtt import client as wire
from watchdog.channels.mqtt import tree, words
from watchdog.channels.mqtt.errors import CLOSED, LostError, NotHeardError
from watchdog.settings import MqttSettings

PROVE_S = 20.0
"""From the first packet until a new connection has heard itself. Machine time, like all here."""
HEARD_S = 5.0
"""What the broker has confirmed comes back to us within this, or others don't hear it either."""

_REFUSED: Final = 0x80
"""From here on the broker's answer to a subscription is a no."""


class Connection:
    """Publishes, and hears itself. Made by `connected`."""

    def __init__(self, client: wire.Client, settings: MqttSettings, found: Callable[[str], None]) -> None:
        self._client = client
        self._settings = settings
        self._topic = settings.topic
        self._found = found
        self._awaited: dict[tuple[str, bytes], asyncio.Future[None]] = {}
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._ear = asyncio.create_task(self._hear(), name=f"hearing {settings.name}")

    async def prove(self) -> None:
        """Subscribe to ourselves, publish, hear it. Raises ChannelError.

        Whether we may read the states is not asked here: alerts are told also where they can't be.
        """
        told, itself, states = tree.alerts(self._topic), tree.itself(self._topic), tree.everything(self._topic)
        codes = await self._unless_over(self._client.subscribe([(told, 1), (itself, 1), (states, 0)]))
        for name, code in zip((told, itself), codes, strict=False):
            if int(getattr(code, "value", code)) >= _REFUSED:
                raise ChannelError(f"the broker does not let us read {name}: does its ACL allow it?")
        await self.publish_heard(itself, secrets.token_hex(8).encode())

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish; returns once the broker has confirmed. Raises LostError when it does not: that ends the connection.

        A broker confirms also what its ACL throws away.
        """
        await self._unless_over(self._client.publish(topic, payload, qos=1, retain=retain))

    async def publish_heard(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish; returns once it has come back to us. Raises LostError, NotHeardError."""
        heard = self._awaited[(topic, payload)] = asyncio.get_running_loop().create_future()
        try:
            await self.publish(topic, payload, retain=retain)
            await asyncio.wait({heard, self._over}, timeout=HEARD_S, return_when=asyncio.FIRST_COMPLETED)
            if not heard.done():
                self._check()
                raise NotHeardError(
                    f"published but not heard back in {HEARD_S:g} s: does the ACL let us write and read {topic}?"
                )
        finally:
            heard.cancel()
            self._awaited.pop((topic, payload), None)

    async def stop_finding(self) -> None:
        """Hear no more of the retained states: those of an earlier run have come by now. Raises LostError."""
        await self._unless_over(self._client.unsubscribe(tree.everything(self._topic)))

    async def over(self) -> str:
        """Wait until the connection is lost; says why."""
        return await asyncio.shield(self._over)

    async def close(self) -> None:
        """Say `offline` and part in order. If the broker does not take that in time, it says our last will."""
        parting = self._client.drop
        with contextlib.suppress(LostError):
            self._check()
            await self._unless_over(self._client.say_offline())
            parting = self._client.leave
        self._end("it is closed")
        self._ear.cancel()
        await asyncio.gather(self._ear, return_exceptions=True)
        await parting()

    async def _hear(self) -> None:
        try:
            async for message in self._client.messages:
                topic, payload = message.topic.value, bytes(message.payload)
                heard = self._awaited.get((topic, payload))
                if heard is not None and not heard.done():
                    heard.set_result(None)
                if message.retain and payload:
                    self._found(topic)
        except aiomqtt.MqttError as error:
            self._end(words.of_losing(error, self._settings))

    async def _unless_over(self, call: Coroutine[Any, Any, Any]) -> Any:
        """The result of a call, given up at once when the connection is lost meanwhile. Raises LostError."""
        task = asyncio.create_task(call)
        try:
            await asyncio.wait({task, self._over}, return_when=asyncio.FIRST_COMPLETED)
            self._check()
            return task.result()
        except aiomqtt.MqttError as error:
            gone = isinstance(error, aiomqtt.MqttCodeError)
            reason = CLOSED if gone else f"the broker has not answered within {wire.ANSWER_S:g} s"
            self._end(reason)
            raise LostError(reason) from None
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _check(self) -> None:
        if self._over.done():
            raise LostError(self._over.result())

    def _end(self, reason: str) -> None:
        if not self._over.done():
            self._over.set_result(reason)


@contextlib.asynccontextmanager
async def connected(settings: MqttSettings, found: Callable[[str], None]) -> AsyncIterator[Connection]:
    """A proven connection; `found` is told each topic of ours on which something is retained. Raises ChannelError."""
    until = asyncio.get_running_loop().time() + PROVE_S
    late = ChannelError(f"{settings.host}:{settings.port} takes longer than {PROVE_S:g} s to let us in", whole=True)
    client = wire.Client(settings, await wire.tls_context(settings))
    try:
        async with asyncio.timeout_at(until):
            await client.enter()
    except TimeoutError:
        raise late from None
    connection = Connection(client, settings, found)
    try:
        try:
            async with asyncio.timeout_at(until):
                await connection.prove()
        except TimeoutError:
            raise late from None
        yield connection
    finally:
        await connection.close()
