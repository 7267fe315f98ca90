"""Opening an installation for one command: settings from the environment, the directory they name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from gateway.composition import opened
from gateway.demo.play import demo_settings
from gateway.directory.load import load_directory
from gateway.errors import SettingsError
from gateway.open_gateway import Gateway
from gateway.settings import Settings, read_settings

T = TypeVar("T")


def settings_of(demo: bool, folder: Path) -> Settings:
    """Return the demo's settings in *folder*, or those of the environment. Raises SettingsError."""
    if not demo:
        return read_settings()
    if not (folder / "keys").is_dir():
        raise SettingsError(f"There is no demo in {folder}: `saattaen demo --folder {folder}` makes one.")
    return demo_settings(folder.resolve())


def with_gateway(
    settings: Settings, do: Callable[[Gateway], Awaitable[T]], *, read_only: bool = False, guarded: bool = True
) -> T:
    """Open the installation, do one thing with it and close it; *read_only* where that is to leave no trace.

    See `composition.opened` for *guarded*.
    """
    settings = settings.model_copy(update={"read_only": True}) if read_only else settings

    async def run() -> T:
        async with opened(settings, load_directory(settings.directory), guarded=guarded) as gateway:
            return await do(gateway)

    return asyncio.run(run())
