"""Random SELECT statements over the spy's tables."""

import re

from query_tree import Select, condition_text
from random_condition import COLLATIONS, INTEGERS, NO_MINIMUM, NO_ORDER, SUMMED, Column, Conditions


# Types that the spy does not compare.
UNCOMPARED = ("jsonb", "text[]", "int8[]")


class Generator(Conditions):
    def statement(self):
        draw = self.random.randrange(100)
        unique = (self.derived, self.lateral, self.window, self.first_of_each)
        for limit, shape in ((26, self.plain), (46, self.grouped), (60, self.first_rows), (66, self.distinct),
                             (73, self.set_operation), (81, self.derived), (86, self.union), (91, self.lateral), (95, self.window),
                             (98, self.first_of_each), (100, self.large)):
            if draw < limit:
                self.needs_unique = shape in unique
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
            query.is_whole_row = True
            return query
        if self.chance(12):
            query.outputs.append(self.scalar_subquery(scope))
            columns.append(None)
        return self.finish(query, columns)

    def first_rows(self):
        """What a plugin may sort, or pick the first of: rows of one table, by bytes where they are text."""
        query = Select()
        self.is_simple = self.is_simple or self.chance(70)
        scope = self.joined(query, 1)
        self.add_conditions(query, scope, self.random.choice([0, 0, 1, 2]))
        sortable = [column for column in scope if column.type not in NO_ORDER]
        columns = [self.random.choice(sortable) for _ in range(self.random.randrange(1, 4))]
        shape = self.random.choice(["rows", "rows", "rows", "rows", "groups", "groups", "distinct"])
        if shape != "rows":
            columns = [each for each in columns if each.type != "text"] or [next(each for each in scope if each.sql.endswith(".id"))]
            query.is_loose = True
        query.outputs = [column.sql for column in columns]
        if shape == "groups":
            query.group = list(dict.fromkeys(query.outputs))
            query.outputs.append(self.aggregate(scope))
            columns.append(None)
        elif shape == "distinct":
            query.distinct = "distinct"
        elif self.chance(70):
            query.outputs.append(self.random.choice(scope).sql)
        for index in self.random.sample(range(len(columns)), self.random.randrange(1, len(columns) + 1)):
            direction = self.random.choice(["", "desc"]) + self.random.choice(["", " nulls first", " nulls last"])
            is_text = columns[index] is not None and columns[index].type == "text"
            query.order.append((index, direction, '"C"' if is_text else None))
        if self.chance(75):
            query.limit = self.random.choice([0, 1, 2, 3, 5, 10, 50, 1000])
            query.offset = self.random.choice([None, None, 0, 1, 7])
            query.first_limit = self.random.choice([None, 0, 1, 20])
        return query

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
        scope = self.joined(query, 1 if self.is_simple else self.random.choice([1, 1, 1, 1, 2, 2, 3]))
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
        is_distinct = self.chance(10)
        if query.group and " (" in query.group[0]:
            return query  # before 18, the server sorts them as if a key that equals a constant were never NULL
        if is_distinct:
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
        return self.above(query, scope, joined_percent=50, aggregated_percent=30)

    def union(self):
        """Tables put together by UNION ALL, with conditions and aggregates above all of them."""
        arms, pairs = [], []
        for _ in range(self.random.randrange(2, 5)):
            arm = Select()
            scope = self.joined(arm, 1)
            self.add_conditions(arm, scope, 1)
            arms.append((arm, scope))
        types = set.intersection(*({each.type for each in scope} for _, scope in arms))
        for sql_type in self.random.sample(sorted(types), min(len(types), 3)):
            pairs.append([self.column(scope, lambda each, wanted=sql_type: each == wanted) for _, scope in arms])
        for index, (arm, _) in enumerate(arms):
            arm.outputs = [pair[index].sql for pair in pairs]
        self.alias_count += 1
        name = f"u{self.alias_count}"
        query = Select()
        query.sources.append((None, "(" + " union all ".join(arm.sql() for arm, _ in arms) + f") {name}", None))
        scope = [Column(f"{name}.c{index}", pair[0].type, pair[0].values) for index, pair in enumerate(pairs)]
        return self.above(query, scope, joined_percent=30, aggregated_percent=40)

    def above(self, query, scope, joined_percent, aggregated_percent):
        """The rest of a statement over rows that are put together in FROM."""
        if self.chance(joined_percent):
            text, added, table = self.source(query)
            self.add_key(query, added, table, [])
            query.sources.append((self.random.choice(["inner", "left"]), text, [self.link(scope, added)]))
            scope = scope + added
        self.add_conditions(query, scope, 2)
        chosen = self.outputs_of(scope)
        query.outputs = [column.sql for column in chosen]
        if self.chance(aggregated_percent):
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

    # -- joins that a plugin may do as a whole

    def same_column(self, left, right):
        """An equality of columns that both are called alike, if there are any, and can be pushed."""
        pairs = [(one, other) for one in left for other in right
                 if one.values[1] == other.values[1] and one.type not in UNCOMPARED]
        return "{0.sql} = {1.sql}".format(*self.random.choice(pairs)) if pairs else self.link(left, right)

    def simple_condition(self, scope):
        shape = self.random.choice([self.comparison, self.comparison, self.membership, self.null_test])
        return shape(self.random.choice([each for each in scope if each.type not in UNCOMPARED]), scope)

    def other_than(self, left, right):
        """A comparison of two columns that is no equality."""
        name = self.random.choice(["id", "k"])
        one, other = (next(each for each in scope if each.values[1] == name) for scope in (left, right))
        return f"{one.sql} {self.random.choice(['<', '<=', '>', '>=', '<>'])} {other.sql}"

    def pushable_source(self, query):
        text, scope, table = self.source(query, self.random.choice(["wide", "mid", "mid", "small", "small", "empty",
                                                                    "keyed"]))
        self.add_key(query, scope, table, [])
        return text, scope

    def pushable_join(self):
        query = Select()
        self.is_simple = True
        text, scope = self.pushable_source(query)
        query.sources.append((None, text, None))
        for _ in range(self.random.choice([1, 1, 1, 2, 2, 3])):
            kind = self.random.choice(["inner", "inner", "left", "left", "right", "full"])
            text, added = self.pushable_source(query)
            on = [self.same_column(scope, added)]
            if kind != "full" and self.chance(25):
                on.append(self.other_than(scope, added))
            if kind != "full" and self.chance(25):
                on.append(self.simple_condition(scope + added))
            query.sources.append((kind, text, on))
            if kind in ("left", "full") and self.chance(25):  # above the join, of the side that may be missing
                column = self.random.choice(added)
                query.where.append(f"{column.sql} is null" if self.chance(70) else
                                   f"({column.sql} is null or {column.sql} is not null)")
            scope = scope + added
        for _ in range(self.random.choice([0, 0, 1, 1, 2])):
            query.where.append(self.simple_condition(scope))
        if self.chance(30):
            inner = Select()
            text, found = self.pushable_source(inner)
            inner.sources.append((None, text, None))
            inner.where.append(self.same_column(scope, found))
            inner.outputs = ["1"]
            query.where.append(f"{self.random.choice(['', 'not '])}exists ({inner.sql()})")
        columns = self.outputs_of(scope, 4)
        query.outputs = [column.sql for column in columns]
        if self.chance(20):
            query.is_loose = True
            query.outputs = [self.aggregate(scope) for _ in range(2)]
            return query
        return self.finish(query, columns)

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
