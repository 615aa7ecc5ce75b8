-- Tables that change between plan and scan, and tables of unusual form.
\set VERBOSITY terse
set search_path = ex, public;
create foreign table changing (x text, id int8 options (exact '= < <= > >= <> in'), y text)
    server example options (connection 'ex', "table" 'example_numbers');
alter foreign table changing drop column x, drop column y;
select c as whole, c.* from changing c where id < 3;
set plan_cache_mode = force_generic_plan;
prepare few as select id from changing where id < $1;
execute few (3);
-- The plan is made anew when options of the column, the table or the server change.
explain (costs off) execute few (3);
alter foreign table changing alter column id options (drop exact);
explain (costs off) execute few (3);
execute few (3);
alter foreign table changing options (set "table" 'example_nowhere');
execute few (3);
alter foreign table changing options (set "table" 'example_numbers');
alter foreign table changing rename column id to number;
execute few (3);
alter foreign table changing rename column number to id;
execute few (3);
alter foreign table changing alter column id type int4;
execute few (3);
deallocate all;
reset plan_cache_mode;
drop foreign table changing;
-- No columns, system columns, types that no plugin sends as they are.
create foreign table empty () server example options (connection 'ex', "table" 'example_numbers');
select count(*) from empty;
select * from empty limit 2;
select tableoid::regclass, greeting from example_hello;
select xmin from example_hello;
create domain positive as int8 check (value > 0);
create foreign table typed (id positive, digits varchar(3), half numeric(4, 1), is_even bool)
    server example options (connection 'ex', "table" 'example_numbers');
select count(*) from typed;
select count(*) from typed where is_even;
select min(id), max(id), max(digits) from typed;
select half from typed;
alter domain positive add constraint small check (value < 990) not valid;
select id from typed where is_even limit 1;
select max(id) from typed;
drop foreign table empty, typed;
drop domain positive;
-- Nothing is written, whatever the statement.
insert into example_hello values ('a', 'b');
update example_hello set greeting = 'x';
delete from example_hello;
copy example_hello from '/dev/null';
truncate example_hello;
analyze example_hello;
copy (select id from example_numbers where id < 3) to stdout;
-- EXPLAIN as data.
explain (format json, costs off) select id from example_numbers where id < 3 and id = any (array[1, 2]) limit 2;
