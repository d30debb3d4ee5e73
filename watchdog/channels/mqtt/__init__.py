"""MQTT, by aiomqtt."""

from watchdog.channels.mqtt.channel import MqttChannel

__all__ = ["MqttChannel"]
