-- A database on a file: built in several transactions, one of them undone, then shrunk.
PRAGMA page_size = 1024;
PRAGMA journal_mode;
CREATE TABLE person(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, born INTEGER, note BLOB);
CREATE INDEX person_born ON person(born);
BEGIN;
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1200)
INSERT INTO person(name, born, note) SELECT printf('person %05d', x * 7919 % 10007), 1900 + x * 37 % 120, zeroblob(x % 60) FROM n;
COMMIT;
BEGIN; DELETE FROM person WHERE id > 100; SELECT count(*) FROM person; ROLLBACK;
UPDATE person SET note = 'changed ' || id WHERE born = 1950;
DELETE FROM person WHERE id % 3 = 0;
CREATE TABLE copy AS SELECT born, count(*) AS n FROM person GROUP BY born;
SELECT count(*), sum(id), max(name) FROM person;
INSERT INTO person(name) VALUES ('person 07919');
VACUUM;
PRAGMA page_count;
