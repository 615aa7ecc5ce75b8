"""Paired timings: A B A B … in one run, so that a drift of the machine's speed cancels out."""

import json
import statistics
import time


def timed(cursor, sql):
    began = time.perf_counter()
    cursor.execute(sql)
    cursor.fetchall()
    return time.perf_counter() - began


def paired(cursor, statements, rounds=5, warm_up=1):
    """{name: sql} → {name: [seconds]}, interleaved."""
    times = {name: [] for name in statements}
    for round_ in range(warm_up + rounds):
        for name, sql in statements.items():
            took = timed(cursor, sql)
            if round_ >= warm_up:
                times[name].append(took)
    return times


def ratio(times, numerator, denominator):
    """Median of the ratios pair by pair."""
    return statistics.median(a / b for a, b in zip(times[numerator], times[denominator]))


def median(values):
    return statistics.median(values)


class Report:
    def __init__(self, path):
        self.path, self.figures, self.lines = path, [], []

    def add(self, name, value, unit, goal, is_reached):
        self.figures.append({"name": name, "value": round(value, 4), "unit": unit})
        verdict = "reached" if is_reached else "NOT reached"
        self.lines.append((name, f"{value:.2f} {unit}", goal, verdict))

    def note(self, text):
        print(text, flush=True)

    def finish(self):
        widths = [max(len(line[column]) for line in self.lines) for column in range(4)]
        print()
        for line in self.lines:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        with open(self.path, "w") as file:
            json.dump(self.figures, file, indent=1)
            file.write("\n")
        print(f"\nwrote {self.path}")
