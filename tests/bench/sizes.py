"""How long and how large a run is, from the environment (`SAATTAEN_BENCH_*`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Population:
    """What is in a store: clients with five consents and a document each, and how many entries its log has at least."""

    clients: int
    entries: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of one run. The defaults are those of the published figures."""

    seconds: int = 8
    """How long each load lasts, after a warm-up of a quarter of it."""
    small: Population = Population(2_000, 0)
    grown: Population = Population(20_000, 1_000_000)
    tokens: int = 12_000
    """Tokens that are sent in turn, where each must be verified: more than the gateway remembers."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Sizes:
        """Return the sizes that the environment names, the defaults for the rest."""

        usual = cls()

        def number(name: str, default: int) -> int:
            return int(environment.get(f"SAATTAEN_BENCH_{name}", default))

        grown = Population(number("GROWN_CLIENTS", usual.grown.clients), number("ENTRIES", usual.grown.entries))
        return cls(
            number("SECONDS", usual.seconds), Population(number("CLIENTS", usual.small.clients), 0), grown,
            number("TOKENS", usual.tokens),
        )  # fmt: skip

    @property
    def warm_up(self) -> int:
        """How many seconds of the same load go before each measurement."""
        return max(1, self.seconds // 4)
