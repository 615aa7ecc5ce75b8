-- IMPORT FOREIGN SCHEMA: LIMIT TO, EXCEPT, errors.
create schema part;
import foreign schema ex limit to (example_hello, example_numbers) from server example into part;
select relname from pg_class where relnamespace = 'part'::regnamespace order by 1;
create schema others;
import foreign schema ex except (example_hello, example_numbers, example_wide) from server example into others;
select relname from pg_class where relnamespace = 'others'::regnamespace order by 1;
-- A table that exists already.
import foreign schema ex limit to (example_hello) from server example into part;
-- No such connection.
import foreign schema nowhere from server example into part;
-- No options here.
import foreign schema ex from server example into part options (verbose 'yes');
set client_min_messages = warning;
drop schema part cascade;
drop schema others cascade;
