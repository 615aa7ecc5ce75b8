-- One column of every type: ordinary values, extremes, NULLs.
set search_path = ex, public;
set timezone = 'UTC';
set intervalstyle = 'postgres';
\x on
\pset format unaligned
select * from example_types;
\pset format aligned
\x off
-- Values survive being stored, sorted, hashed and sent through functions of the server.
create table kept as select * from example_types;
do $$
declare
    column_name text;
    difference int;
begin
    for column_name in select attname from pg_attribute where attrelid = 'ex.example_types'::regclass and attnum > 0 order by attnum loop
        execute format('select count(*) from ((select %1$I::text from ex.example_types except all select %1$I::text from kept)
            union all (select %1$I::text from kept except all select %1$I::text from ex.example_types)) s', column_name) into difference;
        if difference <> 0 then
            raise exception 'column % differs', column_name;
        end if;
        execute format('select count(*) from (select distinct %1$I from ex.example_types order by 1) s', column_name);
    end loop;
end $$;
drop table kept;
