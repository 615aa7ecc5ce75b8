#!/usr/bin/python3
"""jsonb that a plugin makes from JSON text has the bytes of the server's own jsonb_in, and what that refuses is refused
with its code."""

import random

import penstock
import random_json

SEED = int(penstock.os.environ.get("PENSTOCK_SEED", "20261120").split(":")[0])
DOCUMENTS = 6000

# jsonb_in as a function that gives NULL for what it refuses; and the code of that.
FUNCTIONS = """
    create or replace function public.made(document text) returns jsonb language plpgsql as $$
        begin return document::jsonb; exception when others then return null; end $$;
    create or replace function public.code(document text) returns text language plpgsql as $$
        begin perform document::jsonb; return null; exception when others then return sqlstate; end $$;
    create or replace function public.is_json(document text) returns bool language plpgsql as $$
        begin perform document::json; return true; exception when others then return false; end $$;"""


def write_files():
    """All before the connections are made: one refresh finds them all."""
    for name, documents in (("random", RANDOM), ("hostile", HOSTILE), ("fixed", FIXED)):
        write(name, "n,d\n" + random_json.as_csv(enumerate(documents)))
    for number, document in enumerate(HOSTILE):
        write(f"hostile{number}", "d\n" + random_json.as_csv([[document]]))
    write("bytes", b'n,d\n1,"""\xff"""\n2,"""\xed\xa0\x80"""\n3,"{""\xc3"": 1}"\n4,"""\xc3\xa4"""\n')
    write("onebyte", b'd\n"""\xff"""\n')
    write("deep", "n,d\n" + random_json.as_csv([(levels, "[" * levels + "]" * levels) for levels in (1000, 1001)]))
    write("deeper", "d\n" + "[" * 1001 + "]" * 1001 + "\n")


def write(name, content):
    with open(INSTANCE.path("data", f"{name}.csv"), "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def compare(name, documents):
    """Every document, its jsonb by the plugin beside that of the server; those that are refused are left out."""
    rows = INSTANCE.rows(f"""select t.n::int, m.n is null, public.made(t.d) is null, record_image_eq(row(m.d), row(public.made(t.d)))
        from texts.{name} t left join made.{name} m on m.n = t.n""")
    assert len(rows) == len(documents), (len(rows), len(documents))
    for n, is_refused, is_refused_there, is_equal in rows:
        assert is_refused == is_refused_there, (documents[n], is_refused, is_refused_there)
        assert is_refused or is_equal, documents[n]
    return sum(not row[1] for row in rows)


def the_bytes_are_those_of_jsonb_in():
    accepted = compare("random", RANDOM)
    # Some of the good ones have a number that overflows, some of the broken ones are still good.
    assert len(RANDOM) // 3 < accepted < len(RANDOM), accepted
    assert compare("fixed", FIXED) > len(random_json.ODD)
    compare("hostile", HOSTILE)


def a_refusal_has_the_code_of_jsonb_in_and_says_where():
    codes = dict(INSTANCE.rows("select n::int, public.code(d) from texts.hostile"))
    for number, document in enumerate(HOSTILE):
        if codes[number] is None:
            assert INSTANCE.rows(f"select count(d) from strict.hostile{number}") == [(1,)], document
            continue
        error = INSTANCE.error(f"select d from strict.hostile{number}")
        assert error.pgcode == codes[number], (document, error.pgcode, codes[number])
        assert 'for column "d" of type jsonb' in str(error) and ", at byte " in error.diag.message_detail, error


def bytes_that_are_no_text_are_refused():
    assert INSTANCE.rows("select n::int from made.bytes") == [(4,)]
    assert INSTANCE.error("select d from strict.onebyte").pgcode == "22021"


def a_document_may_have_a_thousand_levels():
    assert INSTANCE.rows("select n::int from made.deep") == [(1000,)]
    error = INSTANCE.error("select d from strict.deeper")
    assert error.pgcode == "54000" and "1000 levels" in error.diag.message_detail, error


def a_column_of_type_json_keeps_the_text_and_the_check_of_json_in():
    """The server makes it from the text, so everything is as json_in has it: order and white space kept, \\u0000 too."""
    INSTANCE.superuser(f"""create server kept foreign data wrapper penstock
            options (socket '{INSTANCE.path("run", "csv.sock")}');
        create foreign table public.fixed (n int8, d json) server kept options (connection 'texts', "table" 'fixed');
        grant select on public.fixed to penstock_users; grant usage on foreign server kept to penstock_users;""")
    assert sorted(INSTANCE.rows("select n::int, d::text from public.fixed")) == list(enumerate(FIXED))
    INSTANCE.superuser(f"""do $$ begin for n in 0..{len(HOSTILE) - 1} loop execute format(
        'create foreign table public.kept%1$s (d json) server kept options (connection ''texts'', "table" ''hostile%1$s'');
        grant select on public.kept%1$s to penstock_users', n); end loop; end $$""")
    good = dict(INSTANCE.rows("select n::int, public.is_json(d) from texts.hostile"))
    for number, document in enumerate(HOSTILE):
        if good[number]:
            assert INSTANCE.rows(f"select d::text from public.kept{number}") == [(document,)], document
        else:
            assert INSTANCE.error(f"select d from public.kept{number}").pgcode[:2] == "22", document


MAKER = random_json.RandomJson(random.Random(SEED))
RANDOM = [MAKER.document() for _ in range(DOCUMENTS // 2)] + [MAKER.broken() or " " for _ in range(DOCUMENTS // 2)]
FIXED = random_json.ODD + random_json.NUMBERS
HOSTILE = random_json.HOSTILE

with penstock.Instance() as INSTANCE:
    penstock.os.makedirs(INSTANCE.path("data"), exist_ok=True)
    penstock.os.chmod(INSTANCE.path("data"), 0o755)
    write_files()
    INSTANCE.superuser(FUNCTIONS)
    INSTANCE.write("made.spc", "".join(
        f'connection "{name}" {{\n  plugin = "csv"\n  paths = ["{INSTANCE.path("data")}/*.csv"]\n  header = "on"\n'
        f'  columns = {{ d = "{kind}" }}\n  on_error = "{on_error}"\n}}\n'
        for name, kind, on_error in (("made", "jsonb", "skip"), ("strict", "jsonb", "fail"), ("texts", "text", "skip"))))
    for connection in ("made", "strict", "texts"):
        INSTANCE.wait_state(connection, "ready")
    penstock.run_tests([the_bytes_are_those_of_jsonb_in, a_refusal_has_the_code_of_jsonb_in_and_says_where,
                        bytes_that_are_no_text_are_refused, a_document_may_have_a_thousand_levels,
                        a_column_of_type_json_keeps_the_text_and_the_check_of_json_in])
