"""Play the shared cases just far enough to put each of their requests to an engine as facts.

This is no gateway: it keeps what was given, confirmed, withdrawn and spent in plain lists, so that the engines can be
asked every question of the cases without one. What must not be recorded (`expect: refused`) is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import isodate
from ruamel.yaml import YAML

Row = dict[str, Any]
HELSINKI = ZoneInfo("Europe/Helsinki")
DAY = 24 * 3600 * 10**6


@dataclass(frozen=True)
class Question:
    """One request, or one document of a search, of a case: the facts and what the case expects."""

    name: str
    facts: Row
    expect: Row
    action: str
    document: str


def micros(text: Any) -> int:
    """Microseconds since the epoch; a bare date begins at midnight in Helsinki."""
    instant = datetime.fromisoformat(str(text))
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=HELSINKI)
    return (instant - datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))) // timedelta(microseconds=1)


def read_cases(folder: Path) -> tuple[Row, list[Row]]:
    """The world, and every case of *folder*."""
    yaml = YAML(typ="safe")
    # An instant keeps its text: the fraction and the offset must not be lost.
    yaml.constructor.yaml_constructors.pop("tag:yaml.org,2002:timestamp", None)
    yaml.constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))
    world = yaml.load(folder / "world.yaml")
    cases = [case for path in sorted(folder.glob("*.case.yaml")) for case in yaml.load_all(path)]
    return world, cases


class Player:
    """One case from its first step to its last. `spend` must be told what each permit spent before the next step."""

    def __init__(self, world: Row, case: Row) -> None:
        self.world, self.case = world, case
        self.at = micros(case["at"])
        self.seq = 0
        self.documents: dict[str, Row] = {}
        self.grants: list[Row] = []
        self.prohibitions: list[Row] = []
        self.relations: list[Row] = []
        self.suspended: set[str] = set()

    def play(self, step: Row) -> list[Question]:
        """Take one step; return the questions that it asks."""
        ((kind, body),) = step.items()
        self.seq += 1
        if isinstance(body, dict) and "refused" in (body.get("expect") or {}):
            return []
        match kind:
            case "deposit":
                self._deposit(body)
            case "consent":
                self._give(body, body.get("name"), 1)
            case "change":
                self.grants = [one for one in self.grants if one["consent"] != body["consent"]]
                self._give(body | {"client": self._client_of[body["consent"]]}, body["consent"], 2)
            case "confirm" | "withdraw":
                for grant in self.grants:
                    if grant["consent"] == body["consent"]:
                        grant.update({"confirmed": True} if kind == "confirm" else {"withdrawn": True}, seq=self.seq)
            case "prohibit":
                self.prohibitions.append(body)
            case "unprohibit":
                self.prohibitions = [one for one in self.prohibitions if one["name"] != body["name"]]
            case "relation":
                self.relations.append(body)
            case "suspend":
                self.suspended.add(body["system"])
            case "at":
                self.at = micros(body)
            case "advance":
                self.at += isodate.parse_duration(body) // timedelta(microseconds=1)
            case "request":
                return [self._question(body, "read", body["document"])]
            case "search":
                return [
                    self._question(body, "search", name)
                    for name, row in self.documents.items()
                    if row["client"] == body["client"] and row["category"] == body.get("category", row["category"])
                ]
            case _:  # what the log, the inbox and the client show asks no engine
                pass
        return []

    def spend(self, grants: set[str]) -> None:
        """Mark what a release has spent."""
        for grant in self.grants:
            if grant["id"] in grants:
                grant.update(spent=True, seq=self.seq)

    @property
    def _client_of(self) -> dict[str, str]:
        return {step["consent"]["name"]: step["consent"]["client"] for step in self.case["steps"] if "consent" in step}

    def _deposit(self, body: Row) -> None:
        category = self.world["categories"][body["category"]]
        added = body.get("sections", {})
        sections = {
            name: sorted({*category.get("sensitive", {}).get(name, []), *added.get(name, [])})
            for name in category["sections"]
        }
        self.documents[body["name"]] = {
            "client": body["client"],
            "id": body["name"],
            "version": 1,
            "custodian": body["by"],
            "custodian_kind": self._kind(body["by"]),
            "category": body["category"],
            "dated": micros(body["dated"]) if "dated" in body else self.at,
            "labels": body.get("labels", []),
            "sections": sections,
            "single_use": category.get("single_use", False),
        }

    def _give(self, body: Row, consent: str, version: int) -> None:
        captor = body.get("by") if body.get("capture") in ("with-professional", "paper-scan") else None
        spoken = body.get("capture") == "verbal"
        for place, row in enumerate(body["grants"]):
            by_recipient = captor is not None and self._organisation(captor) == self._organisation(row["recipient"])
            until = micros(row["until"])
            once = row.get("once", False) or self.world["categories"][row["category"]].get("single_use", False)
            self.grants.append(
                {
                    "client": body["client"],
                    "id": f"{consent}-{version}-{place}",
                    "consent": consent,
                    "version": version,
                    **{key: row[key] for key in ("custodian", "recipient", "category", "purpose")},
                    "from": micros(row["from"]) if "from" in row else self.at,
                    "until": min(until, self.at + DAY) if spoken else until,
                    "sensitivities": row.get("sensitivities", []),
                    "single_use": once or spoken,
                    "document": None,
                    "dated_from": micros(row["dated_from"]) if "dated_from" in row else None,
                    "dated_until": micros(row["dated_until"]) if "dated_until" in row else None,
                    "withdrawn": False,
                    "confirmed": not by_recipient or captor == row["custodian"],
                    "spent": False,
                    "ended": False,
                    "seq": self.seq,
                    "by_client": True,
                }
            )

    def _question(self, body: Row, action: str, name: str) -> Question:
        document = {key: value for key, value in self.documents[name].items() if key != "client"}
        recipient, category = body["by"], document["category"]
        service = self.world["services"][recipient]
        system = body.get("system", f"{recipient}-system")
        organisation = service["organisation"]
        mine = [one for one in self.grants if one["client"] == body["client"]]
        named = {(one["recipient"], one["category"]) for one in mine}
        before = {code for code, row in self.world["services"].items() if row.get("succeeded_by") == recipient}
        role = self.world["roles"].get(body["role"])
        facts = {
            "v": 1,
            "at": self.at,
            "request": {
                "action": action,
                "category": category,
                "purpose": body["purpose"],
                "role": body["role"],
                "recipient": recipient,
                "basis": body.get("basis"),
                "assurance": body.get("assurance", "substantial"),
            },
            "requester": {
                "system": system,
                "organisation": self._organisation(system.removesuffix("-system")),
                "services": [system.removesuffix("-system")],
                "suspended": system in self.suspended,
                "claims": {
                    "organisation": organisation,
                    "service": recipient,
                    "role": body["role"],
                    "purpose": body["purpose"],
                },
            },
            "recipient": {
                "service": recipient,
                "organisation": organisation,
                "kind": service["kind"],
                "from": micros(service["from"]),
                "until": micros(service["until"]) if "until" in service else None,
            },
            "role": {"in": role["in"], "purposes": role["purposes"]} if role else None,
            "known": {"category": True, "purpose": body["purpose"] in self.world["purposes"]},
            "client": {
                "known": True,
                "suspended": False,
                "non_disclosure": self.world["clients"][body["client"]].get("non_disclosure", False),
            },
            "document": document,
            "flow": self._flow(category, document["custodian_kind"], service["kind"]),
            "prohibitions": [
                {"id": one["name"], "recipient": one.get("recipient"), "category": one.get("category"), "own": True}
                for one in self.prohibitions
                if one["client"] == body["client"]
            ],
            "relations": [
                {
                    "id": f"r{place}",
                    "kind": one["kind"],
                    "custodian": one["parties"][0],
                    "recipients": one["parties"][1:],
                    "from": micros(one["from"]) if "from" in one else 0,
                    "until": micros(one["until"]) if "until" in one else None,
                    "ended": False,
                    "section": one.get("section"),
                }
                for place, one in enumerate(self.relations)
                if one["client"] == body["client"]
            ],
            "grants": [
                {key: value for key, value in one.items() if key != "client"}
                for one in mine
                if one["recipient"] == recipient
            ],
            "others": {
                "predecessor": any(one in before for one, _ in named),
                "recipient_elsewhere": any(one != recipient and of == category for one, of in named),
            },
            "refused_in_person": False,
            "projection": {"id": f"{category}-for-{service['kind']}", "version": 1},
        }
        return Question(f"{self.case['id']}: {action} {name}", facts, body["expect"], action, name)

    def _flow(self, category: str, custodian: str, recipient: str) -> Row | None:
        for row in self.world["flows"]:
            if row["category"] == category and custodian in row["from"] and recipient in row["to"]:
                return {"bases": row["bases"], "carries": row.get("carries", {}), "section": row.get("section")}
        return None

    def _kind(self, service: str) -> str:
        return str(self.world["services"][service]["kind"])

    def _organisation(self, service: str) -> str:
        return str(self.world["services"][service]["organisation"])
