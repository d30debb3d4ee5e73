"""The MQTT channel against a real broker."""
