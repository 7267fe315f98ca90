"""Prints an access token for a worker of the demo world: `python -m gateway.demo.token [SERVICE ROLE PURPOSE]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import httpx
import orjson

from adapters.clocks import SystemClock
from gateway.demo.partner import SCOPES, PartnerSystem, TokenRefused, worker
from gateway.demo.play import FOLDER, KEPT
from gateway.demo.population import load_systems, system_of
from gateway.demo.world import load_world


def main() -> int:
    """Ask the running demo for a token and print it; what hinders is told in one sentence, with status 1."""
    parser = argparse.ArgumentParser("python -m gateway.demo.token", description="Get a token of the running demo.")
    parser.add_argument("service", nargs="?", default="kuntakokeilu")
    parser.add_argument("role", nargs="?", default="omavalmentaja")
    parser.add_argument("purpose", nargs="?", default="employment-support")
    parser.add_argument("--scope", default=SCOPES)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    given = parser.parse_args()
    try:
        print(asyncio.run(_token(given)))
    except KeyError:
        print("saattaen: no such service in the demo world.", file=sys.stderr)
    except TokenRefused as refused:
        print(f"saattaen: the gateway gives no token: {refused}", file=sys.stderr)
    except (OSError, ValueError, httpx.HTTPError):
        print("saattaen: no demo is up; start one with `make demo`.", file=sys.stderr)
    else:
        return 0
    return 1


async def _token(given: argparse.Namespace) -> str:
    base_url = str(orjson.loads((given.folder / KEPT).read_bytes())["base_url"])
    world = load_world()
    acting = worker(world.directory, given.service, given.role, given.purpose)
    simulated = load_systems(given.folder / "partners", world)[system_of(given.service)]
    async with httpx.AsyncClient(base_url=base_url, timeout=10, trust_env=False) as web:
        return await PartnerSystem(simulated, web, base_url, SystemClock().now).token(acting, given.scope)


if __name__ == "__main__":
    sys.exit(main())
