"""A pickle read as data: no code runs, and nothing is allocated that the file does not hold.

Python's own unpickler makes room for as much as a file says (a memo of four billion entries, arrays of any type), and
follows any name. This one takes the opcodes that plain containers, numbers, texts and arrays need, one at a time from
`pickletools`, and leaves names and persistent objects to its subclass.
"""

import pickletools
import warnings
from collections import OrderedDict
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

_SCALAR = (str, int, float, bytes, bool, type(None))
"""What may be a key: the hash of a tuple nested a million times overflows the C stack."""

_VALUES = frozenset(
    (
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    )
)
"""Opcodes whose argument is the value."""

_FRESH: dict[str, Callable[[], object]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
    "EMPTY_SET": set,
}

_SHORT_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class Inert:
    """Stands for an object of a foreign class: takes whatever the pickle gives it and forgets it."""

    def __init__(self, *_arguments: object) -> None:
        pass


class PlainUnpickler:
    """Has the part of `pickle.Unpickler`'s interface that `torch.load` uses.

    Args:
        file: has `read` and `readline`; read up to the pickle's end and no further.
        options: `pickle.Unpickler`'s (encoding), which plain data do not need.
    """

    persistent_load: Callable[[Any], object]

    def __init__(self, file: Any, **options: object) -> None:
        self._file = file

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name in the file: a callable for `REDUCE`, or `Inert`.

        Raises:
            UnpicklingError: always; subclasses allow names.
        """
        raise UnpicklingError(f"it names {module}.{name}")

    def build(self, made: object, state: object) -> None:
        """Gives an object its state: here only the metadata of a state dictionary; the rest is forgotten."""
        if isinstance(made, OrderedDict) and isinstance(state, dict) and isinstance(state.get("_metadata"), dict):
            made._metadata = state["_metadata"]  # type: ignore[attr-defined]

    def load(self) -> Any:
        """The object.

        Raises:
            UnpicklingError: an opcode or a name that plain data do not need.
            ValueError, IndexError, KeyError, TypeError: a broken pickle.
        """
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickletools, about the escapes in a text
            for code, argument, _ in pickletools.genops(self._file):
                if code.name == "STOP":
                    return self._stack.pop()
                self._step(code.name, argument)
        raise UnpicklingError("it ends early")

    def _step(self, name: str, argument: Any) -> None:
        if name in _VALUES:
            self._stack.append(argument)
        elif name in _FRESH:
            self._stack.append(_FRESH[name]())
        elif name in _SHORT_TUPLES:
            self._stack.append(tuple(self._take(_SHORT_TUPLES[name])))
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self._memo[int(argument)] = self._stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            self._stack.append(self._memo[int(argument)])
        elif name in ("PROTO", "FRAME"):
            pass
        else:
            operation = getattr(self, f"_{name.lower()}", None)
            if operation is None:
                raise UnpicklingError(f"it holds the opcode {name}")
            operation(argument)

    def _take(self, count: int) -> list[Any]:
        if len(self._stack) < count:
            raise UnpicklingError("its stack is empty")
        taken = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        return taken

    def _since_mark(self) -> list[Any]:
        return self._take(len(self._stack) - self._marks.pop())

    # Opcodes, by their names in `pickletools`.

    def _mark(self, _: None) -> None:
        self._marks.append(len(self._stack))

    def _pop(self, _: None) -> None:
        self._stack.pop()

    def _memoize(self, _: None) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def _tuple(self, _: None) -> None:
        self._stack.append(tuple(self._since_mark()))

    def _list(self, _: None) -> None:
        self._stack.append(self._since_mark())

    def _dict(self, _: None) -> None:
        items, made = self._since_mark(), dict[Any, Any]()
        self._stack.append(made)
        _set_items(made, items)

    def _append(self, _: None) -> None:
        items = self._take(1)
        _extend(self._stack[-1], items)

    def _appends(self, _: None) -> None:
        items = self._since_mark()
        _extend(self._stack[-1], items)

    def _setitem(self, _: None) -> None:
        items = self._take(2)
        _set_items(self._stack[-1], items)

    def _setitems(self, _: None) -> None:
        items = self._since_mark()
        _set_items(self._stack[-1], items)

    def _additems(self, _: None) -> None:
        items = self._since_mark()
        if isinstance(self._stack[-1], set):
            self._stack[-1].update(_check_key(item) for item in items)
        else:
            _check_inert(self._stack[-1])

    def _global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._stack.append(self.find_class(module, name))

    def _stack_global(self, _: None) -> None:
        module, name = self._take(2)
        self._stack.append(self.find_class(str(module), str(name)))

    def _reduce(self, _: None) -> None:
        function, arguments = self._take(2)
        if not callable(function) or not isinstance(arguments, tuple):
            raise UnpicklingError("it calls what cannot be called")
        self._stack.append(function(*arguments))

    def _newobj(self, _: None) -> None:
        self._take(2)
        self._stack.append(Inert())

    def _newobj_ex(self, _: None) -> None:
        self._take(3)
        self._stack.append(Inert())

    def _build(self, _: None) -> None:
        state = self._take(1)[0]
        self.build(self._stack[-1], state)

    def _binpersid(self, _: None) -> None:
        self._stack.append(self.persistent_load(self._take(1)[0]))


def _check_key(key: Any) -> Any:
    if isinstance(key, _SCALAR) or (isinstance(key, tuple) and all(isinstance(part, _SCALAR) for part in key)):
        return key
    raise UnpicklingError(f"it has a {type(key).__name__} for a key")


def _set_items(target: Any, items: list[Any]) -> None:
    if isinstance(target, dict):
        target.update((_check_key(key), value) for key, value in zip(items[::2], items[1::2], strict=True))
    else:
        _check_inert(target)


def _extend(target: Any, items: list[Any]) -> None:
    if isinstance(target, list):
        target.extend(items)
    else:
        _check_inert(target)


def _check_inert(target: Any) -> None:
    if not isinstance(target, Inert):
        raise UnpicklingError(f"it puts items into a {type(target).__name__}")


def ordered_dict(pairs: object = ()) -> OrderedDict:
    """`OrderedDict` as a pickle calls it, with keys that may be hashed."""
    made: OrderedDict = OrderedDict()
    for key, value in pairs:  # type: ignore[attr-defined]
        made[_check_key(key)] = value
    return made


def plain_set(items: object = ()) -> set:
    """`set` as a pickle calls it, with members that may be hashed."""
    return {_check_key(item) for item in items}  # type: ignore[attr-defined]
