"""Are the rows of two servers the same, as far as the statement says which rows there are?"""

import collections
import re

FLOATS, NUMERIC, INTERVAL = (700, 701), 1700, 1186


class Difference(Exception):
    sqlstate = None


def loosely(value, oid):
    """One spelling for values that are equal to the server."""
    if value is None:
        return None
    if oid in FLOATS:
        return "0" if value == "-0" else value
    if oid == NUMERIC and "." in value:
        return value.rstrip("0").rstrip(".")
    if oid == INTERVAL:
        return span(value)
    return value


def span(text):
    """Microseconds, a month counting as 30 days."""
    total = 0
    for count, unit in re.findall(r"(-?\d+) (year|mon|day)", text):
        total += int(count) * {"year": 360, "mon": 30, "day": 1}[unit] * 86_400_000_000
    clock = re.search(r"([-+]?)(\d+):(\d+):(\d+)(?:\.(\d+))?$", text)
    if clock:
        sign, hours, minutes, seconds, part = clock.groups()
        micros = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1_000_000 + int((part or "0").ljust(6, "0"))
        total += -micros if sign == "-" else micros
    return total


def compare(query, expected, found, oids):
    def spelled(rows):
        return [tuple(map(loosely, row, oids)) for row in rows] if query.is_loose else rows

    def keys(rows):
        return [tuple(loosely(row[index], oids[index]) for index, _, _ in query.order) for row in rows]

    offset, limit = query.offset or 0, query.limit
    is_cut = not query.with_ties and (query.limit is not None or query.offset is not None)
    window = slice(offset, None if limit is None else offset + limit) if is_cut else slice(None)
    if len(expected[window]) != len(found):
        raise Difference(f"{len(found)} rows instead of {len(expected[window])}")
    if query.order and keys(expected[window]) != keys(found):
        raise Difference("another order")
    missing, extra = (collections.Counter(spelled(rows)) for rows in (expected, found))
    missing.subtract(extra)
    wrong = {row: count for row, count in missing.items() if count < 0 or (count > 0 and not is_cut)}
    if wrong:
        raise Difference("rows that differ (heap has count more):\n" + "\n".join(
            f"  {count:+} {row}" for row, count in list(wrong.items())[:6]))
