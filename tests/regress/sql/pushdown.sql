-- Exact, superset, none. "id" of example_numbers takes every comparison exactly.
set search_path = ex, public;
create foreign table numbers (
    id int8 options (exact '= <> < <= > >= in'),
    is_even bool options (superset '='),
    half float8,
    digits text options (superset '= in <> < is_null is_not_null')
) server example options (connection 'ex', "table" 'example_numbers');
-- The plugin declares no condition on these columns: what it does not know it must not be sent.
explain (costs off) select id from example_numbers where id = 5;
explain (costs off) select id from example_numbers where 5 = id;
explain (costs off) select id from example_numbers where 5 < id and id <= 10::int2 and id <> 7::int8;
explain (costs off) select id from example_numbers where id in (1, 2, 3);
explain (costs off) select id from example_numbers where id = any (array[4, null, 5]);
explain (costs off) select id from example_numbers where id between 5 and 6;
explain (costs off) select id from example_numbers where id not in (1, 2);
explain (costs off) select id from example_numbers where id = 5 or id = 6;
explain (costs off) select id from example_numbers where id + 1 = 6;
explain (costs off) select id from example_numbers where id = 5.0;
explain (costs off) select id from example_numbers where id = (random() * 10)::int;
explain (costs off) select id from example_numbers where id = extract(day from timestamptz '2024-01-05')::int8;
explain (costs off) select id from example_numbers where id = (select 5);
explain (costs off) select id from numbers where is_even;
explain (costs off) select id from numbers where not is_even;
explain (costs off) select id from numbers where is_even is true;
explain (costs off) select id from numbers where is_even is not true;
explain (costs off) select id from numbers where is_even = false;
explain (costs off) select id from numbers where digits is null;
explain (costs off) select id from numbers where digits is not null;
explain (costs off) select id from numbers where digits = 'x' and digits <> 'y';
explain (costs off) select id from numbers where digits in ('x', 'y');
-- Order of text only where the collation orders bytes.
explain (costs off) select id from numbers where digits < 'x' collate "en-x-icu";
explain (costs off) select id from numbers where digits < 'x';
explain (costs off) select id from numbers where digits < 'x' collate "C";
-- Operators are recognised by family, not by name.
create function public.odd_equal(int8, int8) returns bool immutable language plpgsql as 'begin return $1 <> $2; end';
create operator public.= (leftarg = int8, rightarg = int8, function = public.odd_equal);
explain (costs off) select id from example_numbers where id operator(public.=) 5;
drop operator public.= (int8, int8);
drop function public.odd_equal;
-- The same rows with and without.
select id from example_numbers where 5 < id and id <= 10::int2 and id <> 7::int8 order by 1;
select id from example_numbers where id = any (array[4, null, 5]) order by 1;
select id from example_numbers where id = (select 5);
select count(*) from example_numbers where id not in (1, 2);
select count(*) from example_numbers where id = 5 or half = 3;
-- NULL is never equal: no rows, and the plugin is not even asked.
select * from example_numbers where id = null::int8;
select * from example_numbers where id = any (null::int8[]);
select * from example_numbers where id = any ('{}'::int8[]);
select * from example_numbers where id < (select null::int8);
-- Parameters: custom and generic plans.
prepare by_id(int8) as select id, digits from example_numbers where id = $1;
execute by_id(3);
execute by_id(null);
set plan_cache_mode = force_generic_plan;
execute by_id(4);
execute by_id(null);
explain (costs off) execute by_id(4);
reset plan_cache_mode;
deallocate by_id;
-- Security barriers: a condition that leaks stays behind the view's own.
create view barrier with (security_barrier) as select id, digits from example_numbers where id <= 3;
create function leak(text) returns bool language plpgsql cost 0.0001 as $$ begin raise notice 'saw %', $1; return true; end $$;
explain (costs off) select * from barrier where leak(digits) and id = 2;
select * from barrier where leak(digits) order by 1;
-- RLS-like barrier around a condition of the user's that is leakproof: int8 equality is.
explain (costs off) select * from barrier where id = 2;
drop view barrier;
drop function leak;
drop foreign table numbers;
-- Integers of a wider type: no row equals a value out of the column's range, and nothing else of it is pushed.
create foreign table narrow (id int4 options (exact '= <> < <= > >= in')) server example options (connection 'ex', "table" 'narrow');
explain (costs off) select * from narrow where id < 7::int8 and id <> any ('{5}'::int8[]) and id > -3000000000 and id = (select 5::int8);
select * from narrow where id = 3000000000;
select * from narrow where id in (3000000000, -3000000000);
select * from narrow where id = (select 3000000000);
drop foreign table narrow;
