#!/usr/bin/python3
"""`penstock shell` and a psql started by hand: environment, variables, prompt, the user's psqlrc."""

import os
import shutil
import subprocess

import penstock
import terminal

PSQL = os.path.join(penstock.pg_bindir(), "psql")


def shell(*arguments, text=None, **environment):
    done = subprocess.run([penstock.PENSTOCK, "shell", *arguments], env={**INSTANCE.environment, **environment},
                          capture_output=True, text=True, timeout=60,
                          **({"stdin": subprocess.DEVNULL} if text is None else {"input": text}))
    return done.returncode, done.stdout, done.stderr


def by_hand(text, **environment):
    """psql in a shell that has evaluated `penstock service env`."""
    done = subprocess.run(["sh", "-c", f'eval "$(\'{penstock.PENSTOCK}\' service env)"; \'{PSQL}\' -At'],
                          env={**INSTANCE.environment, **environment}, input=text, capture_output=True, text=True,
                          timeout=60)
    return done.returncode, done.stdout, done.stderr


def all_arguments_are_those_of_psql():
    assert shell("-XAtc", "select current_user, current_database()") == (0, "penstock|penstock\n", "")
    assert shell("-h", INSTANCE.path("run", "pg"), "-XAt", "-c", "select 1", "-c", "select 2") == (0, "1\n2\n", "")
    code, out, error = shell("-X", "-c", "select 1/0")
    assert (code, out, error) == (1, "", "ERROR:  division by zero\n")
    assert shell("--nosuch")[0] == 1
    code, out, _ = shell("--help")
    assert code == 0 and ":connections" in out and "psql" in out, out


def variables_show_what_there_is():
    looks = ":connections\n:tables\n:errors\n"
    for code, out, error in (shell("-At", text=looks), by_hand(looks)):
        assert (code, error) == (0, ""), error
        lines = out.splitlines()
        assert "ex|ready|example|5|" in lines, lines
        assert any(line.startswith("ex|example_numbers|The whole numbers") for line in lines), lines
        assert any(line.startswith("connection|it's \"bad\"|unknown argument") for line in lines), lines
        assert any(line.startswith("file|") and "broken.spc|" in line for line in lines), lines


def the_prompt_says_what_is_still_loading(command, environment):
    gate = INSTANCE.path("files", "gate")
    psql = terminal.Terminal(command, {**INSTANCE.environment, **environment})
    psql.read_until("penstock=> ")
    INSTANCE.write("slow.spc", f'connection "slow" {{\n  plugin = "many"\n  gate = "{gate}"\n}}\n')
    INSTANCE.wait_for(lambda: INSTANCE.state("slow"), lambda seen: seen is not None, "the new connection")
    psql.send("select 'first';\n")
    shown = psql.read_until(")=> ")
    assert shown.endswith(("\npenstock(1 pending)=> ", "\npenstock(1 updating)=> ")), shown
    with open(gate, "w") as file:
        os.fchmod(file.fileno(), 0o644)
    INSTANCE.wait_state("slow", "ready")
    psql.send("select 'second';\n")
    psql.read_until("second\n")
    psql.read_until("penstock=> ")
    psql.send("\\q\n")
    code, _, error = psql.finish()
    assert (code, error) == (0, ""), (code, error)
    INSTANCE.remove("slow.spc")
    INSTANCE.wait_state("slow", None)
    os.unlink(gate)


def the_prompt_of_penstock_shell_says_what_is_still_loading():
    the_prompt_says_what_is_still_loading([penstock.PENSTOCK, "shell"], {})


def the_prompt_of_a_psql_started_by_hand_does_so_too():
    command = f'eval "$(\'{penstock.PENSTOCK}\' service env)"; exec \'{PSQL}\''
    the_prompt_says_what_is_still_loading(["sh", "-c", command], {})


def the_users_own_start_up_file_counts_after_ours():
    home = INSTANCE.path("it's a \"home\" $(false)")
    os.mkdir(home)
    show = "select :'who', :'PROMPT1', length(:'connections') > 0;\n"

    def write(name, who):
        with open(os.path.join(home, name), "w") as file:
            file.write(f"\\set QUIET 1\n\\set PROMPT1 mine\n\\set who '{who}'\n")
        return os.path.join(home, name)

    def look(expected, **environment):
        environment = {"HOME": home, **environment}
        assert shell("-At", text=show, **environment) == (0, f"{expected}|mine|t\n", "")
        assert by_hand(show, **environment) == (0, f"{expected}|mine|t\n", "")

    write(".psqlrc", "plain")
    look("plain")
    major = subprocess.run([PSQL, "--version"], capture_output=True, text=True, check=True).stdout.split()[2].split(".")[0]
    write(f".psqlrc-{major}", "of the version")
    look("of the version")
    named = write("named rc", "named by PSQLRC")
    look("named by PSQLRC", PSQLRC=named)
    # What was evaluated twice, or in a shell of penstock's, is still the user's.
    twice = f'eval "$(\'{penstock.PENSTOCK}\' service env)"; ' * 2 + f"'{penstock.PENSTOCK}' shell -At"
    done = subprocess.run(["sh", "-c", twice], env={**INSTANCE.environment, "HOME": home, "PSQLRC": named}, input=show,
                          capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "named by PSQLRC|mine|t\n", ""), done


def the_start_up_file_does_not_show_in_scripts():
    assert shell("-At", "-f", "-", text="select 1;\n", HOME="/nonexistent") == (0, "1\n", "")
    assert by_hand("select 1;\n", HOME="/nonexistent") == (0, "1\n", "")


def without_psql_the_error_says_how_to_get_it():
    code, out, error = shell("-c", "select 1", PENSTOCK_PG_BINDIR="/nonexistent", PATH="/nonexistent")
    assert (code, out) == (1, ""), out
    assert error == "penstock: could not run psql: No such file or directory\n" \
        "HINT:  Install it, on Debian with: apt-get install postgresql-client\n", error


def without_the_service_the_shell_says_how_to_start_it_and_the_prompt_is_silent():
    environment = {**INSTANCE.environment, **INSTANCE.service_environment()}
    INSTANCE.stop()
    code, out, error = shell()
    assert (code, out) == (3, "") and error.endswith("HINT:  Start it with: penstock service start\n"), error
    done = subprocess.run([penstock.PENSTOCK, "prompt"], env=environment, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done


INSTANCE = penstock.Instance({
    "a.spc": 'connection "ex" {\n  plugin = "example"\n}\n',
    "b.spc": 'connection "it\'s \\"bad\\"" {\n  plugin = "example"\n  nosuch = 1\n}\n',
    "broken.spc": "connection {\n",
})
os.mkdir(INSTANCE.path("files"), 0o755)
shutil.chown(INSTANCE.path("files"), penstock.service_user())
os.chmod(INSTANCE.home, 0o755)
with INSTANCE:
    penstock.run_tests([
        all_arguments_are_those_of_psql,
        variables_show_what_there_is,
        the_prompt_of_penstock_shell_says_what_is_still_loading,
        the_prompt_of_a_psql_started_by_hand_does_so_too,
        the_users_own_start_up_file_counts_after_ours,
        the_start_up_file_does_not_show_in_scripts,
        without_psql_the_error_says_how_to_get_it,
        without_the_service_the_shell_says_how_to_start_it_and_the_prompt_is_silent,
    ])
