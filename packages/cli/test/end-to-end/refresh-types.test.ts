import type { SyncMode } from "@weir/engine";
import { describe, expect, test } from "vitest";
import { newDatabase } from "./databases.ts";
import { syncOnce } from "./scene.ts";
import { columnsOf, newTarget, rowsOf, TARGETS } from "./targets.ts";

describe.each(TARGETS)("%s, a table whose columns were widened", (id) => {
  test.each<SyncMode>(["incremental_append", "incremental_append_deduped"])(
    "has the source's types again after a refresh: %s",
    async (mode) => {
      const source = await newDatabase();
      const target = await newTarget(id);
      await source.sql("CREATE TABLE orders (id int PRIMARY KEY, v int, amount smallint)");
      await source.sql("INSERT INTO orders VALUES (1, 1, 10)");
      const move = async (refresh: boolean): Promise<string> => {
        const { result } = await syncOnce({
          source: source.source,
          destination: target.endpoint,
          connection: { streams: [{ name: "orders", mode, cursor: "v" }], nativeTypes: true },
          request: refresh ? { refresh: [{ stream: "orders", retain: false }] } : {},
        });
        expect(result.failure).toBeUndefined();
        return (await columnsOf(target, "orders")).get("amount") ?? "";
      };
      const first = await move(false);
      expect(first.toLowerCase()).toBe("smallint");
      await source.sql("ALTER TABLE orders ALTER COLUMN amount TYPE text");
      await source.sql("UPDATE orders SET v = 2, amount = 'ten'");
      expect(await move(false)).not.toBe(first);
      await source.sql("ALTER TABLE orders ALTER COLUMN amount TYPE smallint USING 10");
      expect(await move(true)).toBe(first);
      expect(await rowsOf(target, "orders")).toEqual([
        { values: { id: "1", v: "2", amount: "10" }, changes: [] },
      ]);
    },
  );
});
