import type { Client } from "pg";

/** `keyed` has a primary key and a cursor, `plain` has neither key nor order. Rows are about 250 bytes. */
const TABLES = ["keyed", "plain"] as const;

export async function fillSource(client: Client, rows: number): Promise<void> {
  const columns = `v bigint not null, name text, amount numeric(12,2), at timestamptz, note text`;
  const values = `g, 'näme ' || g || case when g % 7 = 0 then E' "q",\\n\\t\\\\N' else '' end,
    case when g % 11 = 0 then null else (g * 17 % 100000) / 100.0 end,
    timestamptz '2024-01-01 00:00:00+00' + g * interval '1.000001 second', repeat(md5(g::text), 5)`;
  await client.query(`
    create table keyed (id bigint primary key, ${columns});
    create table plain (id bigint, ${columns});
    insert into keyed select g, ${values} from generate_series(1, ${rows}) g;
    insert into plain select g, ${values} from generate_series(1, ${rows}) g;
    create index on keyed (v);
    create index on plain (v);
  `);
  await client.query("vacuum analyze");
}

/**
 * New rows and new versions of old ones, each with a greater `v` than any before; with `deletes` some rows go, and the
 * server may use their place again. In one transaction: a sync that runs meanwhile sees all of it or nothing.
 */
export async function changeSource(
  client: Client,
  { round, rows, deletes }: { readonly round: number; readonly rows: number; readonly deletes: boolean },
): Promise<void> {
  const base = rows * 10 * round;
  // Above every cursor of the rounds before, whatever ids they made.
  const version = 1_000_000_000 * round;
  await client.query("begin");
  for (const table of TABLES) {
    await client.query(
      `update ${table} set v = ${version} + id, name = 'round ${round}', note = repeat(note, 1 + (id % 3)::int)
       where id % 13 = ${round % 13}`,
    );
    await client.query(
      `insert into ${table} select ${base} + g, ${version} + ${base} + g, 'new', 1.5, timestamptz '2025-01-01 00:00:00+00', 'n'
       from generate_series(1, ${Math.ceil(rows / 20)}) g`,
    );
    if (deletes) await client.query(`delete from ${table} where id % 97 = ${round % 97}`);
  }
  await client.query("commit");
  if (deletes) await client.query(`vacuum ${TABLES.join(", ")}`);
}

/** The same text for the same row, in PostgreSQL and in DuckDB. */
function rowText(epochMicros: string): string {
  return `concat_ws('|', id, v, coalesce(name, '∅'), coalesce(amount::varchar, '∅'), coalesce(${epochMicros}::varchar, '∅'), md5(coalesce(note, '∅')))`;
}

export const POSTGRES_ROW = rowText("(extract(epoch from at) * 1000000)::bigint").replace(
  "amount::varchar",
  // JSON keeps a number's value and not its zeros.
  "amount::numeric(12,2)::varchar",
);
export const DUCKDB_ROW = rowText('epoch_us("at")');
