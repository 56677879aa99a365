import { globSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { duckSql, newDatabase, type Row } from "./databases.ts";
import { syncOnce } from "./scene.ts";
import { smallDisk } from "./small-disk.ts";

const ROWS = 12_000;

const source = await newDatabase();
await source.sql(`CREATE TABLE orders (id int PRIMARY KEY, pad text);
  INSERT INTO orders SELECT i, (SELECT string_agg(md5(i || ' ' || n), '') FROM generate_series(1, 30) AS n) FROM generate_series(1, ${ROWS}) AS i`);

const disks = { jsonl: smallDisk("6m"), csv: smallDisk("6m"), parquet: smallDisk("8m") };
afterAll(() => Object.values(disks).forEach((disk) => disk?.remove()));

/** What a reader of the table's folder sees. */
async function look(folder: string, format: keyof typeof disks): Promise<Row | undefined> {
  const files = globSync(join(folder, "orders", "**", `*.${format}`)).map((path) => `'${path}'`);
  if (files.length === 0) return { rows: "0", ids: "0" };
  const read = { jsonl: "read_json", csv: "read_csv", parquet: "read_parquet" }[format];
  const options = format === "csv" ? ", header = true, all_varchar = true" : "";
  const [row] = await duckSql(
    ":memory:",
    `SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM ${read}([${files.join(", ")}]${options})`,
  );
  return row;
}

test.skipIf(disks.jsonl === undefined).each(["jsonl", "csv", "parquet"] as const)(
  "a full disk under files of %s (needs the right to mount a small file system)",
  { timeout: 120_000 },
  async (format) => {
    const disk = disks[format];
    if (disk === undefined) throw new Error("The disk could not be made.");
    const folder = join(disk.path, "lake");
    const move = (mode: "full_refresh_append" | "full_refresh_overwrite") =>
      syncOnce({
        source: { ...source.source, config: { ...source.source.config, part_megabytes: 1, parallel: 1 } },
        destination: { id: "destination-file", config: { folder, format, compression: "none" } },
        streams: ["orders"],
        mode,
      });
    let committed = 0;
    for (let tries = 0; tries < 2; tries++) {
      const { result } = await move("full_refresh_append");
      expect(result).toMatchObject({
        status: "failed",
        failure: { code: "destination.disk_full", recovery: "ask" },
      });
      committed += result.streams[0]?.rows.committed ?? 0;
      expect(await look(folder, format)).toEqual({ rows: String(committed), ids: String(committed) });
    }
    expect(committed).toBeGreaterThan(0);
    disk.grow("200m");
    const { result } = await move("full_refresh_append");
    expect(await look(folder, format)).toEqual({ rows: String(ROWS), ids: String(ROWS) });
    const rest = ROWS - committed;
    expect(result).toMatchObject({
      status: "succeeded",
      streams: [{ rows: { read: rest, committed: rest } }],
    });
  },
);
