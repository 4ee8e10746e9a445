-- The same file opened again by a new process, with a temporary table, an attached file and an output file.
PRAGMA integrity_check;
SELECT count(*), sum(length(note)) FROM person;
SELECT id, name, note FROM person WHERE born = 1950 ORDER BY name LIMIT 4;
CREATE TEMP TABLE old AS SELECT * FROM person WHERE born < 1910;
SELECT count(*) FROM old;
ATTACH 'second.db' AS second;
CREATE TABLE second.old AS SELECT * FROM old ORDER BY id LIMIT 20;
UPDATE person SET born = born + 1 WHERE id IN (SELECT id FROM second.old);
DETACH second;
.output report.csv
.mode csv
SELECT * FROM copy ORDER BY n DESC, born LIMIT 10;
.output stdout
.mode list
.import report.csv imported
SELECT count(*), sum(n) FROM copy;
.tables
.read more.sql
.backup copy.db
