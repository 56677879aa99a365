const TABLES = ["users", "products", "purchases"] as const;

/** Makes the tables that Weir has loaded look like any shop's: with primary keys, without the columns of the loading. */
export function furnishShop(url: string): Promise<void> {
  const changes = TABLES.map(
    (table) => `alter table ${table} add primary key (id), drop column _airbyte_raw_id,
      drop column _airbyte_extracted_at, drop column _airbyte_meta, drop column _airbyte_generation_id`,
  );
  return withClient(url, async (run) => {
    for (const change of changes) await run(change);
  });
}

/** What happens in a shop while nobody syncs. */
export interface ShopChanges {
  readonly users: number;
  readonly purchases: number;
}

/** Gives some users a new address and adds some purchases, the server's clock being their time of change. */
export function changeShop(url: string): Promise<ShopChanges> {
  return withClient(url, async (run) => ({
    users: await run(
      `update users set email = 'moved+' || id || '@example.com', updated_at = now() where id <= 25`,
    ),
    purchases: await run(
      `insert into purchases (id, user_id, product_id, created_at, updated_at)
       select newest.id + n, n, 1 + n % 100, now(), now()
       from (select max(id) as id from purchases) newest, generate_series(1, 40) n`,
    ),
  }));
}

/** `run` gives the number of rows a statement touched. */
async function withClient<Result>(
  url: string,
  work: (run: (sql: string) => Promise<number>) => Promise<Result>,
): Promise<Result> {
  const { Client } = await import("pg");
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(async (sql) => (await client.query(sql)).rowCount ?? 0);
  } finally {
    await client.end();
  }
}
