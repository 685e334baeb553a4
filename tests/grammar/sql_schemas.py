"""Schemas to draw queries of: plain ones, and those whose names make it as hard as can be."""

from __future__ import annotations

import re

from expertd.grammar.ddl import KEYWORDS

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT, referred_by REFERENCES customers);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), placed_on TEXT, total REAL);
CREATE TABLE order_items (order_id INTEGER, line INTEGER, product_id INTEGER, qty INT, PRIMARY KEY (order_id, line));
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, price REAL, stock INTEGER DEFAULT 0)
"""
ODD = """
CREATE TABLE "order" ("group" TEXT, "from" INTEGER, "a ""quoted"" name" TEXT, [in brackets] TEXT, `back``tick` INT,
  "select" REAL, plan TEXT, "größe" REAL, "1st" INTEGER);
CREATE TABLE IF NOT EXISTS T2 (id INTEGER, n INTEGER, cte TEXT, CaseD TEXT) -- a comment; with 'quotes' and (brackets
;CREATE TABLE cte (id INTEGER, n TEXT, date TEXT, count INTEGER, o TEXT)
CREATE TABLE t (t INTEGER, t2 INTEGER, sum REAL, "x/y" TEXT, "per%" REAL, rowid_ INTEGER)
"""
ONE = "CREATE TABLE Sensor (SensorID INT, Label VARCHAR(20), CHECK (Label <> 'x'))"
MANY = "".join(
    f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {name}_id INTEGER, name TEXT, a{name} TEXT, b{name} REAL,"
    f" other TEXT, since TEXT, z{name} INTEGER);\n"
    for name in ("alpha", "beta", "gamma", "delta", "users", "orders", "items", "shops")
)
SCHEMAS = {"shop": SHOP, "odd": ODD, "one": ONE, "many": MANY}

# That are no keywords, but what a query has at that place.
FREE = re.findall(
    r"\w+",
    """date time timestamp text integer real numeric count sum avg min max total abs round length lower upper trim
    substr coalesce nullif strftime julianday rank row_number n cte t1 t2 rowid oid plan query value name type
    level zone extract date_trunc to_char string_agg group_concat key percent first last next year month day""",
)
WORDS = ", ".join(f'"{word.lower()}" TEXT' for word in sorted(KEYWORDS)) + "".join(f", {word} INT" for word in FREE)
_QUOTED = """
CREATE TABLE "a""b" ("c""d" INT, "\"\"" INT, "'" INT, "''" INT, "`" INT, "[x]" INT, "a.b" INT, "a;b" INT, "--" INT,
  "/*" INT, "\\" INT, "\\n" INT, "{0,2}" INT, "%" INT, " " INT, "  x " INT, "?" INT, ":x" INT, "@a" INT, "$1" INT,
  "#" INT, "|" INT, "(" INT, ")" INT, "+-" INT, "1" INT, "1.5" INT, "x y z" INT);
CREATE TABLE "my table" ("my col" INT, "'" TEXT);
CREATE TABLE "." ("." INT)
"""
HOSTILE = {
    "every word a column": f"CREATE TABLE k ({WORDS}); CREATE TABLE z (zz INT)",
    "words as tables": "".join(
        f'CREATE TABLE "{word}" ("{word}" TEXT, "{word}_id" INT, id INT);'
        for word in ("select", "from", "order", "user")
    ),
    "free words as tables": "".join(f"CREATE TABLE {word} (a{word} TEXT, id INT, {word} INT);" for word in FREE[::3]),
    "mixed case": "CREATE TABLE Users (UserID INT, userName TEXT, EMail TEXT); CREATE TABLE ORDERS (OrderID INT,"
    " USERID INT, Total REAL); CREATE TABLE orderLines (ORDERID INT, lineno INT)",
    "quoted mixed case": 'CREATE TABLE users ("UserID" INT, "userName" TEXT); CREATE TABLE orders ("OrderID" INT,'
    ' "UserID" INT, total REAL); CREATE TABLE t ("Users" INT, "orders" INT)',
    "columns called like tables": "CREATE TABLE users (users INT, orders INT, u INT, o INT); CREATE TABLE orders"
    " (orders INT, users INT, o INT); CREATE TABLE u (u INT, id INT); CREATE TABLE o (o INT, x INT)",
    "tables called like aliases": "CREATE TABLE t1 (t1 INT, t2 INT, id INT); CREATE TABLE t2 (t1 INT, x INT);"
    " CREATE TABLE T3 (T1 INT, y INT)",
    "columns called like aliases": "CREATE TABLE track (t1 INT, t2 INT, t INT, T3 INT, id INT); CREATE TABLE tune"
    " (t1 INT, tu INT, tr INT); CREATE TABLE tr (id INT, tun INT)",
    "names that the grammar makes": "CREATE TABLE a (n INT, n_1 INT, n_2 INT); CREATE TABLE cte (a INT, cte INT);"
    " CREATE TABLE cte_1 (b INT); CREATE TABLE n (d INT)",
    "unicode": 'CREATE TABLE straße (größe INT, ñandú TEXT, 名前 TEXT, "имя" TEXT); CREATE TABLE 注文 (番号 INT,'
    ' 名前 TEXT, "é" TEXT, "É" TEXT)',
    "a self reference": "CREATE TABLE emp (id INT PRIMARY KEY, boss INT REFERENCES emp(id), name TEXT)",
    "thirty tables": "".join(f"CREATE TABLE t_{i} (id INT, t_{i}_id INT, c{i} TEXT);" for i in range(30)),
    "thirty tables alike": "".join(f"CREATE TABLE t{i} (id INT, name TEXT);" for i in range(30)),
    "names in sets of tables": "".join(
        f"CREATE TABLE s{i} (id INT{''.join(f', in_{k} INT' for k in range(2, 7) if i % k == 0)});" for i in range(16)
    ),
    "one column": "CREATE TABLE a (x INT); CREATE TABLE b (x INT); CREATE TABLE c (x INT)",
    "one column in all": "CREATE TABLE a (a INT)",
    "no types": "CREATE TABLE a (x, y, z); CREATE TABLE b (x, w)",
    "quotes within": _QUOTED,
    "names that begin alike": "CREATE TABLE a (a INT, aa INT, aaa INT, aaaa INT, ab INT); CREATE TABLE aa (a INT,"
    " aa INT, b INT); CREATE TABLE aaa (aaa INT, aab INT, c INT)",
    "underscores": 'CREATE TABLE _ (_ INT, __ INT); CREATE TABLE _1 (_1 INT, id INT); CREATE TABLE "1" ("1" INT)',
    "dollars": "CREATE TABLE a$b (c$d INT, e INT)",
    "functions": "CREATE TABLE sum (sum INT, count INT, avg REAL, min INT); CREATE TABLE abs (abs INT, round REAL,"
    ' length INT, upper TEXT, date TEXT, strftime TEXT, rank INT, coalesce INT, substr TEXT, "cast" TEXT)',
    "hidden columns": "CREATE TABLE a (rowid INT, oid INT, _rowid_ INT); CREATE TABLE b (rowid INT, ctid INT, x INT)",
    "constraints": "CREATE TABLE a (x INT, y INT, PRIMARY KEY (x, y)); CREATE TABLE b (x INT, y INT, z INT, FOREIGN KEY"
    " (x, y) REFERENCES a (x, y), UNIQUE (z), CONSTRAINT q CHECK (z > 0))",
    "long names": f"CREATE TABLE {'a' * 16} ({'b' * 16} INT, {'b' * 15}c INT); CREATE TABLE {'a' * 15}b"
    f" ({'b' * 16} INT, {'d' * 16} INT)",
}


def of_dialect(ddl: str, dialect: str) -> str:
    """Postgres has neither of sqlite's other two quotes."""
    if dialect == "sqlite":
        return ddl
    return ddl.replace("[in brackets]", '"in brackets"').replace("`back``tick`", '"back`tick"')
