"""Events to people and machines: a sink each. Never decides which events there are."""
