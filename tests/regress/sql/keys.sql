-- Required keys: no scan without one; joins may give it.
set search_path = ex, public;
select * from example_echo;
select count(*) from example_echo where bytes = 3;
select * from example_echo where word like 'a%';
select * from example_echo where word <> 'a';
select * from example_echo where word = 'one';
select * from example_echo where word in ('one', 'three', 'three', null) order by 1;
select * from example_echo where word = 'one' and word = 'two';
select * from example_echo where word = lower('ABC');
-- A join gives the key, row by row or with a Memoize above.
create table words (w text, n int);
insert into words values ('alpha', 1), ('beta', 2), ('alpha', 3), (null, 4);
analyze words;
explain (costs off) select w.n, e.bytes from words w join example_echo e on e.word = w.w;
select w.n, e.bytes from words w join example_echo e on e.word = w.w order by 1;
select w.n, e.bytes from words w left join example_echo e on e.word = w.w order by 1;
select n from words w where exists (select from example_echo e where e.word = w.w and bytes = 4);
select w.n, e.* from words w, lateral (select * from example_echo where word = w.w || '!') e order by 1;
select e.word from example_echo e where e.word = any (array(select w from words)) order by 1;
select a.word, b.bytes from example_echo a join example_echo b on a.word = b.word where a.word = 'gamma';
-- An OR of equalities is a list; an array of the outer row is one request; so is a folded expression.
select * from example_echo where word = 'one' or word = 'two' or word in ('three', null, 'four') order by 1;
explain (costs off) select w.n, e.bytes from words w join example_echo e on e.word in (w.w, w.w || '!', 'k');
select w.n, e.word from words w join example_echo e on e.word in (w.w, w.w || '!', 'k') order by 1, 2;
explain (costs off) select * from example_echo where word = 'one' or bytes = 3 and word = 'two';
select count(*) from words w join example_echo e on e.word = any (array[w.w, 'x']);
select * from example_echo where word = any ('{}');
select * from example_echo where word = (select max(w) from words);
select bytes from example_echo where word = to_char(timestamptz 'epoch' - interval '1 day', 'YYYY');
prepare any_of(text[]) as select * from example_echo where word = any ($1) order by 1;
set plan_cache_mode = force_generic_plan;
execute any_of('{a,b}');
execute any_of('{c}');
execute any_of(null);
reset plan_cache_mode;
-- A join that gives the key is taken however its kind is discouraged.
set enable_nestloop = off;
select w.n, e.bytes from words w join example_echo e on e.word = w.w order by 1;
reset enable_nestloop;
-- Two key tables that only have each other, and a join that cannot give the key.
select * from example_echo a join example_echo b on a.word = b.word;
select * from words full join example_echo on word = w;
-- EXPLAIN finds it too, and so does PREPARE.
explain select * from example_echo;
-- A scan that is never started needs no key: under a condition that is false, beside an outer join that
-- has none of its rows, in the way of a subquery that is not taken.
select * from example_echo where word = 'a' and false;
select n from words w join example_echo e on w.n > null::int and e.bytes = 1;
select n, e.bytes from words w left join example_echo e on e.word = w.w and false order by 1;
select n from words w where n = 1 or exists (select from example_echo e where e.word = w.w and e.bytes = w.n + 2) order by 1;
-- Started, it is an error.
select (select count(*) from example_echo e where e.bytes = w.n) from words w;
-- Any-of keys: one of them is enough.
create foreign table files (
    path text options (exact '= in', key 'any_of'), directory text options (exact '= in', key 'any_of'), size int8)
    server example options (connection 'ex', "table" 'files');
select * from files;
explain (costs off) select * from files where path = '/a';
explain (costs off) select * from files where directory in ('/a', '/b');
create foreign table two_keys (
    a text options (exact '=', key 'required'), b text options (exact '=', key 'required'), c text options (exact '=', key 'any_of'))
    server example;
select * from two_keys where a = 'x';
select * from two_keys;
-- The keys may come from several tables.
explain (costs off) select * from two_keys k join words x on k.a = x.w join words y on k.b = y.w where k.c = 'c' and x.n = y.n + 1;
explain (costs off) select * from two_keys k join words x on k.a = x.w where k.b = 'b' and k.c = 'c';
select * from two_keys k join words x on k.a = x.w;
drop foreign table files, two_keys;
drop table words;
