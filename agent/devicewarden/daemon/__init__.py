"""The wiring, the only place where rooms meet: settings -> a process that runs for years."""
