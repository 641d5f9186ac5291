"""Every knob: TOML files and environment -> one frozen Settings. Only load.py touches files."""
