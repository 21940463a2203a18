-- Earlier versions wrote the text of an error, which quoted the webhook's address with its password and keys: "TypeOfError:
-- text". What stands instead is what the views stage writes today of the same record (domain/reasons.py).
set local role rondo_views;
update rondo.notifications set detail = case
    when detail like 'HTTPStatusError:%' and substring(detail from '''([0-9]{3}) ') like '3%'
        then format('redirected with status %s, and redirects are not followed', substring(detail from '''([0-9]{3}) '))
    when detail like 'HTTPStatusError:%' and detail ~ '''[0-9]{3} '
        then format('refused with status %s', substring(detail from '''([0-9]{3}) '))
    when detail like 'TimeoutError:%' then 'no answer in 20 s'
    else format('it can''t be sent (%s)', substring(detail from '^[A-Za-z0-9_]+'))
end
where detail ~ '^[A-Z][A-Za-z0-9_]*: ';
reset role;
