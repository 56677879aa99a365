import { testPostgres } from "@weir/kit/testing";
import { systemClock } from "@weir/protocol";
import type { Clock } from "@weir/protocol";
import { Client } from "pg";
import { expect, test } from "vitest";
import { folderWith, weir } from "./terminal.ts";

/** One table of 48 MB whose rows reach DuckDB as bytes: it counts them when all of them are there. */
async function wideTable(): Promise<readonly string[]> {
  const url = await testPostgres();
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE TABLE wide (id bigint PRIMARY KEY, body text);
      ALTER TABLE wide ALTER COLUMN body SET STORAGE EXTERNAL`);
    await client.query(
      "INSERT INTO wide SELECT id, repeat(md5(id::text), 50) FROM generate_series(1, 30000) AS id",
    );
    await client.query("ANALYZE wide");
  } finally {
    await client.end();
  }
  const to = ["--destination", "duckdb", "--destination-config", "path=wide.duckdb"];
  return ["sync", "--source", url, "--source-config", "parallel=1", ...to];
}

/** A clock that runs so many times as fast. */
function hasty(times: number): Clock {
  const start = systemClock.now();
  return {
    now: () => start + (systemClock.now() - start) * times,
    sleep: (ms, signal) => systemClock.sleep(ms / times, signal),
  };
}

test("on a terminal, bytes move the bar before a row is committed", async () => {
  const argv = await wideTable();
  const { code, stderr } = await weir(argv, { cwd: await folderWith(), tty: true, env: { NO_COLOR: "1" } });
  expect(code).toBe(0);
  const early = stderr.split("\n").filter((line) => / 0 committed/.test(line) && / [\d.]+ MB /.test(line));
  expect(early.length).toBeGreaterThan(0);
  expect(early.some((line) => / [1-9]\d?% /.test(line) && line.includes("━"))).toBe(true);
  expect(stderr).toMatch(/100% .* 30,000 rows +30,000 committed/);
});

test("a narrow terminal shows whole facts, the rows committed among them", async () => {
  const argv = await wideTable();
  const options = { cwd: await folderWith(), tty: true, env: { NO_COLOR: "1" }, columns: 80 };
  const { stderr } = await weir(argv, options);
  expect(stderr).toContain("30,000 committed");
  expect(stderr).not.toContain("…");
});

test("without a terminal, a line every few seconds tells what is on its way, apart from what is committed", async () => {
  const argv = await wideTable();
  const { code, stderr } = await weir(argv, { cwd: await folderWith(), clock: hasty(200) });
  expect(code).toBe(0);
  expect(stderr).toMatch(/^public\.wide: \d+%, [\d.]+ MB sent, 0 rows committed$/m);
  expect(stderr).toContain("public.wide: done, 30,000 rows");
});
