import { describe, expect, test } from "vitest";
import {
  codeOf,
  csvFileRead,
  fields,
  finishStream,
  loadPart,
  loadRead,
  never,
  newDatabase,
  openDestination,
  planOf,
} from "./postgres-destination.ts";

const plan = planOf({
  table: { name: "t" },
  fields: fields({ id: "integer" }),
  mode: "overwrite",
  generation: 3,
  minimumGeneration: 3,
});
const begin = (sync: number, fresh = true) => ({
  token: { sync, attempt: 1 },
  streams: [{ ...plan, fresh }],
  checkpoints: [],
});
const META = `SELECT id, extract(epoch FROM _airbyte_extracted_at)::int8 AS at, _airbyte_meta ->> 'sync_id' AS sync,
  jsonb_array_length(_airbyte_meta -> 'changes') AS changes, _airbyte_generation_id AS generation FROM t ORDER BY id`;
const SHOWN_DEFAULTS = `SELECT column_name AS name FROM information_schema.columns
  WHERE table_name = 't' AND column_default IS NOT NULL`;
const STAGE_DEFAULTS = `SELECT count(*) AS count FROM information_schema.columns
  WHERE table_schema = '_weir' AND column_name LIKE '\\_airbyte\\_%' AND column_default IS NOT NULL`;

const csv = (text: string) => csvFileRead(plan, text);
const row = (id: number, at: number, sync = 1) => ({
  id: String(id),
  at: String(at),
  sync: String(sync),
  changes: "0",
  generation: "3",
});

describe("what is the same in all rows of a load", () => {
  test("stands in a default of the stage, and in none of the table that readers see", async () => {
    const db = await newDatabase();
    const session = await openDestination(db.url);
    await session.begin(begin(1));
    await loadPart(session, plan, csv("1\n2\n"), { format: "csv-file", extractedAt: 1_000_000 });
    expect(await db.sql(STAGE_DEFAULTS)).toEqual([{ count: "3" }]);
    await loadPart(session, plan, csv("3\n"), { format: "csv-file", extractedAt: 2_000_000 });
    await loadPart(session, plan, [{ id: 4 }], { extractedAt: 3_000_000 });
    await finishStream(session, plan);
    await session.close();
    expect(await db.sql(META)).toEqual([row(1, 1000), row(2, 1000), row(3, 2000), row(4, 3000)]);
    expect(await db.sql(SHOWN_DEFAULTS)).toEqual([]);
  });

  test("a later sync goes on in the stage with values of its own", async () => {
    const db = await newDatabase();
    const first = await openDestination(db.url);
    await first.begin(begin(1));
    await loadPart(first, plan, csv("1\n"), { format: "csv-file", extractedAt: 1_000_000 });
    await first.close();
    const second = await openDestination(db.url);
    await second.begin(begin(2, false));
    await loadPart(second, plan, csv("2\n"), { format: "csv-file", sync: 2, extractedAt: 2_000_000 });
    await finishStream(second, plan);
    await second.close();
    expect(await db.sql(META)).toEqual([row(1, 1000), row(2, 2000, 2)]);
  });

  test("is given with each row while somebody holds the stage, without waiting", async () => {
    const db = await newDatabase();
    const session = await openDestination(db.url);
    await session.begin(begin(1));
    const other = await session.transaction(never);
    await loadRead(session, other, plan, csvFileRead(plan, ""), { format: "csv-file" });
    const reader = await db.connect();
    const [stage] = await db.sql(`SELECT tablename AS name FROM pg_tables WHERE schemaname = '_weir' AND
      tablename NOT IN ('fences', 'checkpoints')`);
    await reader.query(`BEGIN; LOCK TABLE _weir."${stage?.["name"]}" IN ROW EXCLUSIVE MODE`);
    const again = await openDestination(db.url);
    await again.begin(begin(2, false));
    await loadPart(again, plan, csv("1\n"), { format: "csv-file", sync: 2, extractedAt: 1_000_000 });
    await reader.query("COMMIT");
    await other.rollback();
    await finishStream(again, plan);
    await Promise.all([session.close(), again.close()]);
    expect(await db.sql(META)).toEqual([row(1, 1000, 2)]);
  });

  test("a worker that was surpassed sets nothing", async () => {
    const db = await newDatabase();
    const old = await openDestination(db.url);
    await old.begin(begin(1));
    const next = await openDestination(db.url);
    await next.begin(begin(2));
    const late = await old.transaction(never);
    const load = loadRead(old, late, plan, csv("1\n"), { format: "csv-file", extractedAt: 1_000_000 });
    expect(await codeOf(load)).toBe("destination.fenced");
    expect(await db.sql(STAGE_DEFAULTS)).toEqual([{ count: "0" }]);
    await late.rollback();
    await loadPart(next, plan, csv("2\n"), { format: "csv-file", sync: 2, extractedAt: 2_000_000 });
    await finishStream(next, plan);
    await Promise.all([old.close(), next.close()]);
    expect(await db.sql(META)).toEqual([row(2, 2000, 2)]);
  });
});
