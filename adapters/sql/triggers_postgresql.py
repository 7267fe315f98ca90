"""The triggers of `triggers` and `log_tables` in PostgreSQL's words: the same names, the same refusals.

Epochs are bumped once a statement, whatever number of rows it wrote. TRUNCATE, which SQLite does not have, is refused
too.
"""

from __future__ import annotations

import re

from adapters.sql.log_tables import ERASED_OF_INDEX, KEPT_OF_INDEX, refusal
from adapters.sql.tables.facts import CLIENT_FACT_TABLES, PARTNER_FACT_TABLES

_STATES = ("client_state", "partner_state", "world_state")
# What a statement trigger may look at, by verb.
_ROWS = {
    "INSERT": ("REFERENCING NEW TABLE AS after_rows", "SELECT {key} FROM after_rows"),
    "UPDATE": (
        "REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows",
        "SELECT {key} FROM before_rows UNION SELECT {key} FROM after_rows",
    ),
    "DELETE": ("REFERENCING OLD TABLE AS before_rows", "SELECT {key} FROM before_rows"),
}
_BUMP_CLIENTS = "UPDATE client_state SET epoch = epoch + 1 WHERE client IN ({rows});"
_BUMP_PARTNERS = (
    "INSERT INTO partner_state AS s (partner, epoch) SELECT DISTINCT moved.key, 1 FROM ({rows}) AS moved (key) "
    "ON CONFLICT (partner) DO UPDATE SET epoch = s.epoch + 1;"
)


def log_triggers(schema: str) -> list[str]:
    """Return the statements that guard the log's tables; *schema* is the one that holds them."""
    kept = " AND ".join(f"NEW.{column} IS NOT DISTINCT FROM OLD.{column}" for column in KEPT_OF_INDEX)
    erased = " AND ".join(f"(NEW.{one} IS NOT DISTINCT FROM OLD.{one} OR NEW.{one} IS NULL)" for one in ERASED_OF_INDEX)
    head_goes_on = "OLD.ended OR NEW.size < OLD.size OR NEW.log IS DISTINCT FROM OLD.log"
    unless_erased = (
        "IF NOT EXISTS (SELECT 1 FROM audit_erased e WHERE e.log = OLD.log AND e.idx = OLD.idx "
        "AND e.section = OLD.section) THEN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = '23001'; END IF; "
        "RETURN OLD;"
    )
    tables = ("audit_leaf", "audit_subtree", "audit_sealed", "audit_erased", "audit_index", "audit_head")
    return [
        _function(schema, "saattaen_refuse", "RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = '23001';"),
        _function(schema, "saattaen_refuse_unless_erased", unless_erased),
        _refuse("audit_leaf", "UPDATE"),
        _refuse("audit_leaf", "DELETE"),
        _refuse("audit_subtree", "UPDATE"),
        _refuse("audit_subtree", "DELETE"),
        _refuse("audit_sealed", "UPDATE"),
        _refuse("audit_sealed", "DELETE", by="saattaen_refuse_unless_erased"),
        _refuse("audit_erased", "UPDATE"),
        _refuse("audit_erased", "DELETE"),
        _refuse("audit_index", "UPDATE", f"WHEN (NOT ({kept} AND {erased}))"),
        _refuse("audit_index", "DELETE"),
        _refuse("audit_head", "DELETE"),
        _refuse("audit_head", "UPDATE", f"WHEN ({head_goes_on})"),
        *(_refuse_truncate(table) for table in tables),
    ]


def combination_triggers() -> list[str]:
    """Return the statements that guard the combinations of index rows; after `log_triggers`."""
    return [
        _refuse("audit_combination", "UPDATE"),
        _refuse("audit_combination", "DELETE"),
        _refuse_truncate("audit_combination"),
        _trigger(
            "audit_index_combination", "BEFORE UPDATE OF combination ON audit_index", refusal("audit_index", "UPDATE"),
            "WHEN (OLD.combination IS NOT NULL)",
        ),
    ]  # fmt: skip


def epoch_triggers(schema: str) -> list[str]:
    """Return the statements that bump epochs and keep facts from being edited; after `log_triggers`."""
    made: list[str] = []
    for verb in _ROWS:
        made += [
            _bumping(schema, "client", verb, "client", _BUMP_CLIENTS),
            _bumping(schema, "partner", verb, "partner", _BUMP_PARTNERS),
            _bumping(schema, "partner_itself", verb, "id", _BUMP_PARTNERS),
            *(_after(table, verb, "client") for table in CLIENT_FACT_TABLES),
            *(_after(one, verb, "partner_itself" if one == "partner" else "partner") for one in PARTNER_FACT_TABLES),
        ]
    made += [
        _function(
            schema, "saattaen_bump_client_state",
            "UPDATE client_state SET epoch = epoch + 1 WHERE client = NEW.client; RETURN NULL;",
        ),
        _function(
            schema, "saattaen_bump_world_state",
            "UPDATE world_state SET epoch = epoch + 1 WHERE id = NEW.id; RETURN NULL;",
        ),
        "CREATE OR REPLACE TRIGGER epoch_client_state AFTER UPDATE OF suspended, non_disclosure ON client_state "
        "FOR EACH ROW EXECUTE FUNCTION saattaen_bump_client_state()",
        "CREATE OR REPLACE TRIGGER epoch_world_state AFTER UPDATE OF directory, policy ON world_state "
        "FOR EACH ROW EXECUTE FUNCTION saattaen_bump_world_state()",
    ]  # fmt: skip
    for table in _STATES:
        made += [
            _trigger(
                f"{table}_forward", f"BEFORE UPDATE OF epoch ON {table}", "an epoch never goes back",
                "WHEN (NEW.epoch < OLD.epoch)",
            ),
            _trigger(f"{table}_stays", f"BEFORE DELETE ON {table}", f"{table} is never deleted"),
            _refuse_truncate(table),
        ]  # fmt: skip
    return [
        *made,
        _trigger(
            "document_versioned", "BEFORE UPDATE ON document", "a document changes only with its version",
            "WHEN (NEW.version <= OLD.version)",
        ),
        _trigger(
            "document_version_update",
            "BEFORE UPDATE OF document, version, client, content, digest ON document_version",
            "a stored version is never changed",
        ),
        _trigger("consent_version_update", "BEFORE UPDATE ON consent_version", "a consent version is never changed"),
    ]  # fmt: skip


def _function(schema: str, name: str, body: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_$]*", schema):
        raise ValueError("the schema's name is made of small letters, digits and underscores")
    # Whoever calls it, the tables are those of this schema: a temporary table of the same name is not taken for one.
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp "
        f"AS $$ BEGIN {body} END $$"
    )


def _bumping(schema: str, whose: str, verb: str, key: str, bump: str) -> str:
    rows = _ROWS[verb][1].format(key=key)
    return _function(schema, f"saattaen_bump_{whose}_{verb.lower()}", f"{bump.format(rows=rows)} RETURN NULL;")


def _after(table: str, verb: str, whose: str) -> str:
    return (
        f"CREATE OR REPLACE TRIGGER epoch_{table}_{verb.lower()} AFTER {verb} ON {table} {_ROWS[verb][0]} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION saattaen_bump_{whose}_{verb.lower()}()"
    )


def _refuse(table: str, verb: str, when: str = "", by: str = "saattaen_refuse") -> str:
    return _trigger(f"{table}_{verb.lower()}", f"BEFORE {verb} ON {table}", refusal(table, verb), when, by)


def _refuse_truncate(table: str) -> str:
    return (
        f"CREATE OR REPLACE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION saattaen_refuse('{table} is never emptied')"
    )


def _trigger(name: str, event: str, says: str, when: str = "", by: str = "saattaen_refuse") -> str:
    return f"CREATE OR REPLACE TRIGGER {name} {event} FOR EACH ROW {when} EXECUTE FUNCTION {by}('{says}')"
