"""A thousand payloads: what breaks out of a quotation, a filter, a path or a number, each in many dresses."""

import itertools
from urllib.parse import quote

_SQL = (
    *("' OR '1'='1", "' OR 1=1 --", "1 OR 1=1", "1; DROP TABLE hazard", "'; SELECT pg_sleep(9) --", "1) OR (1=1"),
    *("' UNION SELECT NULL --", "' UNION ALL SELECT login FROM account --", "$$ OR true $$", "E'\\' OR true --'"),
    *("' || (SELECT current_setting('jingwei.scope')) || '", "set_config('jingwei.scope','/',false)"),
    *("'; SET jingwei.scope='/' --", "'; RESET ROLE --", "'; SET ROLE postgres --", "COPY hazard TO '/tmp/x'"),
    *("1/**/OR/**/true", "0x27204f52", "CHR(39)||1", "%' OR 'x' LIKE '%", "\\", "\\'", "''''", '"', '" OR ""="', "`"),
    *(":path", "%(path)s", "$1", "?", "{0}", "%s%s%s%n", "${1+1}", "{{7*7}}", "#{7*7}", "<%= 7 %>"),
)
_CQL = (
    *("TRUE OR TRUE", "scope_path = '/'", "1 = 1 OR stage IS NULL", "pg_sleep(9) = 1", "(SELECT 1) = 1"),
    *("stage = 'x' UNION SELECT 1", "CASEI(scope_path) LIKE '%'", "current_setting('jingwei.scope') = ''"),
    *("NOT (FALSE) AND NOT (FALSE)", "S_INTERSECTS(geom, BBOX(-180,-90,180,90)) OR TRUE", "lower(login) = 'x'"),
    '{"op":"=","args":[{"property":"scope_path"},"/"]}',
    '{"op":"or","args":[true,{"op":"pg_sleep","args":[9]}]}',
    '{"op":"=","args":[{"property":{"op":"x"}},1]}',
    '{"op":["="],"args":{}}',
    "[" * 60 + "]" * 60,
    "(" * 60 + "TRUE" + ")" * 60,
)
_OTHER = (
    *("../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/dev/null", "file:///etc/passwd", "http://127.0.0.1:1/"),
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "<!DOCTYPE x [<!ENTITY"),
    *("\r\nX-Injected: 1", "\x01\x02", "\u202e", "\ufeff", "\ud800", "𝟙", "İ", "ﬃ", "A" * 3000, "9" * 400, "-1"),
    *("NaN", "Infinity", "-0", "1e999", "1e-999", "0x10", "１２", "true", "null", "[]", "{}", "..", "/", "../..", "*"),
    *("2026-13-45", "0000-00-00", "9999-12-31T23:59:60Z", "../..", "2026-01-01/2025-01-01", "inf/inf", "now()"),
)
_DRESSES = (
    lambda text: text,
    lambda text: f"x{text}",
    lambda text: f"'{text}",
    lambda text: f"{text}--",
    lambda text: f"){text}(",
    lambda text: f"stage = '{text}'",
    lambda text: f"number LIKE '{text}%'",
    lambda text: f"{text},{text},{text},{text}",
    lambda text: quote(text, safe="", errors="surrogatepass"),
    lambda text: text.swapcase(),
    lambda text: f'{{"op":"=","args":[{{"property":"{text}"}},1]}}',
    lambda text: f" {text}\t",
)
PAYLOADS = tuple(dict.fromkeys(dress(text) for dress, text in itertools.product(_DRESSES, (*_SQL, *_CQL, *_OTHER))))[
    :1000
]
