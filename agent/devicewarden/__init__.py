"""A self-hosted AWS IoT Device Defender agent for Linux edge devices."""
