"""JSON documents, good and bad, for tests that compare two readers of them. Everything comes from a random.Random."""

NUMBERS = ["0", "-0", "-0.0", "0.00", "1", "-1", "9999", "10000", "-10000", "123456789012345678", "999999999999999999",
           "1000000000000000000", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
           "123456789012345678901234567890.123456789012345678901234567890", "0.0001", "0.00010000", "0.000000001",
           "10000.0001", "100000000", "1.10", "1e0", "1E5", "1e-5", "12.5e3", "12.5E-3", "0e5", "0e-5", "0.0e10", "1e400",
           "1e-400", "-1.5e+20", "1e131071", "1e-16383", "5e-324", "1.7976931348623157e308", "0.1e1", "40e-1", "100e-2"]
# Refused by one or by both.
HOSTILE = [
    " ", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "1 2", "1,2", "[1],[2]", "1],[2", '{"a"}', '{"a":}',
    '{"a":1,}', '{"a" 1}', "{1:2}", "{a:1}", '{"a":1 "b":2}', "[1}", '{"a":1]', "tru", "truex", "true x", "nul", "nullx",
    "fals", "True", "NULL", "+1", "01", "-01", "00", "-", "1.", ".5", "-.5", "1e", "1e+", "1.e5", "--1", "0x1", "1_000", "NaN",
    "Infinity", "-Infinity", "'a'", '"a', '"\\x"', '"\\u12"', '"\\u12g4"', '"\\u"', '"\\', '"\\"', '"a\nb"', '"a\tb"',
    '"\x01"', '"\x1f"', "[1]]", '{"a":1}}', "// c\n1", "1 /* c */", "\ufeff1", "\u00a01", "1\x0b", "1\x0c", '"\\u0000"',
    '"a\\u0000b"', '{"\\u0000":1}', '[["\\u0000"', '"\\ud800"', '"\\udc00"', '"\\ud800\\ud800"', '"\\ud83dx"',
    '{"\\udc00":1}', '"\\ude00\\ud83d"', '"\\ud800\\u0000"', '"\\ud800\\u0041"', '"\\uD83D\\uDE0', "1e131072", "-1e131072",
    "1e-16384", "[1e1000000000]", "1e99999999999999999999", "1e-99999999999999999999", "0e99999999999999999999",
    '{"a":[1e200000]}', "1e2147483647", "1e-2147483648",
]
# Accepted, each for a reason.
ODD = [
    "1", "null", "true", '""', "[]", "{}", "[[]]", '{"":1}', '{"":1,"":2}', '{"a":1,"a":2}', '{"b":1,"a":2,"b":3,"c":[]}',
    '{"aa":1,"b":2,"ab":3,"B":4}', '{"\\u0061":1,"a":2}', '{"é":1,"e":2,"ee":3}', ' \t\r\n{ "a" :\n1 } \r\n', '"\\ud83d\\ude00"',
    '"\\uD83D\\uDE00x"', '"\\u00e9\\/\\b\\f\\n\\r\\t\\\\\\""', '"\\u0001\\u001f\\u007f"', '"\x7f"', '"\\\\u0000"', '"\uffff\U0010ffff"',
    "[" * 999 + "]" * 999, '{"a":' * 500 + "[]" + "}" * 500, "[" + ",".join(["1"] * 100) + "]",
    "[" + ",".join('"%s"' % ("x" * n) for n in range(70)) + "]",
    "{" + ",".join('"k%d":%d' % (n * 7919 % 1000, n) for n in range(300)) + "}",
    '["' + "y" * 100000 + '"]', "9" * 5000, "0." + "0" * 1000 + "1", "1" + "0" * 1000, "-0e0",
]
LETTERS = ["a", "b", "Z", " ", "/", "'", "ä", "ß", "€", "語", "😀", "\x7f", "\u0301", "\ufeff", "0123456789", "long enough for steps"]
ESCAPES = ['\\"', "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0041", "\\u00E4", "\\u20ac", "\\ud83d\\ude00", "\\u0001"]
PIECES = list('{}[]:,"\\ \t\n0123456789eE+-.atruflsn\x01\x1f') + ["\\u0000", "\\ud800", "\\udc00", "null", "true", "1e", "ä"]


class RandomJson:
    def __init__(self, random):
        self.random = random

    def space(self):
        return self.random.choice(["", "", "", " ", "\n", "\t ", "\r\n  "])

    def string(self):
        count = self.random.choice([0, 1, 1, 2, 2, 3, 3, 5, 8, 17])
        parts = [self.random.choice(ESCAPES if self.random.random() < 0.15 else LETTERS) for _ in range(count)]
        return '"' + "".join(parts) + '"'

    def number(self):
        if self.random.random() < 0.5:
            return self.random.choice(NUMBERS)
        digits = "".join(self.random.choice("0000123456789") for _ in range(self.random.randint(1, 30))).lstrip("0") or "0"
        point = self.random.randint(1, len(digits))
        text = self.random.choice(["", "-"]) + digits[:point] + ("." + digits[point:] if point < len(digits) else "")
        return text + self.random.choice(["", "", "", f"e{self.random.randint(-50, 50)}"])

    def value(self, depth=0):
        kind = self.random.random()
        large = [30, 40] if depth == 0 else []
        if depth < 5 and kind < 0.2:
            items = [self.value(depth + 1) for _ in range(self.random.choice([0, 1, 2, 3, *large]))]
            return "[" + (self.space() + "," + self.space()).join(items) + self.space() + "]"
        if depth < 5 and kind < 0.5:
            keys = [self.string() for _ in range(self.random.choice([0, 1, 2, 4, *large]))]
            keys += self.random.choices(keys, k=self.random.randint(0, 3)) if keys else []
            members = [key + self.space() + ":" + self.space() + self.value(depth + 1) for key in keys]
            return "{" + self.space() + ("," + self.space()).join(members) + "}"
        if kind < 0.75:
            return self.string()
        return self.number() if kind < 0.95 else self.random.choice(["true", "false", "null"])

    def document(self):
        return self.space() + self.value() + self.space()

    def broken(self):
        """A document with some bytes too many, too few or changed; now and then it is still one."""
        text = self.document()
        for _ in range(self.random.choice([1, 1, 1, 2, 5])):
            at = self.random.randint(0, len(text))
            end = at + self.random.choice([0, 1, 1, 2, 9])
            text = text[:at] + self.random.choice(["", *PIECES]) + text[end:]
        return text


def as_csv(rows):
    """Rows of texts, quoted."""
    return "".join(",".join('"' + str(cell).replace('"', '""') + '"' for cell in row) + "\n" for row in rows)
