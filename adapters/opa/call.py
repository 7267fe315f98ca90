"""Call one function of a module again and again, with integers, as cheaply as wasmtime's C interface allows.

`wasmtime.Func` looks up the function's type and converts each argument on every call: half of what a small decision
costs. Here the arguments stand ready in the C interface's own form and are only overwritten. This leans on names that
the package keeps to itself, so it is the one module that does, and a test calls it.
"""

from __future__ import annotations

import ctypes

import wasmtime
from wasmtime import _ffi as ffi
from wasmtime._func import enter_wasm


class Call:
    """*function*, of *count* 32-bit integers, answering one. Whatever stops it raises as `wasmtime.Func` does."""

    def __init__(self, store: wasmtime.Store, function: wasmtime.Func, count: int) -> None:
        """Prepare the call. Raises TypeError unless *function* is of that type."""
        kind = function.type(store)
        if kind.params != [wasmtime.ValType.i32()] * count or kind.results != [wasmtime.ValType.i32()]:
            raise TypeError("a function of another type")
        self._store, self._function, self._count = store, function, count
        self._arguments = (ffi.wasmtime_val_t * count)()
        for argument in self._arguments:
            argument.kind = ffi.WASMTIME_I32
        self._places = [argument.of for argument in self._arguments]
        self._result = (ffi.wasmtime_val_t * 1)()

    def __call__(self, *arguments: int) -> int:
        """Call with *arguments*, as many as were promised, each of 32 bits."""
        for place, argument in zip(self._places, arguments, strict=True):
            place.i32 = argument
        with enter_wasm(self._store) as trap:
            error = ffi.wasmtime_func_call(
                self._store._context(),
                ctypes.byref(self._function._func),
                self._arguments,
                self._count,
                self._result,
                1,
                trap,
            )
            if error:  # type: ignore[truthy-bool]  # a pointer is false when it is null
                raise wasmtime.WasmtimeError._from_ptr(error)
        return int(self._result[0].of.i32)
