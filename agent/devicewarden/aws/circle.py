"""Tells an endless list from a long one, in memory that does not grow."""


class Circle:
    """Watches the tokens of pages: a service that errs may lead round in a circle for ever.

    It remembers one token, a later one each time as many pages have passed again, and so finds a
    circle after at most three times its length.

    Source: R. P. Brent, An improved Monte Carlo factorization algorithm, BIT 20 (1980).
    """

    def __init__(self) -> None:
        self._kept: str | None = None
        self._steps = 0
        self._power = 1

    def closes(self, token: str | None) -> bool:
        """Take the token of the next page; tell whether it came before."""
        if token is not None and token == self._kept:
            return True
        self._steps += 1
        if self._steps == self._power:
            self._kept, self._steps, self._power = token, 0, 2 * self._power
        return False
