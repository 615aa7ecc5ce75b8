#!/bin/sh
# Asks a temporary PostgreSQL server how it lays values out in memory and prints them as a table:
# kind, input, hexadecimal bytes without the varlena header. The unit tests compare our encoders with it.
#
#   tests/support/golden_datums.sh > tests/support/golden_datums.tsv
#
# Needs a server's programs (PG_BIN, default Debian's PostgreSQL 15) with contrib's pageinspect.
# Started as root, it runs the server as the user "postgres".
set -eu

here=$(cd "$(dirname "$0")" && pwd)
bin=${PG_BIN:-/usr/lib/postgresql/15/bin}
folder=$(mktemp -d)

if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder"
    as_server() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
else
    as_server() { "$@"; }
fi

stop() {
    as_server "$bin/pg_ctl" -D "$folder/cluster" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 1' INT TERM

cd "$folder"
as_server "$bin/initdb" -D "$folder/cluster" -U golden -A trust -E UTF8 --locale=C -N >/dev/null
as_server "$bin/pg_ctl" -D "$folder/cluster" -w -l "$folder/log" \
    -o "-c listen_addresses='' -c unix_socket_directories='$folder' -c fsync=off" start >/dev/null
# Read from standard input: the server's user need not be able to read the source tree.
as_server "$bin/psql" -X -q -h "$folder" -U golden -d postgres -f - <"$here/golden_datums.sql"
