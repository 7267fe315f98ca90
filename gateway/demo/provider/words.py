"""What the provider's pages say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "Simulated identification", "invented": "Everyone here is invented.",
        "warning": "This is a part of a demo. It asks for no password, and whoever opens it can be anybody.",
        "who": "Who are you today?", "back": "Go back without identifying",
        "broken": "The request for identification is broken.", "end": "End the session here too?",
        "yes": "End it", "ended": "The session has ended.",
    },
    "fi": {
        "title": "Simuloitu tunnistus", "invented": "Kaikki täällä on keksittyä.",
        "warning": "Tämä on osa demoa. Salasanaa ei kysytä, ja kuka tahansa voi olla kuka tahansa.",
        "who": "Kuka olet tänään?", "back": "Palaa tunnistautumatta",
        "broken": "Tunnistuspyyntö on rikki.", "end": "Lopetetaanko istunto myös täällä?",
        "yes": "Lopeta", "ended": "Istunto on päättynyt.",
    },
    "sv": {
        "title": "Simulerad identifiering", "invented": "Alla här är påhittade.",
        "warning": "Det här är en del av en demo. Inget lösenord frågas, och vem som helst kan vara vem som helst.",
        "who": "Vem är du i dag?", "back": "Gå tillbaka utan att identifiera dig",
        "broken": "Begäran om identifiering är trasig.", "end": "Avsluta sessionen här också?",
        "yes": "Avsluta", "ended": "Sessionen är avslutad.",
    },
}  # fmt: skip
