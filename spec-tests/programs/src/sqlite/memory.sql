-- Queries over tables in memory: joins, recursion, windows, JSON, full text, triggers, transactions.
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT, price REAL CHECK(price >= 0));
CREATE TABLE sale(item INTEGER REFERENCES item(id), day TEXT, count INTEGER);
CREATE INDEX sale_day ON sale(day, item);
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200)
INSERT INTO item SELECT x, printf('item %03d', x), substr('abcde', 1 + x % 5, 1), round(x * 1.37, 2) FROM n;
WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n WHERE x < 1499)
INSERT INTO sale SELECT 1 + x * 7919 % 200, date('2024-01-01', (x % 90) || ' days'), 1 + x * 31 % 17 FROM n;

.mode column
.headers on
SELECT kind, count(*) AS sales, sum(count) AS pieces, printf('%.2f', sum(count * price)) AS revenue
  FROM sale JOIN item ON item.id = sale.item GROUP BY kind HAVING pieces > 10 ORDER BY kind DESC;
.mode list
SELECT day, total, sum(total) OVER (ORDER BY day ROWS 2 PRECEDING) AS moving, rank() OVER (ORDER BY total DESC) AS place
  FROM (SELECT day, sum(count) AS total FROM sale GROUP BY day) ORDER BY day LIMIT 5;
SELECT name, lag(name, 1, '-') OVER w, ntile(4) OVER w FROM item WHERE kind = 'c' WINDOW w AS (ORDER BY price DESC) LIMIT 3;
EXPLAIN QUERY PLAN SELECT * FROM sale WHERE day = '2024-02-01' AND item IN (1, 2, 3);
SELECT count(*) FROM item i LEFT JOIN sale s ON s.item = i.id AND s.count > 16 WHERE s.item IS NULL;

WITH RECURSIVE
  xaxis(x) AS (VALUES(-2.0) UNION ALL SELECT x + 0.1 FROM xaxis WHERE x < 1.0),
  yaxis(y) AS (VALUES(-1.0) UNION ALL SELECT y + 0.25 FROM yaxis WHERE y < 1.0),
  m(iter, cx, cy, x, y) AS (
    SELECT 0, x, y, 0.0, 0.0 FROM xaxis, yaxis
    UNION ALL SELECT iter + 1, cx, cy, x * x - y * y + cx, 2.0 * x * y + cy FROM m WHERE (x * x + y * y) < 4.0 AND iter < 14),
  m2(iter, cx, cy) AS (SELECT max(iter), cx, cy FROM m GROUP BY cx, cy),
  a(t) AS (SELECT group_concat(substr(' .+*#', 1 + min(iter / 3, 4), 1), '') FROM m2 GROUP BY cy)
SELECT group_concat(rtrim(t), x'0a') FROM a;

CREATE TABLE log(what TEXT);
CREATE TRIGGER priced AFTER UPDATE OF price ON item BEGIN
  INSERT INTO log VALUES (printf('%s: %.2f to %.2f', new.name, old.price, new.price));
END;
CREATE VIEW dear AS SELECT * FROM item WHERE price > 270;
BEGIN; UPDATE item SET price = price * 2 WHERE id <= 3; SAVEPOINT s; DELETE FROM item; SELECT count(*) FROM item; ROLLBACK TO s; COMMIT;
SELECT * FROM log; SELECT count(*), max(name) FROM dear;
INSERT INTO item VALUES (1, 'twice', 'x', 1) ON CONFLICT(id) DO UPDATE SET name = excluded.name || '!' RETURNING id, name;

SELECT json_extract('{"a":[1,2,{"b":"deep"}]}', '$.a[2].b'), json_group_array(x) FROM (SELECT value * 2 AS x FROM json_each('[3,1,2]') ORDER BY value);
SELECT json_group_object(kind, n) FROM (SELECT kind, count(*) n FROM item GROUP BY kind ORDER BY kind);
CREATE VIRTUAL TABLE text USING fts5(body);
INSERT INTO text VALUES ('the quick brown fox'), ('jumps over the lazy dog'), ('a quick lazy afternoon');
SELECT rowid, highlight(text, 0, '[', ']') FROM text WHERE text MATCH 'quick OR lazy' ORDER BY rowid;
CREATE VIRTUAL TABLE box USING rtree(id, x0, x1, y0, y1);
INSERT INTO box SELECT id, id % 20, id % 20 + 1, id / 20, id / 20 + 1 FROM item;
SELECT count(*), sum(id) FROM box WHERE x0 >= 3 AND x1 <= 7 AND y0 >= 2 AND y1 <= 6;

SELECT strftime('%Y-%m-%d %H:%M', 1709210096, 'unixepoch', '+1 month', 'start of month'), julianday('2024-02-29') - julianday('2023-02-28');
SELECT quote(x'00ff10'), hex('é'), unicode('€'), char(72, 105), upper('straße'), instr('needle in', 'in'), trim('  x '), replace('aXbX', 'X', '--');
SELECT typeof(1), typeof(1.0), typeof('1'), typeof(x'31'), typeof(NULL), 7 / 2, -7 % 3, 1e3, 9223372036854775807 + 1, abs(-5), 5 << 3, ~0;
SELECT round(sqrt(2), 10), round(pow(2, 0.5), 10), round(ln(10), 10), printf('%e %g %x %,d', 12345.678, 1e-5, 255, 1234567), 'abc' LIKE 'A%', 'abc' GLOB 'a*';
SELECT cast('12abc' AS INTEGER), coalesce(NULL, 3), nullif(1, 1), iif(2 > 1, 'yes', 'no'), 'B' < 'a' COLLATE NOCASE, max(3, 9), total(NULL);
.mode json
SELECT id, name, price FROM item WHERE id IN (5, 6);
.mode csv
SELECT 'with "quotes"', 'and, comma', NULL, 1.5;
.mode insert item
SELECT * FROM item WHERE id = 7;
.mode box
SELECT name, price FROM item WHERE id BETWEEN 8 AND 9;
.mode list
PRAGMA integrity_check;
PRAGMA foreign_key_check;
SELECT group_concat(name, ' ') FROM (SELECT name FROM pragma_table_info('sale') ORDER BY cid);
.dump log
