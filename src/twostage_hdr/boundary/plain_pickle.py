"""A pickle read as data: no code runs, and nothing is allocated that the file does not hold.

Python's compiled unpickler makes room for as much as a file says (a memo of four billion entries), and follows any
name. Its twin in Python does the work here, with the opcodes that plain containers, numbers, texts and arrays need;
names and persistent objects are left to the subclass.
"""

import pickle
import warnings
from collections import OrderedDict
from pickle import UnpicklingError
from typing import Any

_SCALAR = (str, int, float, bytes, bool, type(None))
"""What may be a key: the hash of a tuple nested a million times overflows the C stack."""

_OPCODES = (
    *("STOP", "MARK", "POP", "PROTO", "FRAME", "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "GET", "BINGET"),
    *("LONG_BINGET", "NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "FLOAT"),
    *("BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST"),
    *("LIST", "APPEND", "APPENDS", "EMPTY_DICT", "DICT", "SETITEM", "SETITEMS", "EMPTY_SET", "ADDITEMS", "GLOBAL"),
    *("STACK_GLOBAL", "REDUCE", "NEWOBJ", "NEWOBJ_EX", "BUILD", "BINPERSID"),
)
"""By their names in `pickle`."""


class Inert:
    """Stands for an object of a foreign class: takes whatever the pickle gives it and forgets it."""

    def __init__(self, *_arguments: object) -> None:
        pass

    def __setitem__(self, _key: object, _value: object) -> None:
        pass

    def append(self, _item: object) -> None:
        """Forgets it."""

    extend = add = append


_Unpickler: Any = pickle._Unpickler  # with attributes that its stub leaves out


class PlainUnpickler(_Unpickler):
    """Has the interface of `pickle.Unpickler`; reads up to the pickle's end and no further.

    Args:
        file: has `read` and `readline`.
        options: `pickle.Unpickler`'s (encoding), which plain data do not need.
    """

    def __init__(self, file: Any, **options: object) -> None:
        super().__init__(file, encoding="latin1")
        codes = [getattr(pickle, name)[0] for name in _OPCODES]
        self.dispatch = {code: getattr(type(self), _Unpickler.dispatch[code].__name__) for code in codes}

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
            Exception: of almost any kind, for a broken pickle, or an opcode or a name that plain data do not need.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the escapes in a text
            return super().load()

    def load_newobj(self) -> None:
        """Whatever the class, nothing is made of it."""
        self.stack[-2:] = [Inert()]

    def load_newobj_ex(self) -> None:
        """The same with arguments by name."""
        self.stack[-3:] = [Inert()]

    def load_build(self) -> None:
        """See `build`."""
        state = self.stack.pop()
        self.build(self.stack[-1], state)

    def load_setitem(self) -> None:
        """One item of a dictionary."""
        _check_keys(self.stack[-2:-1], self.stack[-3])
        super().load_setitem()

    def load_setitems(self) -> None:
        """Items of a dictionary."""
        _check_keys(self.stack[::2], self.metastack[-1][-1])
        super().load_setitems()

    def load_dict(self) -> None:
        """A dictionary with its items."""
        _check_keys(self.stack[::2])
        super().load_dict()

    def load_additems(self) -> None:
        """Members of a set."""
        _check_keys(self.stack, self.metastack[-1][-1])
        super().load_additems()


def _check_keys(keys: list[Any], target: object = None) -> list[Any]:
    """The keys; those of an `Inert` may be anything."""
    for key in () if isinstance(target, Inert) else keys:
        if not all(isinstance(part, _SCALAR) for part in (key if isinstance(key, tuple) else (key,))):
            raise UnpicklingError(f"it has a {type(key).__name__} for a key")
    return keys


def ordered_dict(pairs: Any = ()) -> OrderedDict:
    """`OrderedDict` as a pickle calls it, with keys that may be hashed."""
    pairs = list(pairs)
    _check_keys([key for key, _ in pairs])
    return OrderedDict(pairs)


def plain_set(items: Any = ()) -> set:
    """`set` as a pickle calls it, with members that may be hashed."""
    return set(_check_keys(list(items)))
