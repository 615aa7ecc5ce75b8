"""A random SELECT as a tree: it can be made smaller, and rendered against one set of tables or another.

The text of a statement has marks in it: `render` puts a schema before each table and a value or a
parameter in the place of each literal, so one statement runs against heap tables and against foreign
ones, with constants and prepared.
"""

import copy
import re

# Marks: \1 type \2 value \2 another value \3 is a literal, \4 table \5 number \6 a table.
LITERAL = re.compile("\1([^\2]*)\2([^\2]*)\2([^\3]*)\3")
TABLE = re.compile("\4([^\5]*)\5([^\6]*)\6")

def literal(sql_type, value, other=None):
    return f"\1{sql_type}\2{value}\2{value if other is None else other}\3"


def table_mark(table, number):
    return f"\4{table}\5{number}\6"


def quote(value):
    return "'" + value.replace("'", "''") + "'"


class Select:
    """One SELECT; conditions are texts or tuples ("and" | "or" | "not", [condition, …])."""

    def __init__(self):
        self.ctes, self.outputs, self.sources, self.where = [], [], [], []
        self.needed = []                         # conditions that keys require: never taken away
        self.distinct, self.group, self.having = "", [], []
        self.set_operation = None                # ("union all", Select)
        self.order = []                          # (index of the output, "desc nulls first …", collation)
        self.limit = self.offset = None
        self.first_limit = None                  # of the first execution, when the limit is a literal
        self.with_ties = False
        self.is_loose = False                    # which of several equal values is shown is open
        self.is_whole_row = False

    def sql(self, limited=True):
        text = ""
        if self.ctes:
            text += "with " + ", ".join(f"{name} as {how} ({query.sql()})" for name, how, query in self.ctes) + " "
        text += f"select {self.distinct} " + ", ".join(f"{output} as c{n}" for n, output in enumerate(self.outputs))
        if self.sources:
            text += " from " + " ".join(source if kind is None else f"{kind} join {source} {on_text(on)}"
                                        for kind, source, on in self.sources)
        where = self.needed + self.where
        if where:
            text += " where " + condition_text(("and", where))
        if self.group:
            text += " group by " + ", ".join(self.group)
        if self.having:
            text += " having " + condition_text(("and", self.having))
        if self.set_operation:
            text = f"({text}) {self.set_operation[0]} ({self.set_operation[1].sql()})"
        if self.order:
            text += " order by " + ", ".join(self._key(*key) for key in self.order)
        if limited and self.with_ties and self.order and self.limit is not None:
            text += f" fetch first {self.limit} rows with ties"
        elif limited:
            limit = self.limit if self.first_limit is None else literal("bigint", str(self.first_limit), str(self.limit))
            text += f" limit {limit}" if self.limit is not None else ""
            text += f" offset {self.offset}" if self.offset is not None else ""
        return text

    def _key(self, index, direction, collation):
        target = str(index + 1) if collation is None else f"({self.outputs[index]}) collate {collation}"
        return f"{target} {direction}"


def on_text(on):
    return "" if on is None else on if isinstance(on, str) else "on " + condition_text(("and", on))


def condition_text(tree):
    if isinstance(tree, str):
        return tree
    operator, children = tree
    if operator == "not":
        return f"not ({condition_text(children[0])})"
    return "(" + f" {operator} ".join(condition_text(child) for child in children) + ")"


def render(text, schema_of, as_parameters=False):
    """(SQL, types, values, other values): tables get `schema_of(number, table)`, literals values or $n."""
    types, values, others = [], [], []

    def replace(match):
        sql_type, value, other = match.groups()
        if not as_parameters:
            return f"{quote(other)}::{sql_type}"
        types.append(sql_type)
        values.append(f"{quote(value)}::{sql_type}")
        others.append(f"{quote(other)}::{sql_type}")
        return f"${len(types)}"

    sql = TABLE.sub(lambda match: f"{schema_of(int(match.group(2)), match.group(1))}.{match.group(1)}", text)
    return LITERAL.sub(replace, sql), types, values, others


def smaller(query):
    """Statements that lack one thing of `query` each, the largest things first."""
    def without(change):
        reduced = copy.deepcopy(query)
        change(reduced)
        return reduced

    for name, nothing in (("set_operation", None), ("having", []), ("limit", None), ("offset", None), ("order", [])):
        if getattr(query, name):
            yield without(lambda each, name=name, nothing=nothing: setattr(each, name, copy.copy(nothing)))
    if query.distinct and not query.order:
        yield without(lambda each: setattr(each, "distinct", ""))
    for index in range(len(query.where)):
        yield without(lambda each, index=index: each.where.pop(index))
    for index in range(len(query.sources) - 1, 0, -1):
        yield without(lambda each, index=index: each.sources.pop(index))
    if not query.order and not query.set_operation:
        for index in range(len(query.outputs) if len(query.outputs) > 1 else 0):
            yield without(lambda each, index=index: each.outputs.pop(index))
    yield from smaller_conditions(query)


def smaller_conditions(query):
    def places():
        yield query.where
        for _, _, on in query.sources:
            if isinstance(on, list):
                yield on

    for place, conditions in enumerate(list(places())):
        for index, tree in enumerate(conditions):
            for child in children_of(tree):
                reduced = copy.deepcopy(query)
                lists = [reduced.where] + [on for _, _, on in reduced.sources if isinstance(on, list)]
                lists[place][index] = child
                yield reduced
            if place > 0 and len(conditions) > 1:
                reduced = copy.deepcopy(query)
                lists = [reduced.where] + [on for _, _, on in reduced.sources if isinstance(on, list)]
                lists[place].pop(index)
                yield reduced


def children_of(tree):
    """Conditions that may stand in the place of this one."""
    if isinstance(tree, tuple):
        operator, children = tree
        yield from children
        if operator != "not" and len(children) > 1:
            for index in range(len(children)):
                yield (operator, children[:index] + children[index + 1:])
