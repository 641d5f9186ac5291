"""Close events that a test tells."""

from collections.abc import Iterator

from devicewarden.model.errors import CollectError


class Told:
    """Tells each batch once, and how many were lost."""

    def __init__(self, *batches: list[bytes], lost: int = 0) -> None:
        self.batches = list(batches)
        self.pending_loss = lost
        self.refuses = False
        self.closed = 0

    def waiting(self) -> Iterator[bytes]:
        if self.refuses:
            raise CollectError("cannot read socket events")
        return iter(self.batches.pop(0) if self.batches else [])

    def lost(self) -> int:
        lost, self.pending_loss = self.pending_loss, 0
        return lost

    def close(self) -> None:
        self.closed += 1
