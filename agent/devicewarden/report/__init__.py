"""Metrics -> the bytes of a Device Defender report. Pure: no clock, no file, no socket."""
