"""What somebody can try in the demo's pages: a walk for clients, a professional and an officer."""

from __future__ import annotations

from gateway.demo.stage import Stage

_READ_IN = (
    ("suvi", "Finnish"), ("valteri", "easy Finnish"), ("ari", "Swedish"), ("maija", "English"), ("sirpa", "any"),
)  # fmt: skip
"""Who has a request to answer, and the language in which to walk: each language is any person's to choose."""


def tell_walks(stage: Stage) -> None:
    """Say who can be signed in as, and a walk for each kind of reader."""
    say, base = stage.teller.say, stage.gateway.settings.base_url
    clients, code = stage.world.clients, stage.world.clients["suvi"].code.reveal()  # Invented, like everyone here.
    names = ", ".join(_first(row.name) for key, row in clients.items() if not key.startswith("kaima"))
    walkers = ", ".join(f"{_first(clients[key].name)} ({language})" for key, language in _READ_IN)
    say()
    stage.teller.head(f"The pages are at {base}/ in Finnish, easy Finnish, Swedish and English.")
    say(f"  Sign in as a client ({names}), or as a worker or data protection officer of any organisation.")
    for who, steps in (
        (
            f"As a client: {walkers}. Each has a request; where it was answered, the next start leaves another:",
            "answer it (see first what they would see) - Permissions, and the receipt - Who can see, and why -"
            " Who has looked - I do not recognise this - withdraw - Settings - Leave quickly",
        ),
        (
            "As Saara, a nurse at sote-keskus (Esimerkin hyvinvointialue):",
            f"look up {code} - see what is open and why not - record a spoken permission in eight screens - My log",
        ),
        (
            "As Hilla, data protection officer of the same:",
            "search what happened this month, with a reason - open one entry - Verify - a client's report,"
            " which Helmi, another officer, signs in to look at and release",
        ),
    ):  # fmt: skip
        say(f"  {who}")
        say(f"    {steps}")


def _first(name: str) -> str:
    return name.partition(" ")[0]
