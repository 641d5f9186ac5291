"""Is the configuration safe? An inventory of device or account -> findings. Changes nothing."""
