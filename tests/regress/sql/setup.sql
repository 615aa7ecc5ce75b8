-- The extension in a database of its own, with a server on the running example plugin.
\getenv sockets PENSTOCK_SOCKETS
\set socket :sockets '/example.sock'
set client_min_messages = warning;
create extension penstock;
create server example foreign data wrapper penstock options (socket :'socket', plugin 'example');
create schema ex;
import foreign schema ex from server example into ex;
-- What was imported, and how it stands in the catalog.
select c.relname, array_to_string(t.ftoptions, ' ') as options
from pg_foreign_table t join pg_class c on c.oid = t.ftrelid
where c.relnamespace = 'ex'::regnamespace order by 1;
select c.relname, a.attname, a.atttypid::regtype as type, array_to_string(a.attfdwoptions, '; ') as options
from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.relnamespace = 'ex'::regnamespace and a.attnum > 0 and c.relname <> 'example_wide'
order by 1, a.attnum;
