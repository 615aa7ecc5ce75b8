-- Everything that the extension made, one line each, without OIDs: two installations are equal when
-- these lines are.
select pg_describe_object(d.classid, d.objid, d.objsubid) as what,
       case d.classid
           when 'pg_proc'::regclass then pg_get_functiondef(d.objid)
           when 'pg_class'::regclass then concat_ws(' ', c.relkind, c.relpersistence,
               pg_get_userbyid(c.relowner), c.relacl::text,
               case when c.relkind = 'v' then pg_get_viewdef(c.oid) end,
               (select string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod),
                                            a.attnotnull, a.attidentity, a.attacl::text,
                                            pg_get_expr(e.adbin, e.adrelid),
                                            col_description(c.oid, a.attnum)), e'\n'
                                  order by a.attnum)
                from pg_attribute a left join pg_attrdef e on e.adrelid = c.oid and e.adnum = a.attnum
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
               (select string_agg(concat_ws(' ', k.conname, pg_get_constraintdef(k.oid)), e'\n'
                                  order by k.conname) from pg_constraint k where k.conrelid = c.oid),
               (select string_agg(pg_get_indexdef(i.indexrelid), e'\n'
                                  order by i.indexrelid::regclass::text)
                from pg_index i where i.indrelid = c.oid),
               (select string_agg(concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled,
                                            obj_description(t.oid, 'pg_trigger')), e'\n'
                                  order by t.tgname)
                from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal))
       end as definition,
       obj_description(d.objid, d.classid::regclass::text) as comment,
       (select p.proacl::text from pg_proc p where d.classid = 'pg_proc'::regclass and p.oid = d.objid)
           as rights,
       (select x.extcondition[i.n] from generate_subscripts(x.extconfig, 1) i (n)
        where d.classid = 'pg_class'::regclass and x.extconfig[i.n] = d.objid) as dumped_where
from pg_depend d
join pg_extension x on x.oid = d.refobjid and d.refclassid = 'pg_extension'::regclass
left join pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid
where x.extname = 'penstock' and d.deptype = 'e'
order by 1;
