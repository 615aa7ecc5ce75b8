-- Views: whose rights count, and which conditions may pass a security barrier.
set search_path = ex, public;
create role penstock_reader;
grant usage on schema ex, public to penstock_reader;
create view plain as select id, digits from example_numbers where id < 10;
create view barrier with (security_barrier) as select id, digits from example_numbers where id < 10;
grant select on plain, barrier to penstock_reader;
-- A leaky function sees only the view's rows.
create function leak(text) returns bool language plpgsql cost 0.0001 as $$
begin
    if $1::int > 9 then
        raise warning 'leaked %', $1;
    end if;
    return true;
end
$$;
explain (costs off) select * from barrier where id = 3;
explain (costs off) select * from barrier where leak(digits) and id > 7;
select * from barrier where leak(digits) and id > 7;
-- A comparison that may leak what it compares, such as numeric's, does not pass the barrier.
create foreign table guarded (id int8, amount numeric options (exact '>'), half float8 options (exact '>'))
    server example options (connection 'ex', "table" 'example_numbers');
create view behind with (security_barrier) as select * from guarded where id < 10;
explain (costs off) select id from behind where amount > 2 and half > 1;
explain (costs off) select id from guarded where amount > 2 and half > 1;
-- The owner's rights reach the table through the view; the user's own do not.
set role penstock_reader;
select count(*) from plain;
select count(*) from barrier where id > 5;
select count(*) from example_numbers;
create server other foreign data wrapper penstock options (socket '/tmp/x.sock');
create foreign table mine (id int8) server example;
import foreign schema ex from server example into ex;
alter server example options (add uid '0');
reset role;
drop view behind, plain, barrier;
drop foreign table guarded;
drop function leak;
revoke all on schema ex, public from penstock_reader;
drop role penstock_reader;
