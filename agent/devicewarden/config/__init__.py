"""Every knob: TOML files and environment -> one frozen Settings. `load.py` is the door to files."""
