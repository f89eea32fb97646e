"""Tables of what was measured against what is required, as Markdown and JSON."""
import dataclasses


@dataclasses.dataclass
class Row:
    """One requirement. `measured` is one text for each column, `ok` is None where nothing is required."""
    quantity: str
    required: str
    measured: list
    ok: bool | None


@dataclasses.dataclass
class Table:
    title: str
    columns: list
    rows: list = dataclasses.field(default_factory=list)

    @property
    def ok(self):
        return all(row.ok is not False for row in self.rows)

    def add(self, quantity, required, values, is_good, text="{:.1e}"):
        """Adds a row of numbers; a value of None (does not apply) is neither shown nor judged."""
        shown = ["" if value is None else text.format(value) for value in values]
        judged = [value for value in values if value is not None]
        ok = None if is_good is None else bool(judged) and all(bool(is_good(value)) for value in judged)
        self.rows.append(Row(quantity, required, shown, ok))

    def at_most(self, quantity, limit, values, text="{:.1e}"):
        self.add(quantity, f"<= {limit:g}", values, lambda value: value <= limit, text)

    def at_least(self, quantity, limit, values, text="{:.3f}"):
        self.add(quantity, f">= {limit:g}", values, lambda value: value >= limit, text)

    def missed(self):
        return [f"{self.title}: {row.quantity}: {' '.join(row.measured)}, required {row.required}"
                for row in self.rows if row.ok is False]

    def markdown(self):
        header = ["", *self.columns, "required", "ok"]
        lines = [f"### {self.title}", "", "| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
        for row in self.rows:
            ok = {True: "yes", False: "**no**", None: ""}[row.ok]
            lines.append("| " + " | ".join([row.quantity, *row.measured, row.required, ok]) + " |")
        return "\n".join(lines) + "\n"

    def json(self):
        return dataclasses.asdict(self)
