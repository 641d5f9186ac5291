"""Bytes -> broker, and the broker's reply -> Outcome. Only this room imports awscrt."""
