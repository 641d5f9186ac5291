"""Judge policy documents: bytes -> faults. Pure: no clock, file or socket."""
