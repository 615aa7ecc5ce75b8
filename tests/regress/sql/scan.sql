-- Rows, columns, projection.
set search_path = ex, public;
select * from example_hello order by 1;
select count(*), count(digits), min(id), max(id), sum(half) from example_numbers;
select digits, id from example_numbers where id in (9, 10, 11) order by id;
-- Only the columns that are used are asked for; count(*) asks for none.
explain (costs off) select half from example_numbers;
explain (costs off) select count(*) from example_numbers;
explain (costs off) select n from example_numbers n;
explain (costs off) select 1 from example_numbers where digits = '7';
-- A whole row, and a row type.
select n from example_numbers n where id = 10;
select (n).half from (select n from example_numbers n where id = 3) s;
-- Row target: only where nothing between scan and LIMIT can need more rows.
explain (costs off) select * from example_numbers limit 3;
explain (costs off) select * from example_numbers offset 2 limit 3;
explain (costs off) select * from example_numbers where half > 2 limit 3;
explain (costs off) select * from example_numbers order by half limit 3;
explain (costs off) select count(*) from example_numbers limit 3;
select id from example_numbers limit 3;
-- ANALYZE adds what came back.
create function plan_of(query text) returns setof text language plpgsql as $$
declare line text;
begin
    for line in execute 'explain (analyze, costs off, timing off, summary off) ' || query loop
        return next regexp_replace(line, '(Bytes|First Row): [0-9.]+', '\1: N');
    end loop;
end $$;
select plan_of('select id from ex.example_numbers where id <= 10');
-- Sorting, grouping, distinct and set operations keep the rows apart from the block they came in.
select is_even, count(*), sum(id) from example_numbers group by 1 order by 1;
select distinct length(digits) from example_numbers order by 1;
select id from example_numbers order by digits desc nulls last limit 3;
select count(*) from (select id from example_numbers union all select id from example_numbers) s;
select count(*) from (select id from example_numbers except select id from example_numbers where id > 5) s;
-- Two open cursors on one table, fetched in turn: no scan waits for the other.
begin;
declare one cursor for select id from example_numbers;
declare two cursor for select id from example_wide;
fetch 2 from one;
fetch 2 from two;
fetch 2 from one;
move 500 in one;
fetch 1 from one;
commit;
-- Read only.
insert into example_hello values ('a', 'b');
delete from example_hello;
-- A table that the plugin does not have; a column that it does not have; a type that it does not send.
create foreign table missing (a int8) server example options (connection 'ex', "table" 'missing');
select * from missing;
create foreign table other_columns (nope int8) server example options (connection 'ex', "table" 'example_hello');
select * from other_columns;
create foreign table other_types (greeting int8) server example options (connection 'ex', "table" 'example_hello');
select * from other_types;
create foreign table no_type (greeting point) server example options (connection 'ex', "table" 'example_hello');
select * from no_type;
create foreign table modified_type (greeting varchar(3)) server example options (connection 'ex', "table" 'example_hello');
select * from modified_type;
create foreign table no_connection (a int8) server example options (connection 'nowhere', "table" 'example_hello');
select * from no_connection;
set client_min_messages = warning;
drop foreign table missing, other_columns, other_types, no_type, modified_type, no_connection;
