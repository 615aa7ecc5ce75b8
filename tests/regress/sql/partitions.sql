-- Foreign tables as partitions and as children of a table: other columns numbers, whole rows, keys.
set search_path = ex, public;
create table numbers (digits text, id int8, is_even bool) partition by range (id);
create foreign table numbers_low partition of numbers for values from (1) to (500)
    server example options (connection 'ex', "table" 'example_numbers');
alter foreign table numbers_low alter column id options (add exact '= < <= > >=');
-- Attached: its columns stand in another order, one was dropped.
create foreign table numbers_high (
    id int8 options (exact '= < <= > >='), gone text, is_even bool, digits text)
    server example options (connection 'ex', "table" 'example_numbers');
alter foreign table numbers_high drop column gone;
alter table numbers attach partition numbers_high for values from (500) to (1001);
create table numbers_local partition of numbers default;
insert into numbers values ('local', 2000, true);
explain (costs off) select digits from numbers where id = 701;
explain (verbose, costs off) select id from numbers where id > 998;
select n.tableoid::regclass as part, n as whole, n.digits from numbers n where id in (701, 2000) order by id;
select tableoid::regclass as part, row_to_json(n) from numbers n where id > 995 and is_even order by id;
insert into numbers values ('7', 7, false);
update numbers set digits = 'x' where id = 2000;
update numbers set digits = 'x' where id = 701;
-- Plain inheritance: the children say who they are.
create table parent (id int8, digits text);
create foreign table child (more text) inherits (parent)
    server example options (connection 'ex', "table" 'example_numbers');
alter foreign table child drop column more;
insert into parent values (1, 'own');
select tableoid::regclass as who, p from parent p where id < 3 order by 1, id;
-- A required key of a child comes from the parent's condition, or from a join.
create table words (word text, bytes int4);
create foreign table echo () inherits (words) server example options (connection 'ex', "table" 'example_echo');
alter foreign table echo alter column word options (add exact '= in', add key 'required');
select * from words where word = 'child';
select w.* from (values ('a'), ('bb')) v (w) join words on words.word = v.w, lateral (select words.*) w order by 1;
select * from words;
set client_min_messages = warning;
drop table numbers, parent, words cascade;
