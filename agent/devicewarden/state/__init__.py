"""What survives a restart: one SQLite file. Never imports a room."""
