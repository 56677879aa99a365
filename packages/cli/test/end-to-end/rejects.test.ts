import { readFileSync } from "node:fs";
import type { EncodingFormat, JsonObject } from "@weir/protocol";
import { isObject, parseJson } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { newDatabase } from "./databases.ts";
import { offering, type Synced, syncOnce } from "./scene.ts";
import { newTarget, rowsOf, type ShownRow, type Target, TARGETS } from "./targets.ts";

/** A table of the user's, as Airbyte lays it out, that takes no sevens and no second row of an id. */
async function strictTable(target: Target): Promise<void> {
  await target.sql(`CREATE TABLE orders (_airbyte_raw_id VARCHAR NOT NULL, _airbyte_extracted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    _airbyte_meta JSON NOT NULL, _airbyte_generation_id BIGINT NOT NULL, id BIGINT UNIQUE, amount BIGINT CHECK (amount <> 7), note VARCHAR)`);
}

interface Rejected extends Synced {
  readonly rows: readonly ShownRow[];
  readonly rejects: readonly JsonObject[];
}

const formats = (id: string): readonly EncodingFormat[] =>
  id === "destination-postgres" ? ["pg-binary", "pg-text", "batch"] : ["csv", "batch"];

describe.each(TARGETS)("rows a table refuses, %s", (id) => {
  test("are set aside, all others written, whichever way the rows went first", async () => {
    const source = await newDatabase();
    await source.sql(`CREATE TABLE orders (id int, amount int, note text);
      INSERT INTO orders SELECT i, i % 10, 'note ' || i FROM generate_series(1, 50) AS i;
      INSERT INTO orders VALUES (1, 1, 'again'), (1, 2, 'and again')`);
    const run = async (format: EncodingFormat): Promise<Rejected> => {
      const target = await newTarget(id);
      await strictTable(target);
      const synced = await syncOnce({
        source: source.source,
        destination: target.endpoint,
        streams: ["orders"],
        mode: "full_refresh_append",
        connection: { rejects: { max: 7 } },
        through: offering(format),
      });
      const files = synced.result.streams[0]?.rejects ?? [];
      const rejects = files.flatMap((file) =>
        readFileSync(file, "utf8").trimEnd().split("\n").map(parseJson),
      );
      return { ...synced, rows: await rowsOf(target, "orders"), rejects: rejects.filter(isObject) };
    };
    const all = [];
    for (const format of formats(id)) all.push(await run(format));
    for (const { result, rows, rejects } of all) {
      expect(result).toMatchObject({
        status: "succeeded",
        streams: [{ rows: { read: 52, committed: 45, rejected: 7, changed: 0 } }],
      });
      expect(rows.map(({ values }) => Number(values["id"]))).toEqual(
        Array.from({ length: 50 }, (_, at) => at + 1).filter((one) => one % 10 !== 7),
      );
      expect(rows[0]?.values).toEqual({ id: "1", amount: "1", note: "note 1" });
      expect(rejects.map(({ record }) => (isObject(record) ? record["note"] : undefined))).toEqual([
        "note 7",
        "note 17",
        "note 27",
        "note 37",
        "note 47",
        "again",
        "and again",
      ]);
      for (const { code, reason } of rejects) {
        expect(code).toBe("destination.row_refused");
        expect(reason).toMatch(/.{10}/);
      }
    }
  });

  test("fail the sync when there are more than allowed, after the others are committed", async () => {
    const source = await newDatabase();
    await source.sql(
      "CREATE TABLE orders AS SELECT i AS id, i AS amount, '' AS note FROM generate_series(1, 10) AS i",
    );
    const target = await newTarget(id);
    await strictTable(target);
    const { result } = await syncOnce({
      source: source.source,
      destination: target.endpoint,
      streams: ["orders"],
      mode: "full_refresh_append",
    });
    expect(result).toMatchObject({
      status: "failed",
      attempts: 1,
      failure: { code: "engine.rows_rejected" },
      streams: [{ status: "complete", rows: { read: 10, committed: 9, rejected: 1 } }],
    });
    expect((await rowsOf(target, "orders")).length).toBe(9);
  });
});
