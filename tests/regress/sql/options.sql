-- The validator: unknown options name the valid ones, bad values say what is wanted.
create server bad foreign data wrapper penstock options (host 'example.org');
create server bad foreign data wrapper penstock options (socket 'relative/path');
create server bad foreign data wrapper penstock options (socket '/s', uid 'root');
create server bad foreign data wrapper penstock options (socket '/s', uid '-1');
create server bad foreign data wrapper penstock options (socket '');
create foreign table bad (a int8) server example options (filename '/etc/passwd');
create foreign table bad (a int8) server example options (rows 'many');
create foreign table bad (a int8) server example options (rows 'NaN');
create foreign table bad (a int8) server example options (connection '');
create foreign table bad (a int8 options (exact 'ilike')) server example;
create foreign table bad (a int8 options (key 'primary')) server example;
create foreign table bad (a int8 options (password 'x')) server example;
create user mapping for current_user server example options (password 'secret');
alter foreign data wrapper penstock options (add debug 'on');
-- A server without a socket can be made, and says so when it is used.
create server empty foreign data wrapper penstock;
create foreign table nowhere (a int8) server empty;
select * from nowhere;
drop server empty cascade;
-- Settings: one prefix, all known.
set penstock.connect_timeout = '2s';
show penstock.connect_timeout;
set penstock.connect_timeout = 0;
set penstock.nonsense = 1;
reset penstock.connect_timeout;
