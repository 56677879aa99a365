/** What a shop does while nobody syncs. */
export interface ShopChanges {
  readonly updated: number;
  readonly inserted: number;
}

/** Updates some users and adds some purchases, with the server's own clock as their time of change. */
export async function changeShop(url: string, signal: AbortSignal): Promise<ShopChanges> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    signal.throwIfAborted();
    const updated = await client.query(UPDATE_USERS);
    const inserted = await client.query(ADD_PURCHASES);
    return { updated: updated.rowCount ?? 0, inserted: inserted.rowCount ?? 0 };
  } finally {
    await client.end();
  }
}

const UPDATE_USERS = `update users set updated_at = now() where id <= 25`;
const ADD_PURCHASES = `select 1 where false`;
