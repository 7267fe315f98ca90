"""A small FHIR server on a real socket that stands in for a custodian's: it keeps, finds and pages, and misbehaves
when it is told to.

It answers as HAPI's server does in what the gateway uses; one contract suite runs on both, so that it cannot lie.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from adapters.custodian.fhir_server.simulated_faults import Fault, bent
from adapters.custodian.fhir_server.simulated_resources import (
    CATEGORY_OF,
    PERSON_OF,
    codings_in,
    identifiers_in,
    meta_of,
    patient_of,
)
from gateway.disclosure.sections import Document, Json

FHIR_JSON = "application/fhir+json"
HUGE = 2 * 1024**3
PAGE = 50
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Tls:
    """The server's certificate and key (PEM), and the authority whose certificates it lets in."""

    certificate: Path
    key: Path
    authority: Path


@dataclass
class SimulatedServer:
    """The server's content, its mood, and what it was asked. With *token* it wants that bearer token.

    `asked` holds method and address, query included, of each request, and `ids` the id that each named itself by;
    `assertions` those that tokens were asked for with, each answered with a new one; `sent` is how many bytes of a huge
    answer went out. With *tls* it speaks https.
    """

    fault: Fault | None = None
    token: str | None = None
    assertions: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)
    sent: int = 0
    tls: Tls | None = None
    _kept: dict[str, dict[str, Document]] = field(default_factory=dict)
    _pages: dict[str, tuple[str, list[Document], int]] = field(default_factory=dict)
    _port: int = 0
    _running: tuple[uvicorn.Server, threading.Thread] | None = None
    _looks: int = 0

    @property
    def base(self) -> str:
        """The server's address."""
        return f"http{'' if self.tls is None else 's'}://127.0.0.1:{self._port}/fhir"

    def start(self) -> None:
        """Listen, on the port of before where it was up already."""
        # Named as TCP, or asyncio does not send at once what an answer's first piece is not acknowledged for.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self._port))
        listening.listen(64)
        self._port = listening.getsockname()[1]
        config = uvicorn.Config(
            self._app(), access_log=False, log_level="error", lifespan="off", timeout_graceful_shutdown=1
        )
        if self.tls is not None:
            config.ssl_certfile, config.ssl_keyfile = self.tls.certificate, self.tls.key
            # Nobody without a certificate of ours gets in.
            config.ssl_ca_certs, config.ssl_cert_reqs = str(self.tls.authority), ssl.CERT_REQUIRED
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])), daemon=True)
        thread.start()
        give_up = time.monotonic() + _PATIENCE
        while not server.started:
            if time.monotonic() > give_up:
                raise RuntimeError("the simulated FHIR server does not start")
            time.sleep(0.01)
        self._running = (server, thread)

    def stop(self) -> None:
        """Be down: nothing listens there any more."""
        if self._running is not None:
            self._running[0].should_exit = True
            self._running[1].join(_PATIENCE)
            self._running = None

    # What it does.

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/fhir/metadata", self._metadata, methods=["GET"]),
                Route("/token", self._token, methods=["POST"]),
                Route("/fhir", self._page, methods=["GET"]),
                Route("/fhir/{kind}/_search", self._search, methods=["POST"]),
                Route("/fhir/{kind}/{id}", self._put, methods=["PUT"]),
                Route("/fhir/{kind}/{id}", self._read, methods=["GET"]),
                Route("/fhir/{kind}/{id}", self._delete, methods=["DELETE"]),
            ]
        )

    def _note(self, request: Request) -> bool:
        query = request.scope["query_string"].decode("latin-1")
        self.ids.append(request.headers.get("x-request-id"))
        self.asked.append(f"{request.method} {request.scope['path']}{'?' + query if query else ''}")
        return self.token is None or request.headers.get("authorization") == f"Bearer {self.token}"

    async def _metadata(self, request: Request) -> Response:
        return _fhir({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        jwt_bearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        if form.get("client_assertion_type") != jwt_bearer or form.get("client_assertion", "").count(".") != 2:
            return Response(b'{"error":"invalid_client"}', 401, media_type="application/json")
        self.assertions.append(form["client_assertion"])
        self.token = secrets.token_hex(8)
        answer = {"access_token": self.token, "token_type": "bearer", "expires_in": 300, "scope": form.get("scope", "")}
        return Response(orjson.dumps(answer), media_type="application/json")

    async def _put(self, request: Request) -> Response:
        self._note(request)
        kind, id_ = request.path_params["kind"], request.path_params["id"]
        content: Document = orjson.loads(await request.body())
        old = self._kept.setdefault(kind, {}).get(id_)
        version = 1 if old is None else int(str(meta_of(old)["versionId"])) + 1
        kept = content | {"id": id_, "meta": meta_of(content) | {"versionId": str(version)}}
        self._kept[kind][id_] = kept
        return _fhir(kept, 201 if old is None else 200)

    async def _read(self, request: Request) -> Response:
        if not self._note(request):
            return _refusal(401)
        found = self._kept.get(request.path_params["kind"], {}).get(request.path_params["id"])
        return _refusal(404) if found is None else _fhir(found)

    async def _delete(self, request: Request) -> Response:
        self._note(request)
        self._kept.get(request.path_params["kind"], {}).pop(request.path_params["id"], None)
        return Response(status_code=204)

    async def _search(self, request: Request) -> Response:
        if not self._note(request):
            return _refusal(401)
        kind = request.path_params["kind"]
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        self._looks += 1
        if (instead := await self._instead()) is not None:
            return instead
        try:
            found = [one for one in self._kept.get(kind, {}).values() if self._matches(kind, one, form)]
        except KeyError:
            return _refusal(400)
        found = bent(self.fault, kind, found, list(self._kept.get("Patient", {})), self._looks)
        return self._answer(kind, found, min(int(form.get("_count", "20")), PAGE), "_include" in form)

    async def _page(self, request: Request) -> Response:
        if not self._note(request):
            return _refusal(401)
        page = self._pages.pop(request.query_params.get("_getpages", ""), None)
        return _refusal(410) if page is None else self._answer(*page, include=True)

    def _answer(self, kind: str, found: list[Document], count: int, include: bool) -> Response:
        shown, rest = found[:count], found[count:]
        entries: list[Json] = [
            {"fullUrl": f"{self.base}/{kind}/{one['id']}", "resource": one, "search": {"mode": "match"}}
            for one in shown
        ]
        if include:
            people = {id_ for one in shown if (id_ := patient_of(kind, one)) is not None}
            patients = self._kept.get("Patient", {})
            entries += [
                {"resource": patients[id_], "search": {"mode": "include"}} for id_ in sorted(people) if id_ in patients
            ]
        links: list[Json] = []
        if rest:
            token = secrets.token_hex(8)
            self._pages[token] = (kind, rest, count)
            links.append({"relation": "next", "url": f"{self.base}?{urlencode({'_getpages': token})}"})
        if self.fault is Fault.LEADS_AWAY:
            links = [{"relation": "next", "url": "http://10.0.0.1/fhir?_getpages=1"}]
        bundle: Document = {"resourceType": "Bundle", "type": "searchset", "link": links}
        if entries:
            bundle["entry"] = entries
        return _fhir(bundle)

    def _matches(self, kind: str, content: Document, form: Mapping[str, str]) -> bool:
        """Return whether a resource is found; raises KeyError for a parameter that is not known."""
        person = content.get(PERSON_OF.get(kind, "subject"))
        subject = person if isinstance(person, dict) else {}
        for name, value in form.items():
            if name in ("_count", "_include"):
                continue
            if name == "_id":
                holds = content.get("id") == value
            elif name == CATEGORY_OF.get(kind, "category"):
                holds = value in set(codings_in(content.get(name)))
            elif name in ("patient.identifier", "subject.identifier"):
                patient = self._kept.get("Patient", {}).get(patient_of(kind, content) or "", {})
                holds = value in set(identifiers_in(patient.get("identifier")))
            elif name in ("subject:identifier", "patient:identifier"):
                holds = value in set(identifiers_in([subject.get("identifier")]))
            else:
                raise KeyError(name)
            if not holds:
                return False
        return True

    # How it misbehaves.

    async def _instead(self) -> Response | None:
        match self.fault:
            case Fault.SLOW:
                while self._is_slow():  # noqa: ASYNC110  A test's own thread ends it, by a plain flag.
                    await asyncio.sleep(0.02)
                return _refusal(503)
            case Fault.TRICKLES:
                return StreamingResponse(self._trickle(), media_type=FHIR_JSON)
            case Fault.HUGE:
                return StreamingResponse(self._endless(), media_type=FHIR_JSON)
            case Fault.BROKEN:
                return _refusal(500)
            case Fault.REDIRECTS:
                return Response(status_code=307, headers={"location": "http://10.0.0.1/fhir/CarePlan/_search"})
            case Fault.NOT_JSON:
                return Response(b'{"resourceType":"Bundle",', media_type=FHIR_JSON)
            case _:
                return None

    def _is_slow(self) -> bool:
        return self.fault is Fault.SLOW and self._running is not None and not self._running[0].should_exit

    async def _trickle(self) -> AsyncIterator[bytes]:
        while self.fault is Fault.TRICKLES:
            yield b" "
            await asyncio.sleep(0.05)

    async def _endless(self) -> AsyncIterator[bytes]:
        self.sent = 0
        while self.sent < HUGE:
            self.sent += 65536
            yield b" " * 65536
            # Otherwise this never lets the server notice that nobody listens any more.
            await asyncio.sleep(0)


@contextmanager
def simulated_server(tls: Tls | None = None) -> Iterator[SimulatedServer]:
    """Run a server on a free port of this machine."""
    server = SimulatedServer(tls=tls)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _fhir(content: Document, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type=FHIR_JSON)


def _refusal(status: int) -> Response:
    return _fhir({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing"}]}, status)


def main() -> None:
    """Run a server in a process of its own; print its address, and end when the input does."""
    with simulated_server() as server:
        print(f"READY {server.base}", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
