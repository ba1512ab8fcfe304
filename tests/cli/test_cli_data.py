"""Data files: values by name from JSON and TOML, and what is said about wrong ones."""

import datetime
import gzip
import sys

import pytest

from streamtmpl.cli.data import read_data
from streamtmpl.cli.files import FileError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_json_object_gives_names_and_values(folder):
    (folder / "site.json").write_text('{"title": "A & B", "years": [1, 2], "nothing": null}')
    assert read_data("site.json") == {"title": "A & B", "years": [1, 2], "nothing": None}


def test_toml_tables_and_dates(folder):
    (folder / "site.TOML").write_text('day = 2024-02-29\n[owner]\nname = "Ada"\n')
    assert read_data("site.TOML") == {
        "day": datetime.date(2024, 2, 29),
        "owner": {"name": "Ada"},
    }


@pytest.mark.parametrize("name", ["data", "site.json", "site.toml"])
def test_byte_order_mark_is_skipped(folder, name):
    text = 'a = "ü"' if name.endswith("toml") else '{"a": "ü"}'
    (folder / name).write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_data(name) == {"a": "ü"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("d.json", b'{\n"a": \n}', "d.json:3: invalid JSON: Expecting value (column 1)"),
        ("d.json", b"", "d.json:1: invalid JSON: Expecting value (column 1)"),
        ("d.json", b"[" * 200_000, "d.json: invalid JSON: "),
        ("d.json", b'{"a":' + b"9" * 5000 + b"}", "d.json: invalid JSON: Exceeds the limit"),
        (
            "d.json",
            b"[1]",
            "d.json: expected a JSON object that maps names to values, found an array",
        ),
        (
            "d.json",
            b"null",
            "d.json: expected a JSON object that maps names to values, found null",
        ),
        (
            "d.json",
            b"1.5",
            "d.json: expected a JSON object that maps names to values, found a number",
        ),
        ("d.json", b'{\n"a": "\xff"}', "d.json:2: expected UTF-8 text, found the byte 0xff"),
        ("d.toml", b"a = 1\nb = \n", "d.toml:2: invalid TOML: Invalid value (column 5)"),
        ("d.toml", b"[a", "d.toml: invalid TOML: "),
        ("d.toml", b"a = '\xe4'", "d.toml:1: expected UTF-8 text, found the byte 0xe4"),
        ("d.xml", b"<a>", "d.xml: cannot tell the format: expected a name in .json, .toml, .yaml"),
        ("d.json.gz", b"{}", "d.json.gz: cannot be read: Not a gzipped file"),
        (
            "d.json.gz",
            gzip.compress(b"{}", mtime=0)[:-3],
            "d.json.gz: cannot be read: Compressed file ended",
        ),
    ],
)
def test_wrong_file_is_named_with_its_line(folder, name, content, message):
    (folder / name).write_bytes(content)
    with pytest.raises(FileError) as raised:
        read_data(name)
    assert str(raised.value).startswith(message)


def test_missing_file_and_folder_are_named(folder):
    with pytest.raises(FileError, match=r"^no\.json: cannot be read: No such file or directory$"):
        read_data("no.json")
    (folder / "folder.json").mkdir()
    with pytest.raises(FileError, match=r"^folder\.json: cannot be read: Is a directory$"):
        read_data("folder.json")


@pytest.mark.parametrize("name", ["site.yaml", "site.YML", "site.yaml.gz"])
def test_yaml(folder, name):
    pytest.importorskip("yaml")
    text = b"title: A & B\nday: 2024-02-29\nyears: [1, 2]\n"
    (folder / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    expected = {"title": "A & B", "day": datetime.date(2024, 2, 29), "years": [1, 2]}
    assert read_data(name) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: [\n", "d.yaml:3: invalid YAML: "),
        (b"a: 1\nb: !!python/object:os.x {}\n", "d.yaml:2: invalid YAML: could not determine"),
        (b"a: 2024-99-99\n", "d.yaml: invalid YAML: month must be in 1..12"),
        (b"a: \x01\n", "d.yaml: invalid YAML: "),
        (b"[" * 20_000, "d.yaml: invalid YAML: "),
        (b"", "d.yaml: expected a mapping of names to values, found null"),
        (b"- 1\n", "d.yaml: expected a mapping of names to values, found an array"),
        (b"yes: 1\n", "d.yaml: expected names that are strings, found True: put it in quotes"),
    ],
)
def test_wrong_yaml(folder, content, message):
    pytest.importorskip("yaml")
    (folder / "d.yaml").write_bytes(content)
    with pytest.raises(FileError) as raised:
        read_data("d.yaml")
    assert str(raised.value).startswith(message)


def test_yaml_without_pyyaml(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    (folder / "d.yaml").write_bytes(b"a: 1\n")
    with pytest.raises(FileError, match=r"^d\.yaml: .* PyYAML: pip install 'streamtmpl\[cli\]'$"):
        read_data("d.yaml")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le"])
def test_data_in_another_encoding(folder, encoding):
    (folder / "d.json").write_bytes('{"a": "ü"}'.encode(encoding))
    assert read_data("d.json", encoding) == {"a": "ü"}


def test_utf8_data_beside_rows_in_another_encoding(folder):
    (folder / "d.json").write_bytes('{"a": "ü"}'.encode())
    assert read_data("d.json", "cp1252") == {"a": "ü"}
