-- The rules of connection_state: legal changes of state, one notification each, who may do what.
set client_min_messages = warning;
create extension if not exists penstock;
reset client_min_messages;
\set SHOW_CONTEXT never
\set VERBOSITY terse

-- What a row may do: every pair that is legal.
select coalesce(from_state, '(new)') as from_state,
       string_agg(coalesce(to_state, '(gone)'), ' ' order by to_state) as to_states
from penstock.transition group by from_state order by transition.from_state nulls first;

begin;
set local role penstock_owner;

-- A whole life; the numbers grow, and a change of other columns takes none.
insert into penstock.connection_state (connection_name) values ('prod');
select generation as first_generation from penstock.connection_state where connection_name = 'prod' \gset
update penstock.connection_state set state = 'updating' where connection_name = 'prod';
update penstock.connection_state set table_count = 3 where connection_name = 'prod';
select state, table_count, generation - :first_generation as changes
from penstock.connection_state where connection_name = 'prod';
update penstock.connection_state set state = 'ready' where connection_name = 'prod';
update penstock.connection_state set state = 'error', error = 'no answer' where connection_name = 'prod';

-- From error only another attempt leads to ready.
savepoint here;
\set VERBOSITY default
update penstock.connection_state set state = 'ready', error = null where connection_name = 'prod';
rollback to here;
delete from penstock.connection_state where connection_name = 'prod';
rollback to here;
\set VERBOSITY terse
update penstock.connection_state set connection_name = 'other' where connection_name = 'prod';
rollback to here;
truncate penstock.connection_state;
rollback to here;
insert into penstock.connection_state (connection_name, state) values ('other', 'ready');
rollback to here;
update penstock.connection_state set error = null where connection_name = 'prod';
rollback to here;

-- The numbers and times are the trigger's.
update penstock.connection_state set generation = 0, state_changed_at = '2000-01-01'
where connection_name = 'prod';
select generation - :first_generation as changes, state_changed_at > '2001-01-01' as has_its_time
from penstock.connection_state where connection_name = 'prod';

update penstock.connection_state set state = 'deleting', error = null where connection_name = 'prod';
delete from penstock.connection_state where connection_name = 'prod';
select count(*) from penstock.connection_state where connection_name = 'prod';
rollback;

-- Users read, ask for a refresh and do nothing else.
begin;
insert into penstock.connection_state (connection_name) values ('prod');
set local role penstock_users;
select connection_name, state from penstock.connection_state where connection_name = 'prod';
select penstock.refresh('prod');
savepoint here;
select penstock.refresh('nobody');
rollback to here;
update penstock.connection_state set error = 'x';
rollback to here;
select penstock.set_search_path('{public}');
rollback to here;
create server mine foreign data wrapper penstock;
rollback;

-- Everything has a comment.
select c.relname, a.attname
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
where c.relnamespace = 'penstock'::regnamespace and c.relkind in ('r', 'v')
  and (obj_description(c.oid, 'pg_class') is null or col_description(c.oid, a.attnum) is null)
order by 1, 2;
select p.proname from pg_proc p
where p.pronamespace = 'penstock'::regnamespace and obj_description(p.oid, 'pg_proc') is null;

-- No function trusts the caller's search path, and none is open to everybody.
select p.proname from pg_proc p
where p.pronamespace = 'penstock'::regnamespace
  and (p.proconfig is null or not p.proconfig @> array['search_path=pg_catalog, pg_temp']
       or has_function_privilege('public', p.oid, 'execute'));

-- penstock.table and penstock.column show what is on offer, whether it is imported or not.
begin;
set local role penstock_owner;
insert into penstock.offered_table (schema_hash, table_name, position, description, columns, problem) values
    ('h', 'second', 2, null, '[{"name": "x", "type_oid": 25}]', null),
    ('h', 'first', 1, 'what comes first',
     '[{"name": "id", "type_oid": 20, "key": "required", "exact": "= in"}, {"name": "tags", "type_oid": 1009, "description": "its tags"}]', null),
    ('h', 'third', 3, null, '[]', 'table "third" has no columns');
insert into penstock.connection_state (connection_name, schema_hash) values ('one', 'h'), ('two', 'h'), ('three', null);
set local role penstock_users;
select * from penstock.table where connection in ('one', 'two', 'three') order by connection, position;
select * from penstock.column where connection = 'one' order by table_name, position;
delete from penstock.offered_table;
rollback;
