"""AWS IoT Core's stand-in on one machine: broker, CA, Device Defender. Never a service."""
