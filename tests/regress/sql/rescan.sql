-- Inner sides of nested loops, correlated subqueries, cursors: the same rows every time.
set search_path = ex, public;
set enable_hashjoin = off;
set enable_mergejoin = off;
set enable_material = off;
set enable_memoize = off;
select count(*) from generate_series(1, 20) g join example_hello h on true;
select g, (select count(*) from example_numbers where id <= g) from generate_series(0, 4) g;
select count(*) from example_numbers a join example_numbers b on a.id = b.id - 1 where a.id < 20 and b.id < 20;
-- More rows than a block holds are fetched again.
select count(*), sum(w.c) from generate_series(1, 3) g, lateral (select count(*) as c from example_wide where g > 0) w;
select count(*) from generate_series(1, 3) g join example_wide w on true;
-- A rescan in the middle of a stream: LIMIT in a lateral subquery.
select g, n.id from generate_series(1, 3) g, lateral (select id from example_numbers where id > g limit 1) n order by 1;
-- A scan that never starts.
select count(*) from example_hello h where false;
select count(*) from generate_series(1, 0) g join example_hello h on true;
reset enable_hashjoin;
reset enable_mergejoin;
reset enable_material;
reset enable_memoize;
-- EvalPlanQual and row locks: the exact condition is kept for the recheck.
create table local (id int8, v text);
insert into local select g, 'v' from generate_series(1, 3) g;
update local set v = n.digits from example_numbers n where n.id = local.id and n.id < 3;
select * from local order by 1;
select l.id from local l join example_numbers n using (id) where n.id < 3 order by 1 for update of l;
drop table local;
