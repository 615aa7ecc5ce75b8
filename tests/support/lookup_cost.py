"""What a look-up of a name in a ready schema costs more with the library: instructions, counted by callgrind on a
server of its own. For `make bench-wait`; alone: PENSTOCK_STAGE=… tests/support/lookup_cost.py"""

import glob
import os
import re
import shutil
import subprocess
import tempfile

import penstock
from penstock import as_service_user, pg_bindir, service_user, wait_until

STATEMENTS = 3000
# What the server calls because of us: the search in a schema, and what follows each statement.
COUNTED = ("RunNamespaceSearchHook", "analyze_hook", "transaction_ended")
SCHEMA = """
create extension penstock;
create schema c authorization penstock_owner;
comment on schema c is 'Penstock connection "c", plugin "p"';
create table c.t (x int);
insert into penstock.connection_state (connection_name) values ('c');
update penstock.connection_state set state = 'ready', imported = true;
"""


def run(folder, program, *arguments, text=None):
    subprocess.run(as_service_user([os.path.join(pg_bindir(), program), *arguments]), input=text, text=True, check=True,
                   cwd=folder, stdout=subprocess.DEVNULL)


def costs(path):
    """function → (calls, instructions with all that it calls) of a callgrind file."""
    names, found, callee = {}, {}, None
    with open(path) as file:
        lines = iter(file)
        for line in lines:
            if named := re.match(r"c?fn=\((\d+)\)(?: (.*))?", line):
                number, name = named.groups()
                names.setdefault(number, name)
                callee = names[number] if line.startswith("c") else callee
            elif called := re.match(r"calls=(\d+)", line):
                short = (callee or "").split("(")[0] if "anonymous" not in callee else callee.split("::")[-1].split("(")[0]
                calls, cost = found.get(short, (0, 0))
                found[short] = (calls + int(called[1]), cost + int(next(lines).split()[-1]))
    return found


def counts_of_session(folder, psql, statements):
    """function → instructions, of a session that looks up one name in each of so many statements."""
    done = set(glob.glob(f"{folder}/out.*"))
    run(folder, *psql, text="select 1 from c.t;\n" * statements)

    def finished():
        counted = [costs(path) for path in set(glob.glob(f"{folder}/out.*")) - done]
        return [one for one in counted if one.get(COUNTED[0], (0, 0))[0] >= statements]
    wait_until(finished, "the counts of the session", 120)
    return {name: finished()[0].get(name, (0, 0))[1] for name in COUNTED}


def instructions_per_lookup():
    """function → instructions for one statement with one qualified name of a connection that is ready."""
    folder = tempfile.mkdtemp(prefix="lc", dir="/tmp")
    shutil.chown(folder, service_user())
    server = None
    try:
        run(folder, "initdb", "-D", f"{folder}/data", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        with open(f"{folder}/data/postgresql.conf", "a") as file:
            file.write(f"listen_addresses = ''\nunix_socket_directories = '{folder}'\nfsync = off\nautovacuum = off\n"
                       "shared_preload_libraries = 'penstock'\n")
        server = subprocess.Popen(as_service_user([
            "valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={folder}/out.%p",
            os.path.join(pg_bindir(), "postgres"), "-D", f"{folder}/data"]), cwd=folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ready = as_service_user([os.path.join(pg_bindir(), "pg_isready"), "-q", "-h", folder])
        wait_until(lambda: subprocess.run(ready, cwd=folder).returncode == 0, "the server under callgrind", 120)
        psql = ("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", folder, "-U", "postgres", "-d", "postgres")
        run(folder, *psql, text=SCHEMA)
        few, many = (counts_of_session(folder, psql, number) for number in (STATEMENTS, 2 * STATEMENTS))
        # The difference: what the first look-up reads and keeps is in both.
        return {name: (many[name] - few[name]) / STATEMENTS for name in COUNTED}
    finally:
        if server is not None:
            server.terminate()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    counted = instructions_per_lookup()
    for name, cost in counted.items():
        print(f"{name}: {cost:.0f} instructions")
    print(f"lookup_added_instructions: {sum(counted.values()):.0f}")
