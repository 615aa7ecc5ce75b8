-- Fills golden.sample(kind, input) and writes each input, cast to its type by the server, into a
-- page, from where pageinspect reads the bytes back. PLAIN storage keeps them from being compressed.
-- A page may shorten the varlena header, so that is cut off. Inputs are kept in the file, so random() may differ between versions.
\set ON_ERROR_STOP on
\set QUIET on
set client_min_messages = warning;
set extra_float_digits = 0;
create extension pageinspect;
create schema golden;
set search_path = golden, public;
select setseed(0.42) \g /dev/null

create table sample (id serial primary key, kind text not null, input text not null);

create function digits(n int) returns text language sql volatile as
$$ select coalesce(string_agg(floor(random() * 10)::int::text, ''), '') from generate_series(1, n) $$;

insert into sample (kind, input)
select 'numeric', unnest(string_to_array(
    '0 -0 0.0 0.000 1 -1 10 100 1000 10000 100000 12345 9999 10001 0.1 0.01 0.001 0.0001 0.00001 '
    '0.00010000 1.10 1.1000 -1.5 100.00 -100.0000 1234.5678 12345.67890 0.99999 99999999.00000001 '
    '.5 5. +7 00012 -000.500 1e0 1e1 1E+2 1e-1 1e-4 1e-5 12e3 12.5e1 12.5e-3 1e131071 -9.99e131071 '
    '1e-16383 -1e-16383 123e-16383 1e100 1e255 1e256 1e-252 1e-256 1e252 1e-63 1e-64 0e-63 0e-64 '
    '0e10 0.0e5 1.5e4 NaN nan Infinity -Infinity inf -inf +Infinity 9223372036854775807 '
    '-9223372036854775808 9223372036854775808 18446744073709551615 340282366920938463463374607431768211456 '
    '3.141592653589793238462643383279502884197 1e-400 1e400 2.2250738585072014e-308 1.7976931348623157e308',
    ' '));
insert into sample (kind, input)
select 'numeric', case when random() < 0.3 then '-' else '' end || digits(floor(random() * 24)::int)
    || '7' || case when random() < 0.6 then '.' || digits(1 + floor(random() * 30)::int) else '' end
    || case when random() < 0.3 then 'e' || floor(random() * 200 - 100)::int else '' end
from generate_series(1, 260);
insert into sample (kind, input)
select 'numeric', digits(n * 7) || '1' || repeat('0', n) || '.' || repeat('0', n % 9) || digits(n)
from generate_series(1, 30) n;
insert into sample (kind, input)
select 'int8', i::text from unnest(array[0, 1, -1, 9999, 10000, -10000, 10001, 99999999, 100000000,
    1000000000000, 1000000000000000000, 9223372036854775807, -9223372036854775807 - 1]) i
union all select 'int8', floor((random() - 0.5) * 10 ^ (n % 19))::int8::text from generate_series(1, 60) n;

insert into sample (kind, input)
select 'jsonb', line from regexp_split_to_table($json${}
[]
null
true
false
0
-0
-0.0
1e5
1E+2
1.50
1e400
-1.25e-400
123456789012345678901234567890
""
"a"
"ü"
"\u00fc\n\t\"\\\/\b\f\r"
"\ud83d\ude00"
"😀 text"
 [ 1 , 2 ] 
{"a":1,"a":2}
{"a":1,"b":2,"a":3,"b":null,"a":{}}
{"":1,"":2,"x":""}
{"b":1,"a":2,"aa":3,"B":4,"é":5,"aaa":6,"ab":7}
{"\u0061":1,"a":2}
{"k":{}, "l":[], "m":[{}], "n":{"o":[]}}
[[[[[[[[[[]]]]]]]]]]
[[],{},[[]],[{}]]
[1,"a",2,"ab",3,"abc",4,"abcd",5]
["a",[1],"ab",[2],"abc",{"x":3},"abcd",null]
[true,false,null,true]
{"t":true,"f":false,"n":null,"i":12,"d":1.25,"s":"text","a":[1,2,3],"o":{"x":{"y":{"z":[]}}}}
[0.1,0.10,0.100,1.0,10,100,1000,10000,1e4,1e-4,12345678901234567890.123]
{"key with spaces":"value with spaces","tab\tkey":"line\nbreak"}
"\u0001\u001f\u007f\u0080\u07ff\u0800\uffff"$json$, E'\n') line;
-- Objects and arrays of every size across the offset stride, keys in random order.
insert into sample (kind, input)
select 'jsonb', '{' || (select string_agg(format('"%s":%s', left(md5((n * 1000 + k)::text), 1 + k % 9),
        (array['1', '"v"', 'null', '[1]', '{"x":1.5}', 'true', '-0.001'])[1 + (n + k) % 7]), ',' order by random())
    from generate_series(1, n) k) || '}' from generate_series(1, 80) n;
insert into sample (kind, input)
select 'jsonb', '[' || (select string_agg((array['1', '"vwx"', 'null', '[]', '{"x":"y"}', 'false', '12345.678'])[1 + (n * k) % 7], ',')
    from generate_series(1, n) k) || ']' from generate_series(1, 80) n;
insert into sample (kind, input)
select 'jsonb', repeat('{"a":[', n) || '"deep"' || repeat(']}', n) from generate_series(1, 20) n;
insert into sample (kind, input)
select 'jsonb', format('{"id":%s,"name":"%s","long":"%s"}', n, repeat('ñ', n), repeat('x', n * 60))
from generate_series(1, 20) n;

create function random_json(depth int) returns text language plpgsql volatile as $$
declare
    choice int := floor(random() * case when depth = 0 then 5 else 8 end);
    members int := floor(random() * 7);
begin
    if choice = 0 then return (array['null', 'true', 'false'])[1 + floor(random() * 3)]; end if;
    if choice = 1 then return floor(random() * 100000)::text; end if;
    if choice = 2 then return (random() * 10 ^ floor(random() * 12 - 6))::text; end if;
    if choice <= 4 then return to_json(left(md5(random()::text), floor(random() * 33)::int))::text; end if;
    if choice = 5 then
        return '[' || coalesce((select string_agg(random_json(depth - 1), ',') from generate_series(1, members)), '') || ']';
    end if;
    return '{' || coalesce((select string_agg(format('"%s":%s', left(md5(random()::text), floor(random() * 4)::int),
        random_json(depth - 1)), ', ') from generate_series(1, members)), '') || '}';
end $$;
insert into sample (kind, input) select 'jsonb', random_json(4) from generate_series(1, 120);

insert into sample (kind, input)
select 'inet', unnest(array['0.0.0.0', '10.1.2.3', '10.1.2.3/8', '255.255.255.255/32', '192.168.0.1/0',
    '::', '::1', '2001:db8::1/64', 'fe80::1/128', '::ffff:1.2.3.4', '2001:db8::/0']);
insert into sample (kind, input)
select 'cidr', unnest(array['0.0.0.0/0', '10.0.0.0/8', '10.1.2.3/32', '192.168.128.0/17', '::/0', '2001:db8::/32',
    'fe80::8000:0:0:0/65', '::1/128']);
insert into sample (kind, input)
select 'text_array', unnest(array['', 'a', 'ab', 'abc', 'abcd', 'a|b', 'ab||abcde', '|', 'é|ü|', repeat('x', 300) || '|y',
    (select string_agg(repeat('z', k), '|') from generate_series(0, 50) k)]);
insert into sample (kind, input)
select 'int8_array', unnest(array['', '0', '1|2|3', '-1', '9223372036854775807|-9223372036854775808',
    (select string_agg((k::int8 * k * 1000003)::text, '|') from generate_series(-50, 50) k)]);

-- How an input becomes a value of its kind.
create table kind (name text primary key, type text, expression text);
insert into kind values
    ('numeric', 'numeric', '%L::numeric'), ('int8', 'numeric', '%L::int8::numeric'),
    ('jsonb', 'jsonb', '%L::jsonb'), ('inet', 'inet', '%L::inet'), ('cidr', 'cidr', '%L::cidr'),
    ('text_array', 'text[]', 'string_to_array(%L, ''|'')'),
    ('int8_array', 'int8[]', 'string_to_array(%L, ''|'')::int8[]');

create function bytes_of(kind_name text, input text) returns bytea language plpgsql volatile as $$
declare
    k kind;
    bytes bytea;
begin
    select * into k from kind where name = kind_name;
    execute format('create table golden.page (v %s)', k.type);
    alter table golden.page alter column v set storage plain;
    execute format('insert into golden.page values (' || k.expression || ')', input);
    select t_attrs[1] into strict bytes
    from heap_page_item_attrs(get_raw_page('golden.page', 0), 'golden.page'::regclass);
    drop table golden.page;
    case get_byte(bytes, 0) & 3
        when 0 then return substr(bytes, 5); -- 4-byte header
        when 1, 3 then return substr(bytes, 2); -- 1-byte header
    end case; -- compressed: no such case, an error
end $$;

alter table sample add column bytes bytea;
update sample set bytes = bytes_of(kind, input);
\copy (select kind, input, encode(bytes, 'hex') from golden.sample order by id) to pstdout
