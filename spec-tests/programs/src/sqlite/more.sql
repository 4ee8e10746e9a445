SELECT 'read from a file', count(*) FROM imported;
PRAGMA quick_check;
