"""Print the sizes that STYLE budgets: alarms to read, never a failing test."""

import ast
from pathlib import Path
from statistics import median, quantiles


def main() -> None:
    files, functions = [], []
    for path in sorted(Path("src").rglob("*.py")):
        text = path.read_text()
        lines = len(text.splitlines())
        if lines > 5:
            files.append((lines, path))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions.append((node.end_lineno - node.body[0].lineno + 1, f"{path}:{node.name}"))
    tests = sum(len(path.read_text().splitlines()) for path in Path("tests").rglob("*.py"))
    source = sum(lines for lines, _ in files)
    for name, sizes in (("file", files), ("function", functions)):
        numbers = [size for size, _ in sizes]
        p90 = quantiles(numbers, n=10)[-1]
        print(f"sizes: {name} median {median(numbers):.0f}, p90 {p90:.0f}, longest {max(sizes)[0]} ({max(sizes)[1]})")
    print(f"sizes: {source} lines of source, tests : source = {tests / source:.2f}")


if __name__ == "__main__":
    main()
