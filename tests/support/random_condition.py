"""Random tables, joins and conditions over the spy's columns; random_query.py makes statements of them."""

from query_tree import Select, condition_text, literal, table_mark

INTEGERS = ("int2", "int4", "int8")
SUMMED = INTEGERS + ("float4", "float8", "numeric", "interval")
NO_ORDER = ("jsonb", "text[]", "int8[]", "cidr")  # that a plugin could keep
NO_MINIMUM = ("bool", "uuid", "jsonb", "bytea", "cidr")
KEYS = {"keyed": ["k"], "any_of": ["k", "txt"]}  # one of them needs a condition
DOUBLED = ["pair", "both"]  # every row of mid twice, so nothing in them is unique
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


class Column:
    def __init__(self, sql, sql_type, values):
        self.sql, self.type, self.values = sql, sql_type, values


class Conditions:
    """`catalog`: table → [(column, type)]; `values`: (table, column) → texts."""

    def __init__(self, random, catalog, values):
        self.random, self.catalog, self.values = random, catalog, values
        self.table_count = self.alias_count = 0
        self.needs_unique = False                # the statement counts on unique ids
        self.is_simple = random.randrange(3) == 0  # conditions that a plugin may take as a whole

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
        table = table or self.random.choice(TABLES if self.needs_unique else TABLES + DOUBLED)
        self.alias_count += 1
        alias = f"t{self.alias_count}"
        scope = [Column(f"{alias}.{name}", sql_type, (table, name)) for name, sql_type in self.catalog[table]]
        self.table_count += 1
        return f"{table_mark(table, self.table_count)} {alias}", scope, table

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
        if self.is_simple and not self.chance(3):
            column = self.random.choice(scope)
            if column.type == "text" and self.chance(15):
                return f"{column.sql} like {literal('text', self.random.choice(PATTERNS))}"
            shape = self.random.choice([self.comparison, self.comparison, self.membership, self.null_test, self.between])
            return shape(column, scope)
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
        # As numeric where a number may leave its type: which rows a join gives to a condition is not promised, so one
        # plan may fail where another has no row left.
        return self.random.choice(["{0}::numeric + 1 {1} 3", "{0} {1} 1 + 1", "{0} {1} 0.5", "{0} {1} 2::float8",
                                   "- {0}::numeric {1} 1", "abs({0}::numeric) {1} 2", "{0} {1} 1::numeric",
                                   "{0}::text {1} '1'", "{0} {1} length('ab')",
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
