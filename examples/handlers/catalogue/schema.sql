-- The database of the catalogue: sqlite3 catalogue.db < schema.sql
CREATE TABLE book (
  id INTEGER PRIMARY KEY,
  title TEXT NOT NULL,
  author TEXT NOT NULL,
  year INTEGER NOT NULL,
  cents INTEGER NOT NULL,
  stock INTEGER NOT NULL
);
CREATE INDEX book_author ON book(author);
INSERT INTO book VALUES
  (1, 'Middlemarch', 'George Eliot', 1871, 1450, 12),
  (2, 'Silas Marner', 'George Eliot', 1861, 899, 3),
  (3, 'Frankenstein', 'Mary Shelley', 1818, 799, 40),
  (4, 'Moby-Dick', 'Herman Melville', 1851, 1200, 0),
  (5, 'Effi Briest', 'Theodor Fontane', 1895, 680, 7),
  (6, 'Der Stechlin', 'Theodor Fontane', 1898, 990, 1),
  (7, 'Les Misérables', 'Victor Hugo', 1862, 2199, 9),
  (8, 'Преступление и наказание', 'Фёдор Достоевский', 1866, 1375, 5);
