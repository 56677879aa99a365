import { testPostgres } from "@weir/kit/testing";
import { Client } from "pg";
import { expect, test } from "vitest";
import { folderWith, weir, weirJson } from "./terminal.ts";

const META = ["_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_meta", "_airbyte_generation_id"];

async function columnsOf(url: string, table: string): Promise<readonly string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      "SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position",
      [table],
    );
    return rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

test("a table that a sync loaded is a source without that sync's own columns", async () => {
  const cwd = await folderWith();
  const [first, second] = [await testPostgres(), await testPostgres()];
  const to = (url: string): readonly string[] => ["--destination", url];
  const load = await weir(
    ["sync", "--source", "faker", "--source-config", "count=20", "--streams", "products", ...to(first)],
    { cwd },
  );
  expect(load.code).toBe(0);

  const { result } = await weirJson(["discover", "--source", first, "--stream", "products"], { cwd });
  const offered = JSON.stringify(result);
  expect(offered).toContain('"make"');
  expect(offered).not.toContain("_airbyte_");

  const copy = ["--streams", "products", "--mode", "incremental_append_deduped", "--cursor", "updated_at"];
  const ran = await weir(["sync", "--source", first, ...copy, "--primary-key", "id", ...to(second)], { cwd });
  expect({ code: ran.code, stderr: ran.stderr }).toMatchObject({ code: 0 });
  expect(ran.stdout).toContain(
    "note: public.products: A sync loads this table: its own four _airbyte_ columns",
  );
  const columns = await columnsOf(second, "products");
  expect(columns).toEqual(await columnsOf(first, "products"));
  expect(columns.filter((name) => name.startsWith("_airbyte_"))).toEqual(META);
});
