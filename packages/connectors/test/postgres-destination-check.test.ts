import { describe, expect, test } from "vitest";
import { testContext } from "@weir/kit/testing";
import type { CheckResult, JsonObject } from "@weir/protocol";
import { destinationPostgres } from "../src/postgres/destination.ts";
import {
  codeOf,
  destinationConfig,
  fields,
  openDestination,
  planOf,
  syncStream,
  type Database,
  newDatabase,
} from "./postgres-destination.ts";

const check = (url: string, config: JsonObject = {}): Promise<CheckResult> =>
  destinationPostgres.check(destinationConfig(url, config), testContext());

/** A user of this database alone, with what the SQL grants. `%` stands for the user's name. */
async function user(db: Database, grants: string): Promise<string> {
  const name = `u_${new URL(db.url).pathname.slice(1)}`;
  await db.sql(`CREATE ROLE ${name} LOGIN PASSWORD 'secret-of-user'`);
  if (grants !== "") await db.sql(grants.replaceAll("%", name));
  const url = new URL(db.url);
  url.username = name;
  url.password = "secret-of-user";
  return url.href;
}

describe("check", () => {
  test("succeeds and leaves nothing behind", async () => {
    const db = await newDatabase();
    expect(await check(db.url, { schema: "fresh 🎉" })).toEqual({ status: "SUCCEEDED", failures: [] });
    expect(await db.sql("SELECT nspname FROM pg_namespace WHERE nspname ~ 'fresh|weir'")).toEqual([]);
  });

  test("names each schema that may not be written, and the grant that is missing", async () => {
    const db = await newDatabase();
    const url = await user(db, "");
    const result = await check(url);
    expect(result.status).toBe("FAILED");
    expect(
      result.failures.map(({ code, next }) => [code, next.includes("GRANT USAGE, CREATE ON SCHEMA")]),
    ).toEqual([
      ["destination.permission_denied", true],
      ["destination.permission_denied", true],
    ]);
    expect(result.message).toContain("public");
    expect(JSON.stringify(result)).not.toContain("secret-of-user");
  });

  test("is content with a schema of its own and _weir made beforehand", async () => {
    const db = await newDatabase();
    const url = await user(db, "CREATE SCHEMA raw AUTHORIZATION %; CREATE SCHEMA _weir AUTHORIZATION %");
    expect((await check(url, { schema: "raw" })).status).toBe("SUCCEEDED");
  });

  test.each<[string, (url: URL) => void, string]>([
    ["wrong password", (url) => (url.password = "wrong"), "destination.credentials_refused"],
    ["no such database", (url) => (url.pathname = "/nothing"), "destination.database_missing"],
    ["nothing listens", (url) => (url.port = "1"), "destination.unreachable"],
    ["no such host", (url) => (url.hostname = "nowhere.invalid"), "destination.unreachable"],
  ])("%s", async (_what, spoil, code) => {
    const db = await newDatabase();
    const url = new URL(db.url);
    spoil(url);
    const result = await check(url.href);
    expect(result.failures.map((failure) => failure.code)).toEqual([code]);
  });
});

describe("a user who may not", () => {
  const plan = planOf({ table: { name: "t" }, fields: fields({ id: "integer" }) });
  const begin = async (url: string): Promise<string> => {
    const session = await openDestination(url);
    const code = await codeOf(
      session.begin({ token: { sync: 1, attempt: 1 }, streams: [plan], checkpoints: [] }),
    );
    await session.close();
    return code;
  };

  test("COPY past row security is told so, and merges where the policy lets it", async () => {
    const db = await newDatabase();
    const url = await user(db, "CREATE SCHEMA _weir AUTHORIZATION %; CREATE SCHEMA raw AUTHORIZATION %");
    const rows = { ...plan, table: { namespace: "raw", name: "t" }, primaryKey: ["id"] };
    await syncStream(url, rows, [{ id: 1 }]);
    await db.sql(
      "ALTER TABLE raw.t ENABLE ROW LEVEL SECURITY; ALTER TABLE raw.t FORCE ROW LEVEL SECURITY; CREATE POLICY p ON raw.t USING (true) WITH CHECK (id < 10)",
    );
    expect(await codeOf(syncStream(url, rows, [{ id: 2 }], { sync: 2 }))).toBe("destination.row_security");
    const merged = { ...rows, mode: "append_dedup" as const };
    await syncStream(url, merged, [{ id: 2 }], { sync: 2 });
    expect(await codeOf(syncStream(url, merged, [{ id: 10 }], { sync: 3 }))).toBe("destination.rows_refused");
    expect(await db.sql("SELECT id FROM raw.t ORDER BY id")).toEqual([{ id: "1" }, { id: "2" }]);
  });

  test("create _weir, or tables, or change somebody's table, is told so", async () => {
    const db = await newDatabase();
    const url = await user(db, "");
    expect(await begin(url)).toBe("destination.permission_denied");
    await db.sql(`CREATE SCHEMA _weir AUTHORIZATION ${new URL(url).username}`);
    expect(await begin(url)).toBe("destination.permission_denied");
    await db.sql(
      `GRANT CREATE ON SCHEMA public TO ${new URL(url).username}; CREATE TABLE t (_airbyte_raw_id varchar, _airbyte_extracted_at timestamptz)`,
    );
    expect(await begin(url)).toBe("destination.permission_denied");
    await db.sql("DROP TABLE t");
    expect(await begin(url)).toBe("no failure");
  });
});
