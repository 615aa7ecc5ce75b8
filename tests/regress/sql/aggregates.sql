-- Groups and aggregates in the plugin's SDK: the plans, and the same results as the server's own.
set search_path = ex, public;
create table public.numbers_heap as select * from example_numbers;
create table public.types_heap as select * from example_types;
-- What goes to the plugin.
explain (costs off) select count(*), count(digits), sum(id), avg(id), min(half), max(half) from example_numbers;
explain (costs off) select is_even, count(*) from example_numbers where id > 10 group by is_even having count(*) > 5 order by 1;
explain (costs off) select sum(half) filter (where id < 10 and is_even) + 1 from example_numbers;
explain (costs off) select distinct is_even from example_numbers;
explain (costs off) select is_even from example_numbers group by is_even limit 1;
explain (costs off, verbose) select avg(id), is_even from example_numbers group by 2;
-- What stays: other aggregates and arguments, conditions that the server checks, sets, order and DISTINCT inside.
explain (costs off) select stddev(id) from example_numbers;
explain (costs off) select sum(id + 1) from example_numbers;
explain (costs off) select count(*) from example_numbers where digits like '1%';
explain (costs off) select count(*) from example_numbers where id = (random() * 10)::int;
explain (costs off) select count(distinct id) from example_numbers;
explain (costs off) select count(*) filter (where digits like '1%') from example_numbers;
explain (costs off) select is_even, count(*) from example_numbers group by rollup (is_even);
explain (costs off) select id % 2, count(*) from example_numbers group by 1;
explain (costs off) select distinct on (is_even) is_even, id from example_numbers order by 1, 2;
explain (costs off) select min(digits collate "C"), max(digits) from example_numbers;
explain (costs off) select count(*) from example_numbers a join example_hello b on true;
explain (costs off) select count(*) over () from example_numbers;
set penstock.aggregate_pushdown = off;
explain (costs off) select count(*) from example_numbers;
reset penstock.aggregate_pushdown;
-- Each query over the plugin, over the same rows in a heap table, and what differs.
create function differs(query text) returns bigint language plpgsql as $$
declare heap text := replace(replace(query, 'example_numbers', 'public.numbers_heap'), 'example_types', 'public.types_heap');
        difference bigint;
begin
    execute format('select count(*) from ((select row(a.*)::text from (%s) a except all select row(b.*)::text from (%s) b)
        union all (select row(b.*)::text from (%2$s) b except all select row(a.*)::text from (%1$s) a)) d', query, heap)
        into difference;
    return difference;
end $$;
select query from unnest(array[
    'select count(*), count(digits), count(half), sum(id), sum(half), avg(id), avg(half) from example_numbers',
    'select min(id), max(id), min(half), max(half) from example_numbers',
    'select count(*), sum(id), avg(id), max(half) from example_numbers where id < 0',
    'select count(*), sum(id) from example_numbers where id = null::int8',
    'select count(*) from example_numbers where id = any (null::int8[])',
    'select is_even, count(*), sum(id), avg(half) from example_numbers group by is_even',
    'select is_even, sum(id) from example_numbers where id < 0 group by is_even',
    'select digits, count(*) from example_numbers where digits <> ''7'' group by digits',
    'select digits from example_numbers where digits in (''1'', ''22'') or digits is null',
    'select is_even, digits, count(*) from example_numbers where half <= 20 group by 1, 2',
    'select is_even, count(*) filter (where id > 500), sum(half) filter (where digits is null and is_even) from example_numbers group by 1',
    'select count(*) filter (where id > null::int8) from example_numbers',
    'select is_even, avg(id) + count(*) * 2, is_even::text || ''!'' from example_numbers group by 1 having max(id) > 999',
    'select is_even from example_numbers group by 1 having count(*) > 500',
    'select distinct is_even, digits from example_numbers',
    'select distinct half from example_numbers where id between 3 and 9',
    'select a_int2, count(*), sum(a_int2), avg(a_int2) from example_types group by a_int2',
    'select sum(a_int4), avg(a_int4), min(a_int4), max(a_int4), sum(a_int8), avg(a_int8) from example_types',
    'select sum(a_float4), avg(a_float4), min(a_float4), max(a_float4), max(a_float8) from example_types',
    'select a_float8, count(*) from example_types group by a_float8',
    'select min(a_date), max(a_date), min(a_timestamptz), max(a_timestamptz) from example_types',
    'select a_text, a_bool, a_uuid, a_date, a_timestamptz, count(*) from example_types group by 1, 2, 3, 4, 5',
    'select count(a_text), count(a_numeric), count(a_jsonb), count(a_text_array) from example_types',
    'select n.is_even, (select count(*) from example_numbers m where m.id <= n.id) from example_numbers n where id < 5',
    'select s.is_even, s.n from (select is_even, count(*) n from example_numbers group by 1) s join example_types on s.n > 5',
    'select count(*) from example_numbers union all select sum(id) from example_numbers'
]) query where differs(query) <> 0;
-- Plans that live on: values of conditions, filters and limits are taken at each execution.
set plan_cache_mode = force_generic_plan;
prepare counted(bigint, bigint) as
    select count(*), sum(id) filter (where id < $2) from example_numbers where id <= $1;
execute counted(10, 5);
execute counted(20, null);
execute counted(null, 5);
prepare cut(bigint, bigint) as select id from example_numbers where id > 100 limit $1 offset $2;
explain (costs off) execute cut(2, 1);
execute cut(2, 1);
execute cut(null, 898);
execute cut(1, null);
execute cut(0, 0);
execute cut(3, 2);
select target.rows from penstock.scan target order by number desc limit 1;
reset plan_cache_mode;
-- Each partition groups its own rows.
create table parts (id int8, is_even bool) partition by list (is_even);
create foreign table even_part partition of parts for values in (true) server example
    options (connection 'ex', "table" 'example_numbers', evaluator '1');
create foreign table odd_part (is_even bool, id int8) server example
    options (connection 'ex', "table" 'example_numbers', evaluator '1');
alter table parts attach partition odd_part for values in (false);
set enable_partitionwise_aggregate = on;
explain (costs off) select is_even, count(*), sum(id) from parts group by is_even;
select is_even, count(*), sum(id) from parts where is_even group by is_even;
select is_even, count(*), max(id) from parts where not is_even group by is_even;
reset enable_partitionwise_aggregate;
drop table parts;
-- A table with children is not its own rows alone.
create foreign table parent (id int8) server example
    options (connection 'ex', "table" 'example_numbers', evaluator '1');
create table child () inherits (parent);
insert into child select generate_series(1001, 1010);
explain (costs off) select count(*) from parent;
select count(*), max(id) from parent;
select count(*) from (select distinct id from parent) s;
select count(*), max(id) from only parent;
drop table child;
drop foreign table parent;
-- A table whose plugin is not known to evaluate anything stays as it is.
create foreign table plain_numbers (id int8) server example options (connection 'ex', "table" 'example_numbers');
explain (costs off) select count(*) from plain_numbers where id = 1;
alter foreign table plain_numbers options (add evaluator 'all');
drop foreign table plain_numbers;
drop table public.numbers_heap, public.types_heap;
drop function differs(text);
