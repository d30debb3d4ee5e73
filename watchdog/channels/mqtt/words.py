"""What went wrong between us and a broker, in words fit for a log."""

from __future__ import annotations

import socket
import ssl

from aiomqtt import MqttCodeError, MqttError
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.reasoncodes import ReasonCode

from watchdog.channels.mqtt.errors import CLOSED
from watchdog.settings import MqttSettings

_REFUSED = {
    132: "it does not speak this version of MQTT: set version",
    133: "it does not take the client id",
    134: "wrong user name or password",
    135: "not authorised: wrong user name or password, or its rules forbid it",
    136: "it is not available now",
    137: "it is busy",
    138: "it has banned us",
    140: "it wants another way to authenticate",
    149: "what we sent is too large for it",
    151: "we are over its quota",
    159: "too many connections at once",
}
"""Reason codes of MQTT 5 (section 2.4); paho gives those of 3.1.1 as these too."""
_SILENCE = 141
"""What paho says when the broker has not answered a ping."""
_TAKEN_OVER = 142


def of_connecting(error: BaseException, settings: MqttSettings) -> str:
    """Why there is no connection."""
    at = f"{settings.host}:{settings.port}"
    if isinstance(error, MqttConnectError):
        code = _code(error)
        return f"{at} refuses us: {_REFUSED.get(code, f'reason {code}')}"
    # aiomqtt keeps only the words of what it caught; the error itself is still behind it
    cause = error.__context__ if isinstance(error, MqttError) and error.__context__ is not None else error
    match cause:
        case ssl.SSLCertVerificationError():
            return f"the certificate of {at} is not accepted: {cause.verify_message}"
        case ssl.SSLError():
            return f"no TLS with {at}: {cause.reason or 'it broke off'}; is it a TLS port?"
        case ConnectionResetError() | BrokenPipeError():
            return f"{at} breaks off: is it {'really' if settings.tls else 'perhaps'} a TLS port?"
        case socket.gaierror():
            return f"the name {settings.host} is not known"
        case ConnectionRefusedError():
            return f"{at} refuses the connection: nobody listens there"
        case TimeoutError():
            return f"{at} does not answer{'; is it really a TLS port?' if settings.tls else ''}"
        case OSError():
            return f"no connection to {at}: {cause.strerror or type(cause).__name__}"
        case _:
            return f"no connection to {at}: {type(cause).__name__}"


def of_losing(error: BaseException, settings: MqttSettings) -> str:
    """Why a connection ended."""
    cause = error.__cause__ if isinstance(error.__cause__, MqttCodeError) else error
    code = _code(cause) if isinstance(cause, MqttCodeError) else 0
    if code == _SILENCE:
        return f"the broker has said nothing for more than {settings.keepalive} s"
    if code == _TAKEN_OVER:
        return f'another client uses the same client id "{settings.client_id}"'
    return CLOSED


def is_silence(reason: object) -> bool:
    """Whether a connection ended because the broker did not answer a ping."""
    return isinstance(reason, ReasonCode) and reason.value == _SILENCE


def _code(error: MqttCodeError) -> int:
    return int(error.rc.value if isinstance(error.rc, ReasonCode) else error.rc or 0)
