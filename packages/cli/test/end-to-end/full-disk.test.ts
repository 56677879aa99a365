import { chownSync, mkdirSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { testServer } from "@weir/kit/testing";
import { afterAll, expect, test } from "vitest";
import { type Envelope, weirJson } from "../terminal.ts";
import { duckSql, newDatabase, type Row } from "./databases.ts";
import { type Endpoint, postgresConfig, type Synced, syncOnce } from "./scene.ts";
import { smallDisk } from "./small-disk.ts";

const ROWS = 12_000;
const SUM =
  "SELECT count(*) AS rows, count(DISTINCT id) AS ids, min(id) AS first, max(id) AS last FROM orders";

const source = await newDatabase();
await source.sql(`CREATE TABLE orders (id int PRIMARY KEY, pad text);
  INSERT INTO orders SELECT i, (SELECT string_agg(md5(i || ' ' || n), '') FROM generate_series(1, 30) AS n) FROM generate_series(1, ${ROWS}) AS i`);

const disks = { postgres: smallDisk("10m"), duckdb: smallDisk("6m"), work: smallDisk("512k") };
afterAll(() => Object.values(disks).forEach((disk) => disk?.remove()));
const NO_DISK = "needs the right to mount a small file system";

async function move(destination: Endpoint): Promise<Synced> {
  return syncOnce({
    source: { ...source.source, config: { ...source.source.config, part_megabytes: 1, parallel: 1 } },
    destination,
    streams: ["orders"],
    mode: "full_refresh_append",
  });
}

interface Filling {
  readonly destination: Endpoint;
  readonly look: () => Promise<readonly Row[]>;
  readonly mend: () => void;
}

/** The sync fails in words, what it says was committed is there, and the next one brings the rest, once. */
async function fillAndGoOn({ destination, look, mend }: Filling): Promise<void> {
  let committed = 0;
  const full = async (): Promise<void> => {
    const { result } = await move(destination);
    expect(result).toMatchObject({
      status: "failed",
      attempts: 1,
      failure: { code: "destination.disk_full", recovery: "ask" },
    });
    committed += result.streams[0]?.rows.committed ?? 0;
    const count = String(committed);
    expect(await look()).toEqual([{ rows: count, ids: count, first: "1", last: count }]);
  };
  await full();
  expect(committed).toBeGreaterThan(0);
  await full();
  expect(committed).toBeLessThan(ROWS);
  mend();
  const { result } = await move(destination);
  const rest = ROWS - committed;
  expect(result).toMatchObject({ status: "succeeded", streams: [{ rows: { read: rest, committed: rest } }] });
  const count = String(ROWS);
  expect(await look()).toEqual([{ rows: count, ids: count, first: "1", last: count }]);
}

test.skipIf(disks.postgres === undefined)(`a full disk of the PostgreSQL server (${NO_DISK})`, async () => {
  const [server, disk] = [await testServer(), disks.postgres];
  const folder = join(disk?.path ?? "", "space");
  mkdirSync(folder);
  const { uid, gid } = statSync(server.dataDir);
  chownSync(folder, uid, gid);
  await source.sql(`CREATE TABLESPACE small LOCATION '${folder}'`);
  await source.sql("CREATE DATABASE small TABLESPACE small");
  const url = new URL(server.url);
  url.pathname = "/small";
  const target = await newDatabase(url.href);
  try {
    const destination = { id: "destination-postgres", config: postgresConfig(url.href) };
    await fillAndGoOn({ destination, look: () => target.sql(SUM), mend: () => disk?.grow("200m") });
  } finally {
    await source.sql("DROP DATABASE small WITH (FORCE)");
    await source.sql("DROP TABLESPACE small");
  }
});

test.skipIf(disks.duckdb === undefined)(`a full disk under a DuckDB file (${NO_DISK})`, async () => {
  const path = join(disks.duckdb?.path ?? "", "warehouse.duckdb");
  const destination = { id: "destination-duckdb", config: { path } };
  await fillAndGoOn({ destination, look: () => duckSql(path, SUM), mend: () => disks.duckdb?.grow("200m") });
});

/** Takes what room there is. */
function fill(folder: string): void {
  for (let n = 0; statfsSync(folder).bfree > 0; n++)
    writeFileSync(join(folder, `filler-${n}`), Buffer.alloc(4096));
}

test.skipIf(disks.work === undefined)(`a full disk under Weir's own folder (${NO_DISK})`, async () => {
  const disk = disks.work;
  const cwd = disk?.path ?? "";
  const target = await newDatabase();
  await target.sql(`CREATE TABLE orders (_airbyte_raw_id varchar NOT NULL, _airbyte_extracted_at timestamptz NOT NULL,
    _airbyte_meta jsonb NOT NULL, _airbyte_generation_id bigint NOT NULL, id bigint CHECK (id > 900), pad varchar)`);
  const sync = (stream: string, ...argv: readonly string[]): Promise<Envelope> =>
    weirJson(
      ["sync", "--source", source.url, "--streams", stream, "--mode", "full_refresh_append", ...argv],
      { cwd },
    );
  const toPostgres = ["--name", "pg", "--destination", target.url, "--max-rejects", "1000"];
  fill(cwd);

  // Rows that cannot be written at all must be kept somewhere.
  const refused = await sync("orders", ...toPostgres);
  expect(refused.code).toBe(1);
  expect(refused.error).toMatchObject({
    code: "engine.rejects_unwritable",
    message: expect.stringContaining("ENOSPC"),
  });
  expect(refused.result).toMatchObject({ syncs: [{ attempts: 1, streams: [{ rows: { committed: 0 } }] }] });
  expect(await target.sql("SELECT * FROM orders")).toEqual([]);

  // Where the destination keeps nothing, the state must be.
  const kept = await sync("orders", "--name", "null", "--destination", "dev-null");
  expect(kept.error).toMatchObject({ code: "engine.state_unwritable" });
  expect(kept.result).toMatchObject({ syncs: [{ attempts: 1 }] });

  // Where it keeps everything, the local copy is missed by nobody.
  await source.sql("CREATE TABLE few AS SELECT 1 AS id");
  const copied = await sync("few", "--name", "few", "--destination", target.url);
  expect(copied.code).toBe(0);
  expect(copied.result).toMatchObject({
    syncs: [{ notices: [expect.stringContaining("cannot be written: ENOSPC")] }],
  });
  expect(await target.sql("SELECT id FROM few")).toEqual([{ id: "1" }]);

  disk?.grow("50m");
  const mended = await sync("orders", ...toPostgres);
  expect(mended.code).toBe(0);
  expect(mended.result).toMatchObject({
    syncs: [{ streams: [{ rows: { read: ROWS, committed: ROWS - 900, rejected: 900 } }] }],
  });
  expect(await target.sql(SUM)).toEqual([
    { rows: String(ROWS - 900), ids: String(ROWS - 900), first: "901", last: String(ROWS) },
  ]);
});
