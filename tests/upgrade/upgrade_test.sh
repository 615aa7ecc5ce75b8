#!/bin/bash
# Every released version, brought to the newest by ALTER EXTENSION, equals a fresh installation; and
# an extension that was dropped leaves nothing behind that stands in the way of the next.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=$PENSTOCK_STAGE$(pg_config --bindir | sed 's|^/usr||')
work=$(mktemp -d /tmp/ps-upgrade.XXXXXX)
as=()
if [[ $(id -u) == 0 ]]; then
    as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    chown postgres "$work"
fi
stop() {
    [[ ! -e $work/data/postmaster.pid ]] ||
        (cd / && "${as[@]}" "$bin/pg_ctl" -D "$work/data" -m immediate -w stop > /dev/null)
    rm -rf "$work"
}
trap stop EXIT

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
(umask 077 && echo "$password" > "$work/password" && echo "*:*:*:*:$password" > "$work/pgpass")
[[ ${#as[@]} == 0 ]] || chown postgres "$work/password"
cd /
"${as[@]}" "$bin/initdb" -N -U postgres -A scram-sha-256 --pwfile="$work/password" -E UTF8 \
    --locale=C.UTF-8 -D "$work/data" > /dev/null
"${as[@]}" "$bin/pg_ctl" -D "$work/data" -l "$work/log" -w -o \
    "-c listen_addresses='' -c unix_socket_directories=$work -c fsync=off" start > /dev/null
export PGHOST=$work PGUSER=postgres PGPASSFILE=$work/pgpass PGOPTIONS="-c client_min_messages=warning"

sql() { psql -X -q -v ON_ERROR_STOP=1 -d "$1" -At -c "$2"; }
# The lines of catalog.sql for a new database in which the statements have run.
catalog_after() {
    sql postgres "create database $1"
    sql "$1" "$2"
    psql -X -q -v ON_ERROR_STOP=1 -d "$1" -At -F ' | ' -f "$here/catalog.sql"
}
report() { # NAME EXPECTED FOUND
    if diff -u "$2" "$3" > "$work/diff"; then
        echo "ok - $1"
    else
        echo "not ok - $1"
        sed 's/^/# /' "$work/diff"
        failed=1
    fi
}
failed=0

newest=$(sed -n "s/^default_version = '\(.*\)'/\1/p" "$root/extension/penstock.control")
catalog_after fresh "create extension penstock" > "$work/fresh"
grep -q 'connection_state' "$work/fresh" || { echo "not ok - the catalog query sees the extension"; exit 1; }

catalog_after again "create extension penstock; drop extension penstock cascade;
    create extension penstock" > "$work/again"
report "a second installation equals the first" "$work/fresh" "$work/again"

sql again "drop extension penstock cascade"
sql again "select 'left behind: ' || nspname from pg_namespace n
    where nspname = 'penstock' and exists (select from pg_class where relnamespace = n.oid)" \
    > "$work/left"
report "a dropped extension leaves no table behind" /dev/null "$work/left"

for script in "$root"/sql/penstock--*.sql; do
    version=$(basename "$script" .sql)
    version=${version#penstock--}
    [[ $version != *--* && $version != "$newest" ]] || continue
    catalog_after "from_${version//[^0-9]/_}" "create extension penstock version '$version';
        alter extension penstock update to '$newest'" > "$work/upgraded"
    report "version $version becomes $newest" "$work/fresh" "$work/upgraded"
done
exit $failed
