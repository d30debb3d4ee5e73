"""A real MQTT broker for the tests, each in a process of its own: mosquitto where it is installed, else amqtt."""

from tests.broker.start import KIND, VERSIONS, Broker, Rights

__all__ = ["KIND", "VERSIONS", "Broker", "Rights"]
