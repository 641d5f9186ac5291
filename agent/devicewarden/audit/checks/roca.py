"""CVE-2017-15361 (ROCA): RSA keys that Infineon's library made can be factored.

Its primes are powers of 65537 modulo the product of small primes, plus a multiple of that product;
so the modulus is a power of 65537 modulo each of these small primes.

Source: Nemec et al., "The Return of Coppersmith's Attack", ACM CCS 2017, section 2.
"""

from typing import Final

_GENERATOR: Final = 65537
_PRIMES: Final = (
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
)  # fmt: skip


def _powers(prime: int) -> frozenset[int]:
    return frozenset(pow(_GENERATOR, exponent, prime) for exponent in range(prime - 1))


_POWERS: Final = tuple((prime, _powers(prime)) for prime in _PRIMES)


def has_fingerprint(modulus: int) -> bool:
    """Tell whether a modulus has the library's mark; of others one in 10^8 or less has it."""
    return all(modulus % prime in powers for prime, powers in _POWERS)
