"""Random SELECT statements over the spy's tables, as trees that can be made smaller.

A statement is a text with marks in it: `render` puts a schema before each table and a value or a
parameter in the place of each literal, so one statement runs against heap tables and against foreign
ones, with constants and prepared.
"""

import copy
import re

# Marks: \1 type \2 value \2 another value \3 is a literal, \4 table \5 number \6 a table.
LITERAL = re.compile("\1([^\2]*)\2([^\2]*)\2([^\3]*)\3")
TABLE = re.compile("\4([^\5]*)\5([^\6]*)\6")

INTEGERS = ("int2", "int4", "int8")
SUMMED = INTEGERS + ("float4", "float8", "numeric", "interval")
NO_MINIMUM = ("bool", "uuid", "jsonb", "bytea", "cidr")
KEYS = {"keyed": ["k"], "any_of": ["k", "txt"]}  # one of them needs a condition
TABLES = ["wide"] * 6 + ["mid"] * 5 + ["small"] * 4 + ["empty"] + ["keyed"] * 2 + ["any_of"] * 2
COLLATIONS = ['"C"', '"en-x-icu"', '"de-x-icu"', "ci"]
ODD = {
    "int2": ["0", "-1", "32767"], "int4": ["0", "1", "-2147483648"], "int8": ["0", "5", "9223372036854775807"],
    "float4": ["0.1", "-0", "NaN", "1e10"], "float8": ["0.25", "-0", "NaN", "infinity", "1e300"],
    "numeric": ["1", "1.000", "NaN", "infinity", "2.5", "-1e5"], "text": ["", "a", "A", "b%", "x", "é"],
    "bool": ["true", "false"], "bytea": ["\\x", "\\x61"], "date": ["2000-01-01", "infinity", "0044-03-15 BC"],
    "timestamptz": ["2000-01-01 00:00+00", "infinity", "1999-12-31 12:00+00"],
    "interval": ["1 day", "24 hours", "1 mon", "30 days", "0"],
    "uuid": ["00000000-0000-0000-0000-000000000000"], "inet": ["10.0.0.0/8", "10.1.0.1", "::/0"],
    "cidr": ["10.0.0.0/8", "192.0.0.0/16"], "jsonb": ["{}", "7", '{"a": 2}', "null"],
    "text[]": ["{}", "{a}", "{a,b}"], "int8[]": ["{}", "{1}", "{0,1}"],
}
PATTERNS = ["%a%", "a%", "_", "%", "", "a_c", "%\\%", "Z%", "%é%", "\\_%", "1__\\%"]


def literal(sql_type, value, other=None):
    return f"\1{sql_type}\2{value}\2{value if other is None else other}\3"


def quote(value):
    return "'" + value.replace("'", "''") + "'"


class Column:
    def __init__(self, sql, sql_type, values):
        self.sql, self.type, self.values = sql, sql_type, values


class Select:
    """One SELECT; conditions are texts or tuples ("and" | "or" | "not", [condition, …])."""

    def __init__(self):
        self.ctes, self.outputs, self.sources, self.where = [], [], [], []
        self.needed = []                         # conditions that keys require: never taken away
        self.distinct, self.group, self.having = "", [], []
        self.set_operation = None                # ("union all", Select)
        self.order = []                          # (index of the output, "desc nulls first …", collation)
        self.limit = self.offset = None
        self.with_ties = False
        self.is_loose = False                    # which of several equal values is shown is open

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
            text += f" limit {self.limit}" if self.limit is not None else ""
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


class Generator:
    """`catalog`: table → [(column, type)]; `values`: (table, column) → texts."""

    def __init__(self, random, catalog, values):
        self.random, self.catalog, self.values = random, catalog, values
        self.table_count = self.alias_count = 0

    def chance(self, percent):
        return self.random.randrange(100) < percent

    # -- values

    def value(self, column):
        known = self.values.get(column.values) or ODD[column.type]
        return self.random.choice(known if self.chance(75) else ODD[column.type])

    def lit(self, column):
        if self.chance(2):
            return f"null::{column.type}"
        return literal(column.type, self.value(column), self.value(column))

    def column(self, scope, wanted=None):
        fitting = [each for each in scope if wanted is None or wanted(each.type)]
        return self.random.choice(fitting) if fitting else None

    # -- tables

    def source(self, query, table=None):
        """A table in FROM; returns (its SQL, its columns). A condition on its key goes to the query."""
        table = table or self.random.choice(TABLES)
        self.alias_count += 1
        alias = f"t{self.alias_count}"
        scope = [Column(f"{alias}.{name}", sql_type, (table, name)) for name, sql_type in self.catalog[table]]
        self.table_count += 1
        return f"\4{table}\5{self.table_count}\6 {alias}", scope, table

    def key_condition(self, scope, table, outer):
        """Gives a table its key: from a value, a list, or another table's column of the same type."""
        name = self.random.choice(KEYS[table])
        key = next(each for each in scope if each.values == (table, name))
        other = self.column(outer, lambda each: each == key.type) if outer and self.chance(50) else None
        if other is not None:
            return f"{key.sql} = {other.sql}" if self.chance(80) else f"{other.sql} = {key.sql}"
        return self.equality(key)

    def equality(self, key):
        shape = self.random.randrange(3)
        if shape == 0:
            return f"{key.sql} = {self.lit(key)}"
        items = ", ".join(self.lit(key) for _ in range(self.random.randrange(1, 5)))
        return f"{key.sql} in ({items})" if shape == 1 else f"{key.sql} = any (array[{items}])"

    def add_key(self, query, scope, table, outer):
        if table in KEYS:
            query.needed.append(self.key_condition(scope, table, outer))

    def joined(self, query, count, outer=()):
        """`count` tables joined into query.sources; returns the columns of all."""
        text, scope, table = self.source(query)
        query.sources.append((None, text, None))
        self.add_key(query, scope, table, list(outer))
        for _ in range(count - 1):
            kind = self.random.choice(["inner", "inner", "left", "left", "right", "full"])
            text, added, table = self.source(query)
            if table in KEYS and kind in ("inner", "left") and self.chance(60):
                on = [self.key_condition(added, table, scope)]
                if " = t" not in on[0]:  # a constant key leaves a cross join
                    on.append(self.link(scope, added))
            else:
                self.add_key(query, added, table, list(outer))
                on = [self.link(scope, added)]
            if kind != "full" and self.chance(30):
                on.append(self.condition(scope + added, 1))
            query.sources.append((kind, text, on))
            scope = scope + added
        return scope

    def link(self, left, right):
        """An equality that does not join everything with everything, and that FULL JOIN can do."""
        for _ in range(50):
            one, other = self.random.choice(left), self.random.choice(right)
            if one.type == other.type and one.type not in ("bool", "cidr") or {one.type, other.type} <= set(INTEGERS):
                return f"{one.sql} = {other.sql}" if self.chance(50) else f"{other.sql} = {one.sql}"
        return f"{left[0].sql}::text = {right[0].sql}::text"

    # -- conditions

    def condition(self, scope, depth):
        draw = self.random.randrange(100)
        if depth > 0 and draw < 30:
            operator = self.random.choice(["and", "or", "or", "not"])
            count = 1 if operator == "not" else self.random.randrange(2, 4)
            return (operator, [self.condition(scope, depth - 1) for _ in range(count)])
        if depth > 0 and draw < 42:
            return self.subquery_condition(scope)
        return self.leaf(scope)

    def leaf(self, scope):
        column = self.random.choice(scope)
        shapes = [self.comparison] * 6 + [self.membership] * 3 + [self.null_test, self.between, self.two_columns,
                                                                   self.distinct_from, self.of_type, self.of_type]
        return self.random.choice(shapes)(column, scope)

    def operator(self):
        return self.random.choice(["=", "=", "=", "<>", "<", "<=", ">", ">="])

    def comparison(self, column, _scope):
        left, right = column.sql, self.lit(column)
        if column.type in INTEGERS and self.chance(20):
            right = f"{self.random.randrange(-9, 10)}::{self.random.choice(INTEGERS + ('numeric', 'float8'))}"
        if self.chance(20):
            left, right = right, left
        return f"{left} {self.operator()} {right}"

    def membership(self, column, _scope):
        items = [self.lit(column) for _ in range(self.random.randrange(1, 6))]
        if column.type.endswith("[]"):  # arrays of them would be arrays of more dimensions
            return f"{column.sql} {self.random.choice(['in', 'not in'])} ({', '.join(items)})"
        array = f"array[{', '.join(items)}]"
        return self.random.choice([f"{column.sql} in ({', '.join(items)})", f"{column.sql} not in ({', '.join(items)})",
                                   f"{column.sql} = any ({array})", f"{column.sql} <> all ({array})",
                                   f"{column.sql} < any ({array})",
                                   f"{column.sql} = any (({array})[1:{self.random.randrange(3)}])"])

    def null_test(self, column, _scope):
        return f"{column.sql} is {self.random.choice(['', 'not '])}null"

    def between(self, column, _scope):
        how = self.random.choice(["between", "not between", "between symmetric"])
        return f"{column.sql} {how} {self.lit(column)} and {self.lit(column)}"

    def two_columns(self, column, scope):
        other = self.column(scope, lambda each: each == column.type)
        return f"{column.sql} {self.operator()} {other.sql}"

    def distinct_from(self, column, scope):
        other = self.column(scope, lambda each: each == column.type)
        right = other.sql if self.chance(40) else self.lit(column)
        return f"{column.sql} is {self.random.choice(['', 'not '])}distinct from {right}"

    def of_type(self, column, scope):
        shapes = {"bool": self.boolean, "text": self.text, "jsonb": self.json, "date": self.time,
                  "timestamptz": self.time, "int2": self.number, "int4": self.number, "float8": self.number,
                  "numeric": self.number, "text[]": self.array, "int8[]": self.array, "inet": self.address,
                  "cidr": self.address}
        shape = shapes.get(column.type) if column.values[1] != "i4" else None  # no overflows
        return shape(column) if shape else self.comparison(column, scope)

    def boolean(self, column):
        return self.random.choice(["{0}", "not {0}", "{0} is true", "{0} is not true", "{0} is false",
                                   "{0} is unknown", "{0} is not unknown", "{0} = (not {0})",
                                   "coalesce({0}, true)", "case when {0} then false else true end"]).format(column.sql)

    def text(self, column):
        pattern = self.random.choice(PATTERNS)
        collation = self.random.choice(COLLATIONS)
        return self.random.choice([
            f"{column.sql} like {literal('text', pattern)}", f"{column.sql} not like {literal('text', pattern)}",
            f"{column.sql} ilike {literal('text', pattern)}", f"{column.sql} ^@ {self.lit(column)}",
            f"{column.sql} collate {collation} {self.operator()} {self.lit(column)}",
            f"{column.sql} {self.operator()} {self.lit(column)} collate {collation}",
            f"{column.sql}::varchar = {self.lit(column)}", f"{column.sql}::bpchar = {self.lit(column)}::bpchar",
            f"lower({column.sql}) = {self.lit(column)}", f"length({column.sql}) > 1",
            f"coalesce({column.sql}, 'a') = {self.lit(column)}"])

    def json(self, column):
        return self.random.choice(["{0} @> '{{\"a\": 1}}'", "{0} ? 'a'", "{0}->>'a' = '1'", "{0} = '{{\"a\": 2}}'",
                                   "jsonb_typeof({0}) = 'object'", "{0} < '[]'", "{0} in ('7', 'null')",
                                   "{0} @> jsonb_build_object('a', 2)", "{0}->'b' is null"]).format(column.sql)

    def time(self, column):
        return self.random.choice(["{0} {1} now() - interval '1 day'", "{0} {1} '2000-01-01'::date + 3",
                                   "{0} {1} '2000-01-05'::timestamptz", "{0} {1} '1999-12-20'::timestamp",
                                   "{0} {1} (select '2000-01-02'::date)", "{0} {1} current_date - 9450",
                                   "isfinite({0})", "{0}::date {1} '2000-01-07'"]).format(column.sql, self.operator())

    def number(self, column):
        return self.random.choice(["{0} + 1 {1} 3", "{0} {1} 1 + 1", "{0} {1} 0.5", "{0} {1} 2::float8", "- {0} {1} 1",
                                   "abs({0}) {1} 2", "{0} {1} 1::numeric", "{0}::text {1} '1'", "{0} {1} length('ab')",
                                   "({0}, {0}) {1} (1, 2)", "coalesce({0}, 1) {1} 1", "nullif({0}, 1) {1} 2"]
                                  ).format(column.sql, self.operator())

    def array(self, column):
        item = literal("text", self.random.choice(ODD["text"])) if column.type == "text[]" else literal("int8", "1")
        return self.random.choice(["{0} @> array[{1}]", "{1} = any ({0})", "{0}[1] = {1}", "cardinality({0}) > 1",
                                   "{1} <> all ({0})", "{0} && array[{1}]"]).format(column.sql, item)

    def address(self, column):
        return self.random.choice(["{0} << '10.0.0.0/8'", "{0} <<= '192.0.0.0/8'", "family({0}) = 4",
                                   "{0} = '10.0.0.0/16'", "masklen({0}) > 16"]).format(column.sql)

    def subquery_condition(self, scope):
        query = Select()
        inner = self.joined(query, 1 if self.chance(80) else 2, scope)
        if self.chance(60):
            query.where.append(self.link(scope, inner) if self.chance(70) else self.two_columns(
                self.random.choice(inner), inner + scope))
        if self.chance(50):
            query.where.append(self.condition(inner, 0))
        for _ in range(20):
            outer, column = self.random.choice(scope), self.random.choice(inner)
            if outer.type == column.type:
                break
        else:
            outer = column = None
        shape = self.random.randrange(6)
        if column is None or shape < 2:
            query.outputs = ["1"]
            return self.random.choice(["exists ({})", "not exists ({})"]).format(query.sql())
        query.outputs = [column.sql]
        if shape < 4:
            return f"{outer.sql} {self.random.choice(['in', 'in', 'not in', '= any', '> all', '<= any'])} ({query.sql()})"
        if outer.type in NO_MINIMUM:
            query.outputs = ["count(*)"]
            return f"({query.sql()}) {self.operator()} {self.random.randrange(4)}"
        query.outputs = [f"{self.random.choice(['min', 'max'])}({column.sql})"]
        return f"{outer.sql} {self.operator()} ({query.sql()})"

    # -- statements

    def statement(self):
        draw = self.random.randrange(100)
        for limit, shape in ((38, self.plain), (62, self.grouped), (70, self.distinct), (78, self.set_operation),
                             (86, self.derived), (91, self.lateral), (95, self.window), (98, self.first_of_each),
                             (100, self.large)):
            if draw < limit:
                return shape()
        raise AssertionError(draw)

    def add_conditions(self, query, scope, most=3):
        for _ in range(self.random.randrange(most + 1)):
            query.where.append(self.condition(scope, 2))

    def outputs_of(self, scope, most=6):
        return [self.random.choice(scope) for _ in range(self.random.randrange(1, most + 1))]

    def add_order(self, query, columns, may_collate=True):
        for index in self.random.sample(range(len(columns)), self.random.randrange(1, len(columns) + 1)):
            direction = self.random.choice(["", "", "desc"]) + " " + self.random.choice(
                ["", "", "nulls first", "nulls last"])
            is_text = columns[index] is not None and columns[index].type == "text"
            collation = self.random.choice(COLLATIONS[:3]) if may_collate and is_text and self.chance(60) else None
            query.order.append((index, direction, collation))

    def add_limit(self, query):
        if self.chance(70):
            query.limit = self.random.choice([0, 1, 2, 3, 5, 10, 50])
        if self.chance(30):
            query.offset = self.random.choice([0, 1, 2, 7, 100])
        if query.order and query.limit and query.offset is None and self.chance(15):
            query.with_ties = True

    def finish(self, query, columns, may_collate=True):
        if self.chance(50):
            self.add_order(query, columns, may_collate)
        if self.chance(35):
            self.add_limit(query)
        return query

    def plain(self):
        query = Select()
        scope = self.joined(query, self.random.choice([1, 1, 1, 2, 2, 3]))
        self.add_conditions(query, scope)
        columns = self.outputs_of(scope)
        query.outputs = [column.sql for column in columns]
        if self.chance(6):
            query.outputs = [re.sub(r"\..*", "", scope[0].sql)]  # a whole row
            return query
        if self.chance(12):
            query.outputs.append(self.scalar_subquery(scope))
            columns.append(None)
        return self.finish(query, columns)

    def scalar_subquery(self, scope):
        query = Select()
        inner = self.joined(query, 1, scope)
        query.where = [self.link(scope, inner)]
        query.outputs = ["count(*)"] if self.chance(50) else [f"sum({inner[0].sql})"]
        return f"({query.sql()})"

    def aggregate(self, scope):
        column = self.random.choice(scope)
        shapes = ["count(*)", f"count({column.sql})", f"count(distinct {column.sql})"]
        if column.type not in NO_MINIMUM:
            shapes += [f"min({column.sql})", f"max({column.sql})"] * 2
        if column.type in SUMMED:
            shapes += [f"sum({column.sql})", f"avg({column.sql})"] * 2
        if column.type == "bool":
            shapes += [f"bool_and({column.sql})", f"bool_or({column.sql})", f"every({column.sql})"] * 2
        if column.type in INTEGERS:
            shapes += [f"sum(distinct {column.sql})", f"array_agg({column.sql} order by {column.sql})",
                       f"bit_and({column.sql})", f"sum({column.sql}::numeric + 1)"]
        text = self.random.choice(shapes)
        return text + (f" filter (where {condition_text(self.condition(scope, 1))})" if self.chance(20) else "")

    def grouped(self):
        query = Select()
        query.is_loose = True
        scope = self.joined(query, self.random.choice([1, 1, 1, 1, 2, 2, 3]))
        self.add_conditions(query, scope, 2)
        keys = [self.random.choice(scope) for _ in range(self.random.choice([0, 0, 1, 1, 1, 2]))]
        aggregates = [self.aggregate(scope) for _ in range(self.random.randrange(1, 4))]
        query.outputs = [key.sql for key in keys] + aggregates
        if keys:
            names = list(dict.fromkeys(key.sql for key in keys))
            query.group = names if self.chance(93) else [self.random.choice(["rollup", "cube"]) + f" ({', '.join(names)})"]
        if self.chance(25):
            query.having.append(self.random.choice([f"count(*) > {self.random.randrange(4)}", "bool_and(true)"]
                                                   + [f"{key.sql} is not null" for key in keys]
                                                   + [self.comparison(key, scope) for key in keys]))
        if self.chance(10):
            query.distinct = "distinct"
        return self.finish(query, keys + [None] * len(aggregates), may_collate=not query.distinct)

    def distinct(self):
        query = Select()
        query.is_loose = True
        scope = self.joined(query, self.random.choice([1, 1, 2]))
        self.add_conditions(query, scope, 2)
        columns = self.outputs_of(scope, 3)
        query.outputs, query.distinct = [column.sql for column in columns], "distinct"
        return self.finish(query, columns, may_collate=False)

    def first_of_each(self):
        query = Select()
        scope = self.joined(query, 1)
        self.add_conditions(query, scope, 1)
        by, of = self.random.choice(scope), next(each for each in scope if each.sql.endswith(".id"))
        query.outputs, query.distinct = [by.sql, of.sql, self.random.choice(scope).sql], f"distinct on ({by.sql})"
        query.order = [(0, self.random.choice(["", "desc"]), None), (1, self.random.choice(["", "desc"]), None)]
        return query

    def set_operation(self):
        query, other = Select(), Select()
        query.is_loose = True
        scopes = [self.joined(each, 1) for each in (query, other)]
        for each, scope in zip((query, other), scopes):
            self.add_conditions(each, scope, 2)
        pairs = [(one, two) for one in scopes[0] for two in scopes[1] if one.type == two.type]
        chosen = self.random.sample(pairs, min(len(pairs), self.random.randrange(1, 4)))
        query.outputs, other.outputs = [one.sql for one, _ in chosen], [two.sql for _, two in chosen]
        operator = self.random.choice(["union", "union all", "union all", "intersect", "intersect all", "except",
                                       "except all"])
        query.set_operation = (operator, other)
        return self.finish(query, [one for one, _ in chosen], may_collate=False)

    def nested(self, table_count=1):
        """A statement to stand in FROM or WITH, and its columns by the names c0, c1, …"""
        inner = Select()
        scope = self.joined(inner, table_count)
        self.add_conditions(inner, scope, 2)
        columns = self.outputs_of(scope, 4) + [next(each for each in scope if each.sql.endswith(".id"))]
        inner.outputs = [column.sql for column in columns]
        if table_count == 1 and self.chance(30):  # the last column is unique, so the order is complete
            inner.order = [(len(columns) - 1, self.random.choice(["", "desc"]), None)]
            inner.limit = self.random.randrange(1, 30)
        return inner, columns

    def derived(self):
        query = Select()
        inner, columns = self.nested(self.random.choice([1, 1, 2]))
        self.alias_count += 1
        name = f"d{self.alias_count}"
        scope = [Column(f"{name}.c{index}", column.type, column.values) for index, column in enumerate(columns)]
        if self.chance(50):
            query.ctes.append((name, self.random.choice(["", "materialized", "not materialized"]), inner))
            query.sources.append((None, name, None))
        else:
            query.sources.append((None, f"({inner.sql()}) {name}", None))
        if self.chance(50):
            text, added, table = self.source(query)
            self.add_key(query, added, table, [])
            query.sources.append((self.random.choice(["inner", "left"]), text, [self.link(scope, added)]))
            scope = scope + added
        self.add_conditions(query, scope, 2)
        chosen = self.outputs_of(scope)
        query.outputs = [column.sql for column in chosen]
        if self.chance(30):
            query.is_loose, query.outputs, chosen = True, [self.aggregate(scope)], [None]
        return self.finish(query, chosen)

    def lateral(self):
        query, inner = Select(), Select()
        scope = self.joined(query, 1)
        found = self.joined(inner, 1, scope)
        inner.where.append(self.link(scope, found))
        column = next(each for each in found if each.sql.endswith(".id"))
        if self.chance(50):
            inner.outputs, inner.order = [column.sql], [(0, "", None)]
            inner.limit = self.random.randrange(1, 4)
        else:
            inner.outputs = [self.random.choice(["count(*)", f"sum({column.sql})", f"max({column.sql})"])]
        self.alias_count += 1
        name = f"l{self.alias_count}"
        query.sources.append((self.random.choice(["left", "inner"]), f"lateral ({inner.sql()}) {name}", "on true"))
        self.add_conditions(query, scope, 2)
        columns = self.outputs_of(scope, 3)
        query.outputs = [each.sql for each in columns] + [f"{name}.c0"]
        return self.finish(query, columns + [None])

    def window(self):
        query = Select()
        scope = self.joined(query, 1)
        self.add_conditions(query, scope, 2)
        by, of = self.random.choice(scope), next(each for each in scope if each.sql.endswith(".id"))
        call = self.random.choice(["row_number()", f"sum({of.sql})", f"lag({of.sql})", "rank()", f"max({of.sql})"])
        query.outputs = [of.sql, f"{call} over (partition by {by.sql} order by {of.sql})"]
        return self.finish(query, [of, None])

    def large(self):
        """The table of several blocks, alone or with a small one."""
        query = Select()
        text, scope, _ = self.source(query, "big")
        query.sources.append((None, text, None))
        self.add_conditions(query, scope, 2)
        if self.chance(50):
            query.is_loose = True
            query.outputs = [self.aggregate(scope) for _ in range(2)]
            return query
        columns = self.outputs_of(scope, 3)
        query.outputs = [each.sql for each in columns]
        query.limit = self.random.choice([1, 10, 500])
        if self.chance(50):
            self.add_order(query, columns)
        return query


def render(text, schema_of, as_parameters=False):
    """(SQL, types, values, other values): tables get `schema_of(number)`, literals values or $n."""
    types, values, others = [], [], []

    def replace(match):
        sql_type, value, other = match.groups()
        if not as_parameters:
            return f"{quote(other)}::{sql_type}"
        types.append(sql_type)
        values.append(f"{quote(value)}::{sql_type}")
        others.append(f"{quote(other)}::{sql_type}")
        return f"${len(types)}"

    sql = TABLE.sub(lambda match: f"{schema_of(int(match.group(2)))}.{match.group(1)}", text)
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
