"""Read the host. Host -> Sample -> Metrics. Only this room imports psutil."""
