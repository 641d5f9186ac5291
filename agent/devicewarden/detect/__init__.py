"""Metrics and a profile -> violations. Pure: no clock, no file, no socket, no chance."""
