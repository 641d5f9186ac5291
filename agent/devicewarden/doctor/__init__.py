"""What keeps this device from reporting: verdicts in order, each with a hint; changes nothing."""
