"""Run a module that OPA compiled, by its one-call interface (WebAssembly ABI 1.3, `opa_eval`), straight on wasmtime.

The call holds the caller's thread, so its cost is bounded in fuel, not in wall time, and its memory in pages. Whatever
goes wrong leaves the instance in an unknown state: it must be thrown away.
"""

from __future__ import annotations

import ctypes
import weakref
from typing import NoReturn

import orjson
import wasmtime

from adapters.opa.call import Call

PAGE = 65_536
MAX_PAGES = 1024
"""64 MiB: forty times what a decision on 200 grants takes."""

ABI = (1, 3)
_CHUNK = 2048


class PolicyTrap(Exception):
    """The module stopped before it had an answer."""


class Program:
    """A module compiled for this machine, metered in fuel. Many instances may run it."""

    def __init__(self, module: bytes) -> None:
        """Compile *module*. Raises PolicyTrap when it is no WebAssembly module."""
        config = wasmtime.Config()
        config.consume_fuel = True
        self.engine = wasmtime.Engine(config)
        try:
            self.module = wasmtime.Module(self.engine, module)
        except wasmtime.WasmtimeError as error:
            raise PolicyTrap("no WebAssembly module") from error
        # At the interpreter's end wasmtime's own clean-up comes too late for itself, and says so on stderr.
        weakref.finalize(self, _close, self.module, self.engine)


class Instance:
    """One running copy of the module with its own memory. Not for two threads at once; useless after a PolicyTrap."""

    def __init__(self, program: Program, data: bytes, *, max_pages: int = MAX_PAGES) -> None:
        """Start *program* with *data*, JSON. Raises PolicyTrap when it is not of the ABI or needs built-ins."""
        self._store = wasmtime.Store(program.engine)
        weakref.finalize(self, _close, self._store)
        self._store.set_fuel(10**9)
        try:
            self._start(program.module, max_pages)
            if orjson.loads(self._text_at(self._call("opa_json_dump", self._call("builtins")))) != {}:
                # A built-in that the host should bring but does not would be undefined, and `not f()` then true.
                raise PolicyTrap("the module asks for built-ins of its host")
            self._entrypoints = orjson.loads(self._text_at(self._call("opa_json_dump", self._call("entrypoints"))))
            self._data = self._parse(data)
            self._heap = self._call("opa_heap_ptr_get")
            self._eval = Call(self._store, self._function("opa_eval"), 7)
            self._size = self._memory.data_len(self._store)
        except (wasmtime.WasmtimeError, wasmtime.Trap, ValueError, KeyError, TypeError) as error:
            raise PolicyTrap("the module does not start") from error

    def evaluate(self, entrypoint: str, document: bytes, *, fuel: int) -> bytes:
        """Return the JSON of the result set of *entrypoint* on *document*, which must be JSON.

        Raises PolicyTrap when the module aborts, runs out of *fuel* or memory, or has no such entrypoint.
        """
        try:
            self._store.set_fuel(fuel)
            free = self._heap + len(document)
            if free > self._size:
                self._make_room(free)
            # `Memory.write` makes a type of each length that it meets, which costs more than the copying.
            ctypes.memmove(self._start_of_memory() + self._heap, document, len(document))
            rule = self._entrypoints[entrypoint]
            return self._text_at(self._eval(0, rule, self._data, self._heap, len(document), free, 0))
        except (wasmtime.WasmtimeError, wasmtime.Trap, KeyError, IndexError) as error:
            raise PolicyTrap("the module stopped") from error

    def _make_room(self, end: int) -> None:
        """Let the memory reach to *end*. It never shrinks, so what it was known to hold it still holds."""
        missing = end - self._memory.data_len(self._store)
        if missing > 0:
            self._memory.grow(self._store, -(-missing // PAGE))
        self._size = self._memory.data_len(self._store)

    def _start(self, module: wasmtime.Module, max_pages: int) -> None:
        memory = next((one.type for one in module.imports if isinstance(one.type, wasmtime.MemoryType)), None)
        if memory is None:
            raise PolicyTrap("the module brings its own memory")
        self._memory = wasmtime.Memory(self._store, wasmtime.MemoryType(wasmtime.Limits(memory.limits.min, max_pages)))
        imports: list[wasmtime.Func | wasmtime.Memory] = []
        for one in module.imports:
            if isinstance(one.type, wasmtime.FuncType):
                imports.append(wasmtime.Func(self._store, one.type, _refuse))
            else:
                imports.append(self._memory)
        self._exports = wasmtime.Instance(self._store, module, imports).exports(self._store)
        found = tuple(self._global(name) for name in ("opa_wasm_abi_version", "opa_wasm_abi_minor_version"))
        if found[0] != ABI[0] or found[1] < ABI[1]:
            raise PolicyTrap("the module is of another ABI")

    def _parse(self, document: bytes) -> int:
        address = self._call("opa_malloc", len(document))
        self._memory.write(self._store, document, address)
        value = self._call("opa_json_parse", address, len(document))
        if value == 0:
            raise PolicyTrap("the data is no JSON")
        return value

    def _function(self, name: str) -> wasmtime.Func:
        found = self._exports[name]
        if not isinstance(found, wasmtime.Func):
            raise PolicyTrap("the module is of another ABI")
        return found

    def _global(self, name: str) -> int:
        found = self._exports[name]
        if not isinstance(found, wasmtime.Global):
            raise PolicyTrap("the module is of another ABI")
        return int(found.value(self._store))

    def _call(self, name: str, *arguments: int) -> int:
        return int(self._function(name)(self._store, *arguments))

    def _text_at(self, address: object) -> bytes:
        """Return the bytes from *address* up to the first zero."""
        if not isinstance(address, int) or address <= 0:
            raise PolicyTrap("the module answered nothing")
        text = b""
        left = self._memory.data_len(self._store) - address
        start = self._start_of_memory() + address
        while left > 0:
            chunk = ctypes.string_at(start, min(_CHUNK, left))
            end = chunk.find(0)
            if end >= 0:
                return text + chunk[:end]
            text += chunk
            start += _CHUNK
            left -= _CHUNK
        raise PolicyTrap("the module's answer has no end")

    def _start_of_memory(self) -> int:
        """Return where the module's memory begins in this process. It may move whenever the module runs."""
        return ctypes.addressof(self._memory.data_ptr(self._store).contents)


def _refuse(*_: object) -> NoReturn:
    """Stand for every function that the module asks of its host: abort, message, built-in. None may be called."""
    raise PolicyTrap("the module called its host")


def _close(*owned: wasmtime.Store | wasmtime.Module | wasmtime.Engine) -> None:
    for one in owned:
        one.close()
