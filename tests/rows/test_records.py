"""What a row can be: as CSV and as JSON, of real databases where there is one."""

from __future__ import annotations

import json
import sqlite3
from collections import OrderedDict, UserDict, defaultdict, namedtuple
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar, NamedTuple

import pytest

from streamtmpl import RowError, csv_rows, json_array, json_lines


class Named(NamedTuple):
    id: int
    name: str


Pair = namedtuple("Pair", "id name")


@dataclass
class Data:
    kind: ClassVar[str] = "data"
    id: int
    name: str = field(default="Ann")


@dataclass(slots=True, frozen=True)
class Slotted:
    id: int
    name: str


class Model:
    """As of an ORM: attributes, and some of them made when they are asked for."""

    def __init__(self, id: int, name: str) -> None:
        self.id = id
        self._name = name

    @property
    def name(self) -> str:
        return self._name


class Record:
    """As of asyncpg: keys, and values in an order."""

    def __init__(self, **cells: Any) -> None:
        self._cells = cells

    def keys(self) -> Iterator[str]:
        return iter(self._cells)

    def __getitem__(self, key: str) -> Any:
        return self._cells[key]

    def __len__(self) -> int:
        return len(self._cells)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._cells.values())


def as_csv(rows: Any, *args: Any, **options: Any) -> str:
    return b"".join(csv_rows(rows, *args, **options)).decode()


def as_json(rows: Any) -> Any:
    found = json.loads(b"".join(json_array(rows)))
    lines = b"".join(json_lines(rows)).splitlines()
    assert list(map(json.loads, lines)) == found
    return found


WITH_NAMES = {
    "dict": {"id": 1, "name": "Ann"},
    "OrderedDict": OrderedDict(id=1, name="Ann"),
    "defaultdict": defaultdict(str, id=1, name="Ann"),
    "UserDict": UserDict(id=1, name="Ann"),
    "NamedTuple": Named(1, "Ann"),
    "namedtuple": Pair(1, "Ann"),
    "dataclass": Data(1),
    "dataclass with slots": Slotted(1, "Ann"),
    "record": Record(id=1, name="Ann"),
}


@pytest.mark.parametrize("row", WITH_NAMES.values(), ids=WITH_NAMES)
@pytest.mark.parametrize("count", [1, 200])
def test_rows_with_names(row: Any, count: int) -> None:
    assert as_csv([row] * count) == "id,name\r\n" + "1,Ann\r\n" * count
    assert as_csv([row] * count, ["name", "id"]) == "name,id\r\n" + "Ann,1\r\n" * count
    assert as_json([row] * count) == [{"id": 1, "name": "Ann"}] * count


@pytest.mark.parametrize("row", WITH_NAMES.values(), ids=WITH_NAMES)
def test_columns_that_they_do_not_have(row: Any) -> None:
    if isinstance(row, (Data, Slotted)):  # as of any object, attributes are chosen
        assert as_csv([row] * 3, ["id"]) == "id\r\n" + "1\r\n" * 3
        with pytest.raises(RowError, match=r"row 1, .*, has no attribute 'no'"):
            as_csv([row], ["id", "no"])
        return
    with pytest.raises(RowError, match="row 1 has 'name', which is none of the columns: 'id'"):
        as_csv([row], ["id"])
    assert as_csv([row] * 3, ["id"], extrasaction="ignore") == "id\r\n" + "1\r\n" * 3
    assert as_csv([row] * 3, ["id", "no", "name"]) == "id,no,name\r\n" + "1,,Ann\r\n" * 3


def test_a_defaultdict_is_not_changed() -> None:
    row: dict[str, Any] = defaultdict(str, {"id": 1})
    assert as_csv([{"id": 0, "name": ""}, row]) == "id,name\r\n0,\r\n1,\r\n"
    assert as_csv([row], ["id", "name"], extrasaction="ignore") == "id,name\r\n1,\r\n"
    assert row == {"id": 1}
    with pytest.raises(RowError, match="row 2 has 'x'"):
        as_csv([{"id": 0, "name": ""}, defaultdict(int, id=1, x=2)])


@pytest.mark.parametrize("make", [Model, lambda id, name: SimpleNamespace(id=id, name=name)])
def test_objects_have_columns_for_attributes(make: Any) -> None:
    rows = [make(number, "Ann") for number in range(100)]
    expected = "id,name\r\n" + "".join(f"{number},Ann\r\n" for number in range(100))
    assert as_csv(rows, ["id", "name"]) == expected
    with pytest.raises(RowError, match=r"row 1, .*, has no attribute 'no'"):
        as_csv(rows, ["id", "no"])
    with pytest.raises(RowError, match=r"row 1 is .*: give columns=\[...\]"):
        as_csv(rows)
    with pytest.raises(RowError, match=r"row 1: .* is not JSON serializable. Give dumps="):
        as_json(rows)
    lines = b"".join(json_lines(rows, dumps=lambda row: json.dumps(row.id)))
    assert lines == "".join(f"{number}\n" for number in range(100)).encode()


def test_an_attribute_that_fails_is_not_one_that_is_missing() -> None:
    class Broken:
        id = 1

        @property
        def name(self) -> str:
            raise LookupError("the session is closed")

    with pytest.raises(LookupError, match="the session is closed"):
        as_csv([Broken()], ["id", "name"])


def test_rows_of_several_kinds() -> None:
    rows = [Named(1, "a"), {"name": "b", "id": 2}, (3, "c"), Data(4, "d"), [5, None], {"id": 6}]
    expected = "id,name\r\n1,a\r\n2,b\r\n3,c\r\n4,d\r\n5,\r\n6,\r\n"
    assert as_csv(rows) == expected
    assert as_csv(rows * 30).count("\r\n") == 181
    assert as_csv([*rows, Model(7, "g")], ["id", "name"]) == f"{expected}7,g\r\n"
    with pytest.raises(RowError, match=r"row 181 is .*, whose columns nobody has named"):
        as_csv([*rows * 30, Model(7, "g")])
    assert as_json(rows)[2:] == [[3, "c"], {"id": 4, "name": "d"}, [5, None], {"id": 6}]


@pytest.mark.parametrize("row", ["text", b"bytes"])
def test_text_is_no_row(row: Any) -> None:
    with pytest.raises(RowError, match="row 2 is text, not a row"):
        as_csv([("a", "b"), row])


@pytest.mark.parametrize("row", [{1, 2}, iter("ab"), 7, None], ids=lambda row: type(row).__name__)
def test_what_has_no_order_and_no_names_is_no_row(row: Any) -> None:
    with pytest.raises(RowError, match=r"row 2 is .*, whose columns nobody has named"):
        as_csv([("a", "b"), row])
    with pytest.raises(RowError, match=r"row 1 is .*, whose columns nobody has named"):
        as_csv([row])


@pytest.mark.parametrize("row", [{}, Record()])
def test_a_row_without_columns(row: Any) -> None:
    with pytest.raises(RowError, match="row 1: there are no columns"):
        as_csv([row])


def test_rows_of_sqlite() -> None:
    with sqlite3.connect(":memory:") as db:
        db.row_factory = sqlite3.Row
        db.execute("CREATE TABLE orders (id INTEGER, name TEXT)")
        db.executemany("INSERT INTO orders VALUES (?, ?)", [(n, f"n{n}") for n in range(300)])
        everything = "SELECT id, name FROM orders ORDER BY id"
        expected = "".join(f"{n},n{n}\r\n" for n in range(300))
        assert as_csv(db.execute(everything)) == f"id,name\r\n{expected}"
        assert as_csv(db.execute(everything), ["id", "name"], header=False) == expected
        assert as_csv(db.execute(everything), ["id", "name", "x"]).startswith(
            "id,name,x\r\n0,n0,\r"
        )
        with pytest.raises(RowError, match="row 1 has 'name'"):
            as_csv(db.execute(everything), ["id"])
        found = as_json(list(db.execute(everything)))
        assert found == [{"id": n, "name": f"n{n}"} for n in range(300)]
        twice = "SELECT a.id, b.id FROM orders a, orders b"
        with pytest.raises(RowError, match="row 1: the column 'id' is there twice"):
            as_csv(db.execute(twice))
        with pytest.raises(RowError, match="row 1 has a name twice: 'id', 'id'"):
            as_json(list(db.execute(twice)))
        db.row_factory = None
        assert as_csv(db.execute(everything), ["id", "name"]) == f"id,name\r\n{expected}"
    db.close()


def test_rows_of_sqlalchemy() -> None:
    sa = pytest.importorskip("sqlalchemy")
    orm = pytest.importorskip("sqlalchemy.orm")
    engine = sa.create_engine("sqlite://")
    Base = orm.declarative_base()

    class Order(Base):  # type: ignore[misc,valid-type]
        __tablename__ = "orders"
        id = sa.Column(sa.Integer, primary_key=True)
        count = sa.Column(sa.Text)

    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all([Order(id=number, count=f"n{number}") for number in range(200)])
        session.flush()
        expected = "id,count\r\n" + "".join(f"{n},n{n}\r\n" for n in range(200))
        query = sa.select(Order.id, Order.count).order_by(Order.id)
        assert as_csv(session.execute(query)) == expected
        assert as_csv(session.execute(query).mappings()) == expected
        # "count" is a method of these rows as well: not what is written.
        assert as_csv(session.execute(query), ["count", "id"]).startswith("count,id\r\nn0,0\r\n")
        assert as_csv(session.scalars(sa.select(Order)), ["id", "count"]) == expected
        data = [{"id": n, "count": f"n{n}"} for n in range(200)]
        assert as_json(session.execute(query).all()) == data
        assert as_json(session.execute(query).mappings().all()) == data
    engine.dispose()


def test_models_of_pydantic() -> None:
    pydantic = pytest.importorskip("pydantic")

    class Order(pydantic.BaseModel):  # type: ignore[name-defined]
        id: int
        name: str

    rows = [Order(id=number, name="é") for number in range(100)]
    assert as_csv(rows, ["id", "name"]).startswith("id,name\r\n0,é\r\n1,é\r\n")
    lines = b"".join(json_lines(rows, dumps=lambda row: row.model_dump_json())).decode()
    assert lines.startswith('{"id":0,"name":"é"}\n{"id":1,"name":"é"}\n')
