"""What keeps this device from reporting: verdicts in order, each with what to do; changes nothing."""
