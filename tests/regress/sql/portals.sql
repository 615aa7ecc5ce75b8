-- Scans that outlive statements and subtransactions: cursors, loops, savepoints.
set search_path = ex, public;
begin;
declare held cursor with hold for select id from example_numbers;
fetch 2 from held;
commit;
fetch 2 from held;
close held;
begin;
declare scrolling scroll cursor for select id from example_numbers;
fetch 3 from scrolling;
fetch backward 2 from scrolling;
move 500 from scrolling;
fetch 1 from scrolling;
rollback;
-- A savepoint that is taken back keeps the cursors from before, and ends those from within.
begin;
declare outside cursor for select id from example_numbers;
savepoint s;
fetch 1 from outside;
declare inside cursor for select id from example_numbers;
fetch 1 from inside;
rollback to s;
fetch 1 from outside;
fetch 1 from inside;
rollback;
-- An error inside a cursor ends that cursor, not the transaction.
begin;
declare failing cursor for select 1 / (3 - id) from example_numbers;
savepoint s;
fetch 5 from failing;
rollback to s;
fetch 1 from failing;
rollback to s;
select count(*) from example_hello;
rollback;
-- Two scans of one loop, with an error caught at every other row.
do $$
declare
    r record;
    caught int := 0;
begin
    for r in select id from example_wide loop
        begin
            perform 1 / (r.id % 2) from example_hello;
        exception when division_by_zero then
            caught := caught + 1;
        end;
    end loop;
    raise warning '% errors caught', caught;
end
$$;
-- A loop that is left early, again and again: every socket is given back.
do $$
declare
    r record;
begin
    for i in 1 .. 1000 loop
        for r in select id from example_wide loop
            exit;
        end loop;
    end loop;
end
$$;
do $$
begin
    for i in 1 .. 1000 loop
        begin
            perform 1 / (id - 2) from example_numbers where id < 4;
        exception when division_by_zero then
            null;
        end;
    end loop;
end
$$;
-- So it is when there is nobody to talk to, which is found out after the descriptor was taken.
create server stranger foreign data wrapper penstock options (socket '/dev/null/plugin.sock', plugin 'stranger');
create foreign table stranger (id int8) server stranger;
do $$
begin
    for i in 1 .. 1000 loop
        begin
            perform from stranger;
        exception when fdw_unable_to_establish_connection then
            null;
        end;
    end loop;
end
$$;
select count(*) from example_numbers;
-- A function's scan is not the caller's: each has its own row.
create function digits_of(int8) returns text language sql stable as 'select digits from ex.example_numbers where id = $1';
select id, digits_of(id + 1) from example_numbers where id < 4;
select count(*), sum(length(digits_of(id))) from example_numbers where id <= 20;
drop function digits_of;
drop foreign table stranger;
drop server stranger;
