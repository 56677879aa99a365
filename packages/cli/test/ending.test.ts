import { testPostgres } from "@weir/kit/testing";
import { Client } from "pg";
import { expect, test } from "vitest";
import { folderWith, weir } from "./terminal.ts";

/** A database with a table that can be read, and a view that cannot be read to its end. */
async function project(limits: string): Promise<string> {
  const url = await testPostgres();
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE TABLE tags AS SELECT id FROM generate_series(1, 40) AS id;
      CREATE FUNCTION busy(id int) RETURNS int LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'too busy' USING ERRCODE = '40001'; END $$;
      CREATE VIEW wrong AS SELECT busy(id) AS quotient FROM tags`);
  } finally {
    await client.end();
  }
  const { hostname, port, username, password, pathname } = new URL(url);
  const server = (database: string): string =>
    `{ host: ${hostname}, port: ${port}, database: ${database}, username: ${username}, password: "\${PASSWORD}" }`;
  const copy = new URL(await testPostgres()).pathname.slice(1);
  return folderWith({
    ".env": `PASSWORD=${password}\n`,
    "weir.yaml": `sources:
  shop: { connector: source-postgres, config: ${server(pathname.slice(1))} }
destinations:
  copy: { connector: destination-postgres, config: ${server(copy)} }
connections:
  shop:
    source: shop
    destination: copy
    streams: [tags, wrong]
    mode: full_refresh_append
    limits: { ${limits} }
`,
  });
}

test("a sync that failed says what holds, and not how it delivers", async () => {
  const cwd = await project("completeFailures: 1, partialFailures: 1");
  const { code, stdout } = await weir(["sync"], { cwd });
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^shop failed after [\d.]+ s: sync 1; 1 of 2 streams complete \(public\.tags\), 40 rows committed; run it again and it goes on from there$/m,
  );
  expect(stdout).not.toContain("exactly-once");
});

test("a stream finished in an earlier attempt shows its rows, and that", async () => {
  const cwd = await project("completeFailures: 1, partialFailures: 2");
  const { stdout, stderr } = await weir(["sync"], { cwd });
  expect(stdout).toMatch(
    /^public\.tags +tags +40 +- +- +full_refresh_append +- +finished in an earlier attempt$/m,
  );
  expect(stdout).toContain("sync 1, 2 attempts; 1 of 2 streams complete (public.tags), 40 rows committed");
  expect(stderr).toContain("attempt 1 failed: ");
  expect(stderr).toContain("sync 1 goes on after its last checkpoint (attempt 2)");
  expect(stderr).toContain("attempt 2 failed: ");
});

test("a sync that never reached its destination has no number", async () => {
  const cwd = await project("completeFailures: 1");
  const { code, stdout, stderr } = await weir(["sync"], { cwd, env: { PASSWORD: "wrong-one" } });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^shop failed before it began, after [\d.]+ s: nothing was moved$/m);
  expect(stdout + stderr).not.toContain("sync 0");
  expect(stderr).toContain("failed before it began: ");
});
