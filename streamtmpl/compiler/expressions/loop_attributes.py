"""``loop.index`` and its like, and ``loop.cycle()``, of loops that count what they have pulled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import nodes

from streamtmpl.compiler.analysis import may_await
from streamtmpl.compiler.loop_needs import COUNTED, NUMBERED, is_cycle
from streamtmpl.compiler.records import Record

from .lifting import LiftingGenerator

if TYPE_CHECKING:
    from jinja2.compiler import Frame


class Sized(Record):
    """Locals of a loop over a list or tuple that counts.

    :ivar sequence: the list or tuple.
    :ivar items: what gives the items, and makes the object.
    :ivar length: how many there are, if that was asked: an object would not ask again.
    :ivar looked: in a loop whose object is made when an included template might ask for it: at
        which item it was last asked what follows. The object would know that item.
    """

    sequence: str
    items: str
    length: str
    looked: str | None

    def source(self, attribute: str, counted: str, size: str) -> str:
        """The source of an *attribute*, at the item *counted* of *size* that there were at first.

        Where nothing follows now, nothing will: the object would have found its iterator's end.
        """
        if attribute == "last":
            at = f"({self.looked} := {counted})" if self.looked else counted
            left = f"{self.items}.__length_hint__()"
            return f"{at} >= {size} and not {left} and next({self.items}, missing) is missing"
        asked = f"({self.length} := len({self.sequence}))"
        length = f"({self.length} if {self.length} is not None else {asked})"
        return _SOURCES[attribute].format(counted, length)

    def made_at(self, counted: str) -> str:
        """The source of the object at the item that has been *counted* last."""
        return f"{self.items}.loop({counted}, {self.looked} == {counted}, {self.length})"


class LoopCounter(Record):
    """What tells at which item a loop is, and locals of it.

    :ivar counted: the source of how many items have been pulled.
    :ivar size: how many there are; ``None`` in there: unknown, and there is an object after all.
    :ivar object: the ``loop`` object.
    :ivar beside: whether there is an object in any case, which counts.
    :ivar sized: the locals of a loop that has a size.
    """

    counted: str
    size: str | None
    object: str
    beside: bool = False
    sized: Sized | None = None

    @property
    def lent(self) -> Sized | None:
        """Its locals, if it has no object until a template is included that might ask for it.

        From there on the object counts.
        """
        return self.sized if self.sized and self.sized.looked else None

    @property
    def index(self) -> str:
        """The source of how many items have been pulled."""
        if self.lent is None:
            return self.counted
        return f"({self.counted} if {self.size} is not None else {self.object}.index0 + 1)"

    @property
    def index0(self) -> str:
        """The source of how many items there were before this one."""
        return f"{self.object}.index0" if self.beside else f"{self.index} - 1"


_SOURCES = {
    "index": "{0}",
    "first": "{0} == 1",
    "depth": "1",
    "depth0": "0",
    "length": "{1}",
    "revindex": "{1} - {0} + 1",
    "revindex0": "{1} - {0}",
}


class LoopAttributeGenerator(LiftingGenerator):
    """Tells what is asked of a ``loop`` from its counter, where there is one."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._counters: dict[str, LoopCounter] = {}

    def count_in(self, counter: LoopCounter) -> None:
        """From here on ``loop`` is that of a loop with *counter*."""
        self._counters[counter.object] = counter

    def count_out(self, counter: LoopCounter) -> None:
        """The loop has ended."""
        del self._counters[counter.object]

    def _counter(self, node: nodes.Node, frame: Frame) -> LoopCounter | None:
        """The counter of the loop that the expression *node* names, if it has one."""
        if not self._counters or type(node) is not nodes.Name or node.name != "loop":
            return None
        ref = frame.symbols.find_ref("loop")
        return None if ref is None else self._counters.get(ref)

    def counted_attribute(self, node: nodes.Getattr, frame: Frame) -> str | None:
        """The source of an attribute of ``loop`` that is counted."""
        counter = self._counter(node.node, frame)
        if counter is None or (counter.beside and node.attr not in NUMBERED):
            return None
        if node.attr == "index0":
            return counter.index0
        if node.attr in COUNTED:
            return _SOURCES[node.attr].format(counter.index)
        assert counter.sized is not None
        assert counter.size is not None
        source = counter.sized.source(node.attr, counter.counted, counter.size)
        looked_up = f"environment.getattr({counter.object}, {node.attr!r})"
        looked_up = self.choose_async(f"await auto_await({looked_up})", looked_up)
        return f"({source} if {counter.size} is not None else {looked_up})"

    def lent_counter(self, frame: Frame) -> LoopCounter | None:
        """The counter of the loop around *frame* whose object included templates may ask for."""
        ref = frame.symbols.find_ref("loop") if self._counters else None
        counter = None if ref is None else self._counters.get(ref)
        return None if counter is None or counter.lent is None else counter

    def cycle_counter(self, node: nodes.Call, frame: Frame) -> LoopCounter | None:
        """The counter of the loop whose ``cycle()`` is called."""
        if not self._counters or not is_cycle(node):
            return None
        assert isinstance(node.node, nodes.Getattr)
        return self._counter(node.node.node, frame)

    def counted_int(self, node: nodes.Expr, frame: Frame) -> str | None:
        """The source of *node*, if it is certain to be an ``int`` without a look."""
        if type(node) is nodes.Getattr and node.attr in ("index", "index0", "depth", "depth0"):
            return self.counted_attribute(node, frame)
        return None

    def may_await(self, node: nodes.Expr, frame: Frame) -> bool:
        """Whether *node* may be waited for in an async environment: not for what is counted."""

        def is_counted(part: nodes.Node) -> bool:
            if type(part) is not nodes.Getattr or part.attr not in COUNTED:
                return False
            return self.counted_attribute(part, frame) is not None

        return may_await(node, is_counted)

    def may_count_on(self, node: nodes.Expr, frame: Frame) -> bool:
        """Whether what is evaluated after *node* could change what is counted there."""
        counter = self._counter(node.node, frame) if type(node) is nodes.Getattr else None
        return counter is not None and counter.beside
