-- Orders that a plugin keeps or makes, and the first rows of one that its SDK picks.
\getenv sockets PENSTOCK_SOCKETS
\set socket :sockets '/spy.sock'
create server spy foreign data wrapper penstock options (socket :'socket', plugin 'spy');
create schema spied;
import foreign schema spied from server spy into spied;
set search_path = ex, public;
create table public.ordered_heap as select * from example_numbers;
analyze public.ordered_heap;
-- Rows that always come in an order: no Sort, and LIMIT stops the source.
explain (costs off) select id from example_numbers order by id;
explain (costs off) select digits from example_numbers where half > 3 order by id limit 5;
explain (costs off) select * from example_numbers order by id, half;
explain (costs off) select id, count(*) over (order by id) from example_numbers;
explain (costs off) select distinct on (id) id, digits from example_numbers order by id;
explain (costs off) select id from example_numbers where id < 10 union all select id from ordered_heap where id < 5 order by id;
set enable_hashjoin = off; set enable_nestloop = off; set penstock.join_pushdown = off;
explain (costs off) select a.digits, b.half from example_numbers a join example_numbers b using (id);
select count(*), sum(a.id) from example_numbers a join example_numbers b using (id);
reset enable_hashjoin; reset enable_nestloop;
-- Another direction, or NULLs elsewhere, is another order.
explain (costs off) select id from example_numbers order by id desc;
explain (costs off) select id from example_numbers order by id nulls first;
-- The first rows: the SDK sends only them, and the server sorts them.
explain (costs off) select id, half from example_numbers order by half desc nulls last, id limit 3 offset 2;
select id, half from example_numbers order by half desc nulls last, id limit 3 offset 2;
explain (costs off, format json) select id from example_numbers order by id desc limit 3;
explain (costs off) select digits from example_numbers where id > 100 order by digits collate "C" nulls first, id desc limit 2;
select digits from example_numbers where id > 100 order by digits collate "C" nulls first, id desc limit 2;
explain (costs off) select (select digits from example_numbers n where n.id > h.id order by half desc limit 1) from ordered_heap h;
-- Of groups too.
explain (costs off) select half, count(*) from example_numbers group by half order by count(*) desc, half limit 4;
select half, count(*) from example_numbers group by half order by count(*) desc, half limit 4;
explain (costs off) select distinct half from example_numbers order by half desc limit 2;
select distinct half from example_numbers order by half desc limit 2;
explain (analyze, costs off, timing off, summary off) select id from example_numbers order by id desc limit 3;
-- What stays: an order that only the server knows, conditions that it checks, ties, locks, sets, no limit.
explain (costs off) select id from example_numbers order by digits collate "en-x-icu" limit 3;
explain (costs off) select id from example_numbers order by -id limit 3;
explain (costs off) select id from example_numbers where digits like '1%' order by half limit 3;
explain (costs off) select id from example_numbers order by half fetch first 3 rows with ties;
explain (costs off) select id from example_numbers order by half limit 3 for update;
explain (costs off) select id, generate_series(1, 2) from example_numbers order by half limit 3;
explain (costs off) select id from example_numbers order by half limit (random() * 3)::int;
explain (costs off) select avg(id), is_even from example_numbers group by 2 order by 1 limit 1;
explain (costs off) select half from example_numbers order by half;
set penstock.sort_pushdown = off;
explain (costs off) select id from example_numbers order by id limit 3;
explain (costs off) select id from example_numbers order by half limit 3;
reset penstock.sort_pushdown;
-- A limit that is known at execution only, and may be none.
set plan_cache_mode = force_generic_plan;
prepare firsts(bigint, bigint) as select id from example_numbers where id < 8 order by half desc limit $1 offset $2;
explain (costs off) execute firsts(2, 1);
execute firsts(2, 1);
execute firsts(null, null);
execute firsts(0, 1);
execute firsts(-1, 1);
deallocate firsts;
reset plan_cache_mode;
-- Orders that the plugin makes.
set search_path = spied, public;
explain (costs off) select id, num from mid where k > 2 order by num desc nulls last, d limit 3;
explain (costs off) select id, num from mid order by num desc, d nulls first;
select id, num from mid order by num desc nulls last, d nulls first, id limit 5;
explain (costs off) select k, count(*) filter (where num > 3) from mid group by k order by k;
explain (costs off) select txt from mid order by txt collate "en-x-icu";
explain (costs off) select txt from mid order by txt;
explain (costs off) select txt from mid order by txt collate "C", id desc limit 2;
explain (costs off) select js from wide order by js;
set enable_hashjoin = off; set enable_nestloop = off; set penstock.join_pushdown = off;
explain (costs off) select a.u, b.num from mid a join mid b using (u);
select count(*) from mid a join mid b using (u);
explain (costs off) select a.u, b.num from mid a left join mid b using (u);
select count(*) from mid a left join mid b using (u);
reset enable_hashjoin; reset enable_nestloop;
-- A plugin that does not keep what it promised.
select n from faults where act = 'rows=3' order by n;
select n from faults where act = 'rows=3 order=duplicate' order by n;
select n from faults where act = 'rows=3 order=unsorted' order by n;
-- Only what is read is checked.
select n from faults where act = 'rows=3 order=unsorted' order by n limit 1;
set penstock.sort_pushdown = off;
select n from faults where act = 'rows=3 order=unsorted' order by n;
reset penstock.sort_pushdown;
-- A definition that is older than the plugin.
create foreign table public.numbers (id bigint, half float8 options (sortable 'true')) server example
    options (connection 'ex', table 'example_numbers', evaluator '1', ordered_by 'half desc');
select id from public.numbers order by half desc limit 1;
select id from public.numbers order by half limit 1;
drop foreign table public.numbers;
-- Key columns that equal another column of their own table.
explain (costs off) select s.id, e.txt from small s join keyed e on e.k = s.k and e.k = e.id::int;
explain (costs off) select s.id, e.num from small s join keyed e on e.id = s.id and e.k = e.id;
select s.id, e.num from small s join keyed e on e.id = s.id and e.k = e.id order by 1;
explain (costs off) select s.id, e.txt from small s join any_of e on e.txt = s.txt and e.txt = e.id::text where s.k = 1;
drop table public.ordered_heap;
set client_min_messages = warning;
drop schema spied cascade;
drop server spy;
