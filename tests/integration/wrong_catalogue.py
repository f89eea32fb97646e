"""A catalogue that is none is refused and never made by mistake, dry runs change nothing, a selection that matches nothing
is an error, and numbers on the command line are decimal."""
import hashlib
import sqlite3
import subprocess

from program import DATA_DIR, run, scratch_directory

READERS = (("level2",), ("level2", "--dry-run"), ("mapmake",), ("catalogue", "summary"), ("catalogue", "show", 7206),
           ("catalogue", "flags", "set", 7206, "--feeds", 1, "--bands", 0, "--bad"), ("calibrate",),
           ("catalogue", "remap", "--old-prefix", "/a", "--new-prefix", "/b", "--write"))


def check_no_catalogue(scratch):
    (scratch / "empty.db").touch()
    with sqlite3.connect(scratch / "other.db") as database:
        database.execute("CREATE TABLE something (x INTEGER)")
    (scratch / "text.db").write_text("no database at all, but long enough to be read as one" * 10)
    before = {path.name: path.read_bytes() for path in scratch.glob("*.db")}
    for name, reason in (("mistyped.db", "there is no such file"), ("empty.db", "there is no table comap_data"),
                         ("other.db", "there is no table comap_data"), ("text.db", "is not an SQLite database"),
                         ("none/comap.db", "its directory does not exist")):
        for command in READERS if name == "mistyped.db" else READERS[:2]:
            text = run(*command, "--set", f"catalogue.url=sqlite:{name}", directory=scratch, expect=2)
            assert f"{scratch}/{name}" in text and reason in text and "[catalogue] url" in text, text
    text = run("level2", "--set", "catalogue.url=sqlite:mistyped.db", directory=scratch, ranks=2, expect=2)
    assert "there is no such file" in text, text
    assert {path.name: path.read_bytes() for path in scratch.glob("*.db")} == before


def check_dry_runs(scratch):
    """Also where the file cannot be written, or lacks what this version would add."""
    python = scratch / "python.db"
    subprocess.run(["sqlite3", "-bail", python, f".read {DATA_DIR / 'python_catalogue.sql'}"], check=True)
    digest = hashlib.sha256(python.read_bytes()).hexdigest()
    here = ("--set", "catalogue.url=sqlite:python.db")
    for command in (("level2",), ("catalogue", "init"), ("catalogue", "scan", "--level1", "."),
                    ("catalogue", "flags", "set", 7206, "--feeds", 1, "--bands", 0, "--bad")):
        run(*command, "--dry-run", *here, directory=scratch)
    for command in ("level2", "mapmake"):
        text = run(command, "--obsid", 99, *here, directory=scratch, expect=1)
        assert "matches [select]" in text and "catalogue summary" in text, text
    assert "matches [select]" in run("level2", "--dry-run", "--obsid", 99, *here, directory=scratch, expect=1)
    assert hashlib.sha256(python.read_bytes()).hexdigest() == digest


def check_numbers(scratch):
    here = ("--set", "catalogue.url=sqlite:numbers.db")
    subprocess.run(["sqlite3", "-bail", scratch / "numbers.db", f".read {DATA_DIR / 'python_catalogue.sql'}"], check=True)
    run("catalogue", "flags", "set", "0007206", "--feeds", 9, "--bands", 7, "--bad", "--comment", "zeros", *here,
        directory=scratch)
    with sqlite3.connect(scratch / "numbers.db") as database:
        assert database.execute("SELECT obsid FROM quality_flags WHERE comment = 'zeros'").fetchall() == [(7206,)]
    for word in ("0x1c26", " 7206", "7206 ", "7206.0", "7,206", "+7206", "7206-7207", "1e3", "''"):
        text = run("catalogue", "show", word, *here, directory=scratch, expect=2)
        assert "whole number" in text or "range" in text, (word, text)
    text = run("level2", "--dry-run", "--obsid", "0007206,7207", "07300", *here, directory=scratch)
    assert "1 selected observations have no Level-1 path" in text and "not in the catalogue: 7300" in text, text
    assert [line.split("\t")[0] for line in text.splitlines() if "\t" in line] == ["7206"], text
    for words, reason in ((["7206-7210"], "--set select.min_obsid=7206 --set select.max_obsid=7210"),
                          (["7206", "comap.toml"], "name the configuration before --obsid"), (["0x10"], "whole number"),
                          (["-5"], "")):
        assert reason in run("level2", "--obsid", *words, *here, directory=scratch, expect=2), words
    assert "whole number" in run("catalogue", "missing-level2", "--limit", "0x2", *here, directory=scratch, expect=2)
    assert len(run("catalogue", "missing-level2", "--csv", "--limit", "08", *here, directory=scratch).splitlines()) <= 9
    run("catalogue", "statistics", "tsys", "--min", "0x10", *here, directory=scratch, expect=2)


def main():
    scratch = scratch_directory()
    (scratch / "comap.toml").touch()
    check_no_catalogue(scratch)
    check_dry_runs(scratch)
    check_numbers(scratch)


main()
