"""Data files: values by name from JSON and TOML, and what is said about wrong ones."""

import datetime

import pytest

from streamtmpl.cli.data import DataError, read_data


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
        ("d.yaml", b"a: 1", "d.yaml: cannot tell the format: expected a name in .json or .toml"),
    ],
)
def test_wrong_file_is_named_with_its_line(folder, name, content, message):
    (folder / name).write_bytes(content)
    with pytest.raises(DataError) as raised:
        read_data(name)
    assert str(raised.value).startswith(message)


def test_missing_file_and_folder_are_named(folder):
    with pytest.raises(DataError, match=r"^no\.json: cannot be read: No such file or directory$"):
        read_data("no.json")
    (folder / "folder.json").mkdir()
    with pytest.raises(DataError, match=r"^folder\.json: cannot be read: Is a directory$"):
        read_data("folder.json")
