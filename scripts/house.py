#!/usr/bin/env python3
"""Measures the house: length and nesting of functions, casts, includes, tests. Needs python3 alone.

    scripts/house.py [TREE] [--json]       TREE: a checkout, by default this one
    scripts/house.py --functions [TREE]    the longest and the most deeply nested functions, to look at
    scripts/house.py --circles [TREE]       components that include each other in a circle
"""

import argparse
import bisect
import json
import os
import re
import statistics
import subprocess
import sys

SOURCE_FOLDERS = ("lib", "mpi", "apps")
LONG_FUNCTION_LINES = 60
DEEP_NESTING = 3
SMALL_FILE_LINES = 20

NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
# A quote between digits is part of a number: 1'000.
DIGIT_SEPARATOR = re.compile(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])")
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)
CONTROL = re.compile(r"\b(?:if|for|while|switch|catch|try|do)\b")
LAMBDA = re.compile(r"\[[^\[\]{};]*\]\s*(?:\([^{};]*?\)\s*)?(?:mutable\s*)?(?:noexcept\s*)?(?:->[^{};()]*)?\{")
MARK = re.compile(r"[{};]")
BEFORE_FUNCTION = re.compile(r"\s*(?:(?:public|private|protected):\s*)?(?:template <[^\n]*>\s*\n\s*)?")
UNIT = re.compile(r"_(?:deg|rad|arcmin|arcsec|K2?|mK|uK|Jy|s|ms|us|days|mjd|m|km|km_s|GHz|MHz|Hz|MiB|bytes)\b")
# [feed][channel], {feed, band} or "feeds x channels" with the words that name axes here.
AXIS = (r"(?:feed|band|sub_band|channel|frequency|sample|scan|event|observation|stream|segment|offset|pixel|lane|line"
        r"|node|run|row|term|realisation|x|y|n_\w+)s?")
SHAPE = re.compile(rf"\[{AXIS}\]|\{{{AXIS}(?:, \w+)*\}}|\b{AXIS} x \w+")


def blanked(match):
    """A comment or literal as blanks of as many lines; a text stays a value."""
    text = match.group(0)
    return ("" if text[0] == "/" else '""') + "\n" * text.count("\n")


def without_comments(text):
    return NOT_CODE.sub(blanked, DIGIT_SEPARATOR.sub("", text))


def lines_of_code(text):
    kept = NOT_CODE.sub(lambda m: "\n" * m.group(0).count("\n") if m.group(0)[0] == "/" else m.group(0),
                        DIGIT_SEPARATOR.sub("", text))
    return sum(1 for line in kept.splitlines() if line.strip())


def lines_of_comment(text):
    return len(re.findall(r"^\s*//", text, re.M))


def is_function(head):
    """Whether the text before a brace, outside of functions, is the signature of one."""
    head = re.sub(r"\boperator\s*[=<>!+\-*/|&%^\[\]()]+(?=\s*\()", "operator_", head)
    head = re.sub(r"\balignas\(\w+\)", "", head)
    outside, depth = "", 0  # what stands outside of parentheses and of template arguments
    for character in re.sub(r"\s+", " ", head).replace("->", ""):
        if character in "(<)>":
            outside += "()" if character == "(" and depth == 0 else ""
            depth += 1 if character in "(<" else -1
        elif depth == 0:
            outside += character
    if re.search(r"\b(?:namespace|enum)\b", outside) or "=" in outside or "()" not in outside:
        return False
    return not re.search(r"\b(?:class|struct|union)\b[^()]*$", outside.split("()")[0])


def is_member_initialiser(head):
    """A brace after `Type(...) : member` initialises the member."""
    return bool(re.search(r"\)\s*(?:noexcept\s*)?:[^:;]*[\w>]\s*$", head)) and not re.search(r"[)}]\s*$", head)


def close_of(code, opening):
    """Place of the brace that closes the one at `opening`."""
    depth = 0
    for match in re.compile(r"[{}]").finditer(code, opening):
        depth += 1 if match.group(0) == "{" else -1
        if depth == 0:
            return match.start()
    return len(code)


def nesting(body):
    """Most blocks of control statements inside each other; `else if` counts once, a lambda not at all."""
    deepest, open_blocks, start = 0, [0], 0
    for match in re.finditer(r"[{};]", body):
        if match.group(0) == "{":
            head = body[start:match.start()]
            controls = CONTROL.search(head) or head.count(")") > head.count("(")  # of `for (a; b; c)` only `c)` is left
            open_blocks.append(open_blocks[-1] + bool(controls))
            deepest = max(deepest, open_blocks[-1])
        elif match.group(0) == "}" and len(open_blocks) > 1:
            open_blocks.pop()
        start = match.end()
    return deepest


def functions_of(text):
    """[(line, lines, nesting, signature)] of the functions that a file defines, and of its lambdas."""
    code = PREPROCESSOR.sub(lambda m: "\n" * m.group(0).count("\n"), without_comments(text))
    newlines = [m.start() for m in re.finditer("\n", code)]

    def found(first, opening):
        end = close_of(code, opening)
        line, last = (bisect.bisect_left(newlines, place) + 1 for place in (first, end))
        return line, last - line + 1, nesting(code[opening + 1:end]), " ".join(code[first:opening].split())

    functions = [found(m.start(), m.end() - 1) for m in LAMBDA.finditer(code)]
    start = place = 0
    while match := MARK.search(code, place):
        at, head = match.start(), code[start:match.start()]
        place = at + 1
        if match.group(0) == "{" and (head.count("(") > head.count(")") or is_member_initialiser(head)):
            place = close_of(code, at) + 1  # an argument or a member: the signature goes on
            continue
        if match.group(0) == "{" and is_function(head):
            functions.append(found(start + BEFORE_FUNCTION.match(head).end(), at))
            place = close_of(code, at) + 1
        elif match.group(0) == "{" and not re.search(r"\b(?:namespace|class|struct|union|extern)\b", head):
            place = close_of(code, at) + 1  # an initialiser or an enumeration
            continue
        start = place
    return functions


def reached(graph):
    """For every node all that it reaches, itself among them only in a circle."""
    result = {}
    for node in graph:
        seen, waiting = set(), list(graph[node])
        while waiting:
            other = waiting.pop()
            if other not in seen:
                seen.add(other)
                waiting.extend(graph[other])
        result[node] = seen
    return result


def component_graph(files):
    """Components (x.hpp with x.cpp) and which of them each includes."""
    stem = lambda path: os.path.splitext(path)[0]
    graph = {stem(path): set() for path in files}
    for path, text in files.items():
        roots = ("", "lib/", "apps/comap_mpi/", os.path.dirname(path) + "/")
        for included in INCLUDE.findall(text):
            target = next((stem(r + included) for r in roots if r + included in files), None)
            if target and target != stem(path):
                graph[stem(path)].add(target)
    return graph


def circles_of(graph):
    """Groups of components of which each reaches all the others of its group."""
    reach = reached(graph)
    groups = {frozenset(o for o in reach[node] if node in reach[o]) for node in graph if node in reach[node]}
    return sorted(sorted(group) for group in groups)


def read_tree(tree, folders):
    listed = subprocess.run(["git", "-C", tree, "ls-files", *folders], capture_output=True, text=True, check=True)
    paths = [p for p in listed.stdout.splitlines()
             if p.endswith((".cpp", ".hpp")) and os.path.exists(os.path.join(tree, p))]
    return {p: open(os.path.join(tree, p), encoding="utf-8").read() for p in paths}, listed.stdout.splitlines()


def percent(part, whole):
    return round(100 * part / whole, 1) if whole else 0.0


def measure(tree):
    files, paths = read_tree(tree, SOURCE_FOLDERS)
    tests, _ = read_tree(tree, ("tests",))
    everything = "".join(files.values())
    lines, headers = everything.count("\n"), [t for p, t in files.items() if p.endswith(".hpp")]
    functions = [f for text in files.values() for f in functions_of(text)]
    lengths = sorted(f[1] for f in functions)
    graph = component_graph(files)
    folders = [os.path.dirname(p) for p in files]
    count = lambda pattern: len(re.findall(pattern, everything))
    return {
        "functions": len(functions),
        "function lines median": statistics.median(lengths),
        "function lines p90": lengths[int(0.9 * len(lengths))],
        "function lines max": lengths[-1],
        "functions over 60 lines %": percent(sum(n > LONG_FUNCTION_LINES for n in lengths), len(lengths)),
        "functions nested over 3 %": percent(sum(f[2] > DEEP_NESTING for f in functions), len(functions)),
        "comment : code in headers": round(sum(map(lines_of_comment, headers)) / sum(map(lines_of_code, headers)), 2),
        "headers that name units %": percent(sum(bool(UNIT.search(t)) for t in headers), len(headers)),
        "headers that name shapes %": percent(sum(bool(SHAPE.search(t)) for t in headers), len(headers)),
        "mean dependency of a component %": percent(sum(map(len, reached(graph).values())), len(graph) ** 2),
        "files of at most 20 lines of code %":
            percent(sum(lines_of_code(t) <= SMALL_FILE_LINES for t in files.values()), len(files)),
        "files in the fullest folder": max(folders.count(f) for f in set(folders)),
        "static_cast per 1000 lines": round(1000 * count(r"static_cast<") / lines, 1),
        "components in include circles %": percent(sum(map(len, circles_of(graph))), len(graph)),
        "C++ test : source": round(sum(map(lines_of_code, tests.values())) / sum(map(lines_of_code, files.values())), 2),
        "components": len(graph),
        "files": len(files),
        "lines": lines,
        "lines of code": sum(map(lines_of_code, files.values())),
        "static_cast": count(r"static_cast<"),
        "static_cast to size_t": count(r"static_cast<(?:std::)?size_t>"),
        "nested vectors": count(r"vector<(?:std::)?vector"),
    }


def print_functions(tree):
    files, _ = read_tree(tree, SOURCE_FOLDERS)
    found = [(n, deep, f"{p}:{line}", head) for p, text in files.items() for line, n, deep, head in functions_of(text)]
    for n, deep, place, head in sorted(found, reverse=True)[:20] + [f for f in found if f[1] > DEEP_NESTING]:
        print(f"{n:4d} lines  nesting {deep}  {place}  {head[:80]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", nargs="?", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    for flag in ("--json", "--functions", "--circles"):
        parser.add_argument(flag, action="store_true")
    arguments = parser.parse_args()
    if arguments.functions:
        return print_functions(arguments.tree)
    if arguments.circles:
        for circle in circles_of(component_graph(read_tree(arguments.tree, SOURCE_FOLDERS)[0])):
            print(" ".join(circle))
        return None
    values = measure(arguments.tree)
    if arguments.json:
        return print(json.dumps(values, indent=1))
    for name, value in values.items():
        print(f"{name:38s} {value:>8}")
    return None


if __name__ == "__main__":
    sys.exit(main())
