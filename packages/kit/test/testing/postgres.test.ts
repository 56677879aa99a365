import { testPostgres, testServer } from "@weir/kit/testing";
import { Client } from "pg";
import { expect, test } from "vitest";

test("every database is new, and one server holds them all", async () => {
  const urls = [await testPostgres(), await testPostgres()];
  const { port } = await testServer();
  const names: unknown[] = [];
  for (const connectionString of urls) {
    const client = new Client({ connectionString });
    await client.connect();
    names.push((await client.query("select current_database() as name")).rows[0]);
    await client.query("create table t (n int)");
    await client.end();
    expect(new URL(connectionString).port).toBe(String(port));
  }
  expect(new Set(names.map((name) => JSON.stringify(name))).size).toBe(2);
});
