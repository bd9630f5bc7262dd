"""Tables of text: their encodings, separators and quotes, and the place of what is wrong in them."""

import codecs
import gzip
import io
from pathlib import Path

import pytest
from reading_tables import faults, items, prepared, values

from cli.reading.formats import Format
from cli.reading.tables.errors import UsageError
from cli.reading.tables.mapping import read_map
from cli.reading.tables.naming import Naming
from cli.sending.files import How, Reading
from cli.sending.outgoing import Status
from cli.sending.photos import PhotoCheck
from cli.sending.preparing import Rules, prepare
from cli.sending.rejects import rejects_to
from config.settings import Settings

FULL = "name;age;metadata.sku\nÄnne Müller;28;0471\nZoë;;4711\n"
ANNE = {"name": "Änne Müller", "instructions": [{"appearance": {"age": 28}}], "metadata": {"sku": "0471"}}
ZOE = {"name": "Zoë", "metadata": {"sku": 4711}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("form", [Format.CSV, None])
def test_a_table_is_read_in_the_encoding_that_it_has(encoding: str, form: Format | None) -> None:
    if form is None and encoding in ("utf-16-le", "utf-16-be"):
        return  # without a mark it can't be told from binary data: its name says that it is a table
    assert [item.value for item in items(FULL.encode(encoding), form)] == [ANNE, ZOE]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1250", "Łukasz,kobieta dwadzieścia osiem lat, włosy jasne"),
        ("cp1251", "Пётр,женщина двадцати восьми лет, русые волосы"),
        ("cp932", "田中,二十八歳の女性、黒髪"),
        ("mac_roman", "Änne Müller,grün"),
    ],
)
def test_an_encoding_that_is_guessed_is_told(encoding: str, text: str) -> None:
    name, prompt = text.split(",", maxsplit=1)
    written = f'name,prompt\n{name},"{prompt}"\n'
    reading = Reading(["-"], io.BytesIO(written.encode(encoding)), How(form=Format.CSV))
    assert [item.value["name"] for item in reading.items()] == [name]
    assert reading.told == [f"stdin: read as {encoding}, by a guess; --encoding says otherwise"]


def test_an_encoding_that_is_named_is_believed() -> None:
    assert items("name,age\nAyşe,3\n".encode("cp1254"), encoding="cp1254")[0].value["name"] == "Ayşe"
    (bad,) = items("name\nAyşe\n".encode("cp1254"), encoding="utf-8")
    assert "is not written in utf-8" in bad.faults[0].rule
    (bad,) = items("name\nAyşe\n".encode("cp1254"), encoding="idna")
    assert "is not written in idna" in bad.faults[0].rule


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_line_ends_and_quotes_are_told(separator: str, end: str) -> None:
    rows = [["name", "prompt"], ["Jo", 'two\nlines, "quoted"; a|b\tc'], ["", ""], ["Al", "x"]]
    text = end.join(separator.join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in rows)
    found = items(text.encode(), None)
    assert [(item.place, item.value["instructions"][0]["prompt"]) for item in found] == [
        (" row 2", rows[1][1]),
        (" row 4", "x"),
    ]


def test_excel_s_line_of_the_separator_is_no_row() -> None:
    assert values('sep=;\nname;age\n"a,b";3\n')[0]["name"] == "a,b"


def test_a_table_is_read_to_its_end() -> None:
    found = items(("name,age\n" + "Jo,1\n" * 3000).encode(), None)
    assert (len(found), found[-1].place) == (3000, " row 3001")


def test_one_column_is_a_table_too() -> None:
    assert values("prompt\na woman, blond\n".replace(",", " "))[0]["instructions"] == [
        {"prompt": "a woman  blond"}
    ]


def test_empty_cells_rows_and_columns_say_nothing() -> None:
    assert values("name,age,,hair.color\n,,,\nJo,,,red\n\n ,,, \n") == [
        {"name": "Jo", "instructions": [{"hair": {"color": "red"}}]}
    ]


def test_columns_of_a_second_instruction_and_whole_objects_go_together() -> None:
    table = 'instructions[1].prompt,metadata.sku,metadata,choose,ar\nx,7,"{""a"": 1}",first all,16:9\n'
    assert values(table) == [
        {
            "instructions": [{"options": {"ar": "16:9"}}, {"prompt": "x"}],
            "metadata": {"a": 1, "sku": 7},
            "choose": ["first", "all"],
        }
    ]


def test_a_fault_names_file_row_column_value_and_rule() -> None:
    table = "name,Drafts\nJo,two\n=A1,1\n"
    naming = Naming({"Drafts": "num_variations"})
    first, *_, second = faults(prepared(table.encode(), naming=naming))
    assert first == (
        "stdin row 2: instructions[0].num_variations (column B: Drafts): "
        'a whole number of drafts from 1 to 8; 1 if omitted (got "two")'
    )
    assert second.startswith("stdin row 3: name (column A: name): must be a value: this begins a formula")
    assert second.endswith('(got "=A1")')


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("Jo,1,2", "column C: the row has 3 cells and the header 2"),
        ('"Jo" x,1', "must hold no text behind a closing quote"),
        ('"Jo,1', "a quote is opened and never closed"),
        (f"{'x' * 300_000},1", "at most 262144 characters a cell"),
    ],
)
def test_a_row_that_cannot_be_cut_into_cells_spoils_no_other(row: str, rule: str) -> None:
    found = items(f"name,age\nAl,3\n{row}\n".encode())
    assert found[0].value["name"] == "Al"
    assert rule in str(found[1].faults[0])
    assert found[1].place == " row 3"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (
            "name,hair colour\nJo,red\n",
            "'hair colour' is no field of a brief; the nearest is hair.color",
        ),
        (
            "name,sku\nJo,1\n",
            "'sku' is no field of a brief; what a brief only carries is called",
        ),
        ("age,appearance.age\n1,2\n", "column A: age and column B: appearance.age both mean"),
        ("name,name\n1,2\n", "two columns are called 'name'"),
    ],
)
def test_a_column_that_means_nothing_is_refused_by_name(table: str, told: str) -> None:
    with pytest.raises(UsageError, match="stdin: ") as refused:
        values(table)
    assert told in str(refused.value)


def test_columns_that_are_no_field_may_be_kept_as_metadata() -> None:
    assert values("name,Shop SKU\nJo,0471\n", extra_as_metadata=True) == [
        {"name": "Jo", "metadata": {"Shop SKU": "0471"}}
    ]


def test_a_map_renames_columns_and_leaves_some_out(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text('[columns]\n"Haarfarbe" = "hair.color"\n"Notiz" = ""\n')
    names = read_map(tmp_path / "m.toml")
    assert values("Haarfarbe,Notiz\nred,x\n", names=names) == [{"instructions": [{"hair": {"color": "red"}}]}]
    with pytest.raises(UsageError, match="no table has a column 'Notiz'"):
        values("Haarfarbe\nred\n", names=names)
    assert values("NAME,HAAR\nJo,rot\n", names={"Haar": "hair.color", "name": "name"}) == [
        {"name": "Jo", "instructions": [{"hair": {"color": "rot"}}]}
    ]
    with pytest.raises(UsageError, match=r"'hair.colr' \(as --map renames 'Haar'\) is no field"):
        values("Haar\nred\n", names={"Haar": "hair.colr"})


@pytest.mark.parametrize("content", ["a = ", "a = 1", "a.b = 'x'", "", "a = true"])
def test_a_map_that_is_none_is_a_wrong_use(content: str, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(content)
    with pytest.raises(UsageError, match="--map"):
        read_map(tmp_path / "m.toml")


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", b""), ("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE), ("cp1252", b"")],
)
@pytest.mark.parametrize("packed", [False, True])
def test_rejects_stand_as_they_stood_below_the_same_header(
    encoding: str, mark: bytes, packed: bool, tmp_path: Path
) -> None:
    bad = 'Zoë;"two\r\nlines";zehn\r\n'
    text = "name;prompt;num_variations\r\n" + "Änne;x;2\r\n" + bad
    content = mark + text.encode(encoding)
    path = tmp_path / ("r.csv.gz" if packed else "r.csv")
    with rejects_to(path) as file:
        assert file is not None
        assert "1 brief to mend" in file.write(prepared(gzip.compress(content) if packed else content))
    written = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
    assert written == mark + ("name;prompt;num_variations\r\n" + bad).encode(encoding)


@pytest.mark.parametrize(
    ("named", "encoding", "mark"),
    [
        ("utf-8-sig", "utf-8", codecs.BOM_UTF8),
        ("utf-8-sig", "utf-8", b""),
        ("utf-16", "utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-16", "utf-16-le", b""),
        ("utf-32", "utf-32-be", codecs.BOM_UTF32_BE),
        (None, "utf-32-le", codecs.BOM_UTF32_LE),
    ],
)
def test_of_an_encoding_with_a_mark_the_mark_stands_once(
    named: str | None, encoding: str, mark: bytes, tmp_path: Path
) -> None:
    bad = "".join(f"Zoë {number};x;zehn\r\n" for number in range(3))
    content = mark + ("name;prompt;num_variations\r\n" + "Änne;x;2\r\n" + bad).encode(encoding)
    spool = prepared(content, encoding=named)
    assert [each.source for each in spool.of(Status.VALID)] == ["stdin row 2"]
    with rejects_to(tmp_path / "r.csv") as file:
        assert file is not None
        assert "3 briefs to mend" in file.write(spool)
    written = mark + ("name;prompt;num_variations\r\n" + bad).encode(encoding)
    assert (tmp_path / "r.csv").read_bytes() == written


def test_rejects_of_tables_with_other_columns_go_into_a_file_each(tmp_path: Path) -> None:
    for name, header in (("a.csv", "name,priority"), ("b.csv", "priority,name"), ("c.tsv", "name\tpriority")):
        separator = "\t" if name == "c.tsv" else ","
        (tmp_path / name).write_text(f"{header}\n1{separator}1\n")
    (tmp_path / "d.jsonl").write_text("{}\n")
    spool = prepare(Reading([str(tmp_path)], io.BytesIO()).items(), Rules(Settings()), PhotoCheck(Settings()))
    with rejects_to(tmp_path / "r.csv") as file:
        assert file is not None
        file.write(spool)
    found = {path.name: path.read_text() for path in sorted(tmp_path.glob("r*"))}
    assert found == {
        "r.csv": "name,priority\n1,1\n",
        "r-2.csv": "priority,name\n1,1\n",
        "r-3.csv": "name\tpriority\n1\t1\n",
        "r.csv.jsonl": "{}\n",
    }
