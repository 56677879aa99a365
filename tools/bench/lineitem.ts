import type { Client } from "pg";

/** The column's type in TPC-H, and the wider one that Weir, as Airbyte, gives it. */
interface LineitemColumn {
  readonly name: string;
  readonly type: string;
  readonly postgres: string;
  readonly duckdb: string;
  /** What COPY selects: the cast that Weir's source is asked for, where it is asked for one. */
  readonly selected: string;
}

const integer = (name: string): LineitemColumn => ({
  name,
  type: "integer not null",
  postgres: "bigint",
  duckdb: "BIGINT",
  selected: `${name}::int8`,
});
const decimal = (name: string): LineitemColumn => ({
  name,
  type: "numeric(15,2) not null",
  postgres: "numeric",
  duckdb: "DECIMAL(15,2)",
  selected: name,
});
const text = (name: string, type: string): LineitemColumn => ({
  name,
  type: `${type} not null`,
  postgres: "varchar",
  duckdb: "VARCHAR",
  selected: name,
});
const date = (name: string): LineitemColumn => ({
  name,
  type: "date not null",
  postgres: "date",
  duckdb: "DATE",
  selected: name,
});

export const LINEITEM: readonly LineitemColumn[] = [
  integer("l_orderkey"),
  integer("l_partkey"),
  integer("l_suppkey"),
  integer("l_linenumber"),
  decimal("l_quantity"),
  decimal("l_extendedprice"),
  decimal("l_discount"),
  decimal("l_tax"),
  text("l_returnflag", "char(1)"),
  text("l_linestatus", "char(1)"),
  date("l_shipdate"),
  date("l_commitdate"),
  date("l_receiptdate"),
  text("l_shipinstruct", "char(25)"),
  text("l_shipmode", "char(10)"),
  text("l_comment", "varchar(44)"),
];

/** A text of words, 10 to 43 characters long, as TPC-H has them. */
const COMMENT = `substr(
  'carefully final deposits sleep quickly ironic accounts boost furiously pending requests nag slyly bold packages',
  1 + h % 65, 10 + h / 128 % 34)`;

/**
 * Four lines for each order. Every value is computed from the row's number, so that every run has the same table.
 * `h` spreads the numbers over 31 bits.
 */
export async function fillLineitem(client: Client, rows: number): Promise<void> {
  const columns = LINEITEM.map(({ name, type }) => `${name} ${type}`).join(", ");
  await client.query(`create table lineitem (${columns}, primary key (l_orderkey, l_linenumber))`);
  await client.query(`
    insert into lineitem
    select
      n / 4 + 1, 1 + h % 200000, 1 + h / 7 % 10000, n % 4 + 1,
      1 + h % 50, (90000 + h % 10000000) / 100.0, h % 11 / 100.0, h / 11 % 9 / 100.0,
      substr('RAN', 1 + h % 3, 1), substr('OF', 1 + h / 3 % 2, 1),
      date '1992-01-02' + h % 2526, date '1992-01-31' + h % 2466, date '1992-01-04' + h % 2554,
      (array['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'])[1 + h / 5 % 4],
      (array['REG AIR', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB'])[1 + h / 13 % 7],
      ${COMMENT}
    from (select n, (hashint4(n) & 2147483647) as h from generate_series(0, ${rows} - 1) n) as numbered`);
  await client.query("vacuum (analyze, freeze) lineitem");
}
