"""What somebody can try in the demo's pages: a walk for a client, a professional and an officer, and a request that
waits for the first."""

from __future__ import annotations

from gateway.consent.model import Actor, AskedRow
from gateway.demo.population import system_of
from gateway.demo.stage import Stage

CLIENT = "suvi"
_ASKING, _ROLE = "tyohonvalmennus", "tyohonvalmentaja"


async def leave_a_request(stage: Stage) -> None:
    """Let job coaching ask Suvi for her plan. Where it was asked lately the gateway drops it, as it does for anyone."""
    by = Actor(_ASKING, system_of(_ASKING), "demo-coach", "Topi Esimerkki", _ROLE)
    asked = AskedRow("sote-keskus", _ASKING, "work-ability-plan", "employment-support")
    await stage.gateway.recording.request(stage.clients[CLIENT], asked, by)


def tell_walks(stage: Stage) -> None:
    """Say who can be signed in as, and a walk for each kind of reader."""
    say, base = stage.teller.say, stage.gateway.settings.base_url
    clients, code = stage.world.clients, stage.world.clients[CLIENT].code.reveal()  # Invented, like everyone here.
    names = ", ".join(row.name.partition(" ")[0] for key, row in clients.items() if not key.startswith("kaima"))
    say()
    stage.teller.head(f"The pages are at {base}/ in Finnish, easy Finnish, Swedish and English.")
    say(f"  Sign in as a client ({names}), or as a worker or data protection officer of any organisation.")
    for who, steps in (
        (
            "As Suvi, a client:",
            "answer what job coaching asks (see first what it would see) - Who can see - Who has looked - withdraw -"
            " print the receipt",
        ),
        (
            "As Saara, a nurse at sote-keskus (Esimerkin hyvinvointialue):",
            f"look up {code} - see what is open and why not - record a spoken permission in eight screens - My log",
        ),
        (
            "As Hilla, data protection officer of the same:",
            "search what happened this month, with a reason - open one entry - Verify - a client's report",
        ),
    ):  # fmt: skip
        say(f"  {who}")
        say(f"    {steps}")
