import type { JsonValue } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { attempt, configured, ids, incremental, newDatabase, readAll } from "./postgres-source.ts";

const database = await newDatabase();
const byCursor = database.config();
const byXmin = database.config({ part_megabytes: 1, replication_method: "xmin" });

/** The state as a server would have written it whose transactions are far ahead of this one's. */
function fromAhead(state: JsonValue): JsonValue {
  const text = JSON.stringify(state).replace(/"snapshot":"[^"]*"/g, '"snapshot":"99999999:99999999:"');
  return JSON.parse(text) as JsonValue;
}

/** This server's transactions have caught up with the state, which leaves nothing to see between the two. */
async function caughtUp(state: JsonValue): Promise<JsonValue> {
  const [row] = await database.sql("SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xmax");
  const xmax = row?.["xmax"] ?? "";
  return JSON.parse(JSON.stringify(state).replaceAll("99999999", xmax)) as JsonValue;
}

describe("a server whose transactions are behind the state", () => {
  test("by cursor: what is above the cursor is read, the last value again, and the user is told", async () => {
    await database.sql(
      "CREATE TABLE events (id int4 PRIMARY KEY, v text); INSERT INTO events SELECT i, 'x' FROM generate_series(1, 10) i",
    );
    const stream = await incremental(byCursor, "events", "id");
    const first = await readAll(byCursor, stream);
    await database.sql("INSERT INTO events VALUES (11, 'x'), (12, 'x')");
    const moved = await readAll(byCursor, stream, fromAhead(first.state));
    expect(ids(moved.rows)).toEqual([10, 11, 12]);
    expect(moved.restart).toBeUndefined();
    expect(moved.notices).toEqual([expect.stringMatching(/another server, or a restored one/)]);
    const after = await readAll(byCursor, stream, moved.state);
    expect(after).toMatchObject({ rows: [], notices: [], state: moved.state });
  });

  test("by cursor: without any row the state is made anew, so that it hides nothing once ids have caught up", async () => {
    await database.sql("CREATE TABLE quiet (id int4, at date); INSERT INTO quiet VALUES (1, '2024-01-01')");
    const stream = await incremental(byCursor, "quiet", "at");
    const first = await readAll(byCursor, stream);
    await database.sql("DELETE FROM quiet");
    const moved = await readAll(byCursor, stream, fromAhead(first.state));
    expect(moved.rows).toEqual([]);
    expect(moved.state).toMatchObject({ value: "2024-01-01" });
    await database.sql("INSERT INTO quiet VALUES (2, '2024-01-01')");
    const late = await readAll(byCursor, stream, await caughtUp(moved.state));
    expect(ids(late.rows)).toEqual([2]);
  });

  test("by xmin, and in a first load that is continued, everything is read again, with the reason", async () => {
    await database.sql(`CREATE TABLE large (id int4 PRIMARY KEY, pad text);
      INSERT INTO large SELECT i, repeat(md5(random()::text), 34) FROM generate_series(1, 3000) i`);
    const xmin = await incremental(byXmin, "large");
    const loaded = await readAll(byXmin, xmin);
    const again = await readAll(byXmin, xmin, fromAhead(loaded.state));
    expect(again.restart).toMatch(/another server, or a restored one/);
    expect(again.rows.length).toBe(3000);
    const pieces = database.config({ part_megabytes: 1 });
    for (const stream of [await incremental(pieces, "large", "id"), await configured(pieces, "large")]) {
      const begun = await attempt(pieces, stream, null, async (reader) => {
        for await (const part of reader.parts(new AbortController().signal)) return part.state;
        return null;
      });
      expect(begun).toMatchObject({ kind: "blocks", loaded: false });
      const rest = await readAll(pieces, stream, fromAhead(begun));
      expect(rest.restart).toMatch(/another server, or a restored one/);
      expect(rest.rows.length).toBe(3000);
    }
  });
});
