"""The process log: plain text or JSON, each line with the id of the request that it is about.

No line has a query, a header, a body, an identifier or an exception's own words, which may repeat one of these: of an
exception its type and place are told.
"""

from __future__ import annotations

import logging
import sys
from typing import IO, Literal

from pythonjsonlogger.orjson import OrjsonFormatter

from gateway.disclosure.observing import REQUEST_ID

OURS = ("saattaen", "gateway", "adapters", "audit")
Style = Literal["text", "json"]
Level = Literal["warning", "info"]


def set_up_logs(style: Style, level: Level, stream: IO[str] | None = None) -> None:
    """Write the log to *stream*, else to standard error; *level* is ours, other libraries may only warn."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(_complete)
    handler.setFormatter(_FORMATS[style]())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    # Who came in and who was turned away is told whatever else is left unsaid.
    logging.getLogger("saattaen.security").setLevel(logging.INFO)


def _complete(record: logging.LogRecord) -> bool:
    record.request_id = REQUEST_ID.get()
    if record.exc_info:
        record.raised = _told(record.exc_info[1])
        record.exc_info = record.exc_text = None
    return True


def _told(error: BaseException | None) -> str | None:
    if error is None:
        return None
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" at {place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place is not None else ""
    return f"{type(error).__name__}{where}"


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        raised, request_id = getattr(record, "raised", None), getattr(record, "request_id", None)
        if raised:
            line += f" ({raised})"
        return line if request_id is None or request_id in line else f"{line} [{request_id}]"


def _json() -> logging.Formatter:
    return OrjsonFormatter(
        "levelname,name,message,request_id,process", style=",", timestamp="at",
        rename_fields={"levelname": "level", "name": "logger"},
    )  # fmt: skip


_FORMATS = {"text": _Text, "json": _json}
