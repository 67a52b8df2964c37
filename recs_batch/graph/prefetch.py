"""Ask for a row of memory before it is read: rows lie scattered, and waiting for them took most of the time."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit
from numba.core import cgutils, types
from numba.extending import intrinsic

from recs_batch.graph.packed import Packed

_PER_LINE = 8  # entries in a line of the cache
_MOST = 128  # entries asked for; reading on in order, the processor foresees the rest
_READ, _KEEP, _DATA = 0, 3, 1  # see llvm.prefetch in LLVM's language reference


@njit(cache=True, nogil=True, inline="always")
def fetch(rows: Packed, row: int) -> None:
    """Ask for a row, which is to be read soon."""
    first = rows.bounds[row]
    for place in range(first, min(rows.bounds[row + 1], first + _MOST), _PER_LINE):
        _prefetch(rows.entries, place)  # type: ignore[call-arg]


@intrinsic
def _prefetch(context: Any, array: Any, place: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        function = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        declared: Any = cgutils.get_or_insert_function  # has no types
        prefetch = declared(builder.module, function, "llvm.prefetch.p0")
        builder.call(prefetch, [address, *(ir.Constant(number, hint) for hint in (_READ, _KEEP, _DATA))])
        return context.get_dummy_value()

    return types.void(array, place), generate
