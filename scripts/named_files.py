#!/usr/bin/env python3
"""Files that documentation and comments name and that do not exist: lib/level2/rerun_plan, config/binder.hpp,
bind_*.cpp, stage_list.{hpp,cpp}. Prints them with their places; check_rules.sh runs it. Needs python3 alone."""
import fnmatch
import re
import subprocess

# The stage of docs/adding-a-stage.md, and names that stand for any.
NOT_OURS = re.compile(r"count_missing|^[Xx_](_|\.)|^_test\.")
WORD = r"[\w.*-]*(?:\{[\w.,]+\})?[\w.*-]*"
FOLDERS = "lib|mpi|apps|tests|scripts|docs|benchmarks|cmake|configs|slurm|findings"
NAME = re.compile(rf"(?<![\w/.$<>-])(?:(?:{FOLDERS})(?:/{WORD})+|(?:[\w-]+/)*{WORD}\.(?:\{{hpp,cpp\}}|[hc]pp))(?![\w/<])")
COMMENT = {".cpp": r"//.*", ".hpp": r"//.*", ".py": r"#.*|\"\"\".*?\"\"\"", ".sh": r"#.*", ".md": r".*"}
HISTORY = {"CHANGELOG.md"}


def expanded(name):
    """Both of stage.{hpp,cpp}."""
    braces = re.fullmatch(r"(.*)\{(.*)\}(.*)", name)
    return [braces[1] + middle + braces[3] for middle in braces[2].split(",")] if braces else [name]


def main():
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], stdout=subprocess.PIPE, text=True,
                           check=True).stdout.splitlines()
    known = set()  # every file with and without its ending, every folder, each with any number of folders left out
    for path in files:
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            for start in range(end):
                known.add("/".join(parts[start:end]))
        known |= {name.rsplit(".", 1)[0] for name in ("/".join(parts[start:]) for start in range(len(parts)))}
    for path in files:
        comment = COMMENT.get(path[path.rfind("."):])
        if comment is None or path in HISTORY:
            continue
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for part in re.finditer(comment, text, re.S if path.endswith(".md") else 0):
            for found in NAME.finditer(part[0]):
                name = found[0].rstrip(".-/")
                if NOT_OURS.search(name) or all(any(fnmatch.filter(known, one)) for one in expanded(name)):
                    continue
                line = text.count("\n", 0, part.start() + found.start()) + 1
                print(f"{path}:{line}: names {name}, which does not exist")


main()
