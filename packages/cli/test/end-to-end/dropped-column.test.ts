import { describe, expect, test } from "vitest";
import { newDatabase } from "./databases.ts";
import { syncOnce } from "./scene.ts";
import { newTarget, rowsOf, TARGETS } from "./targets.ts";

describe.each(TARGETS)("%s, a column that somebody dropped", (id) => {
  test.each(["incremental_append", "incremental_append_deduped"] as const)(
    "comes back, NULL in the rows already there, and the result says so: %s",
    async (mode) => {
      const source = await newDatabase();
      const target = await newTarget(id);
      await source.sql(`CREATE TABLE orders (id int PRIMARY KEY, v int, "A note" text, other text)`);
      await source.sql("INSERT INTO orders VALUES (1, 1, 'one', 'x')");
      const move = async (): Promise<readonly string[]> => {
        const { result } = await syncOnce({
          source: source.source,
          destination: target.endpoint,
          connection: { streams: [{ name: "orders", mode, cursor: "v" }] },
        });
        expect(result.failure).toBeUndefined();
        return result.notices;
      };
      expect(await move()).toEqual([]);
      await target.sql(`ALTER TABLE orders DROP COLUMN "A note"`);
      await source.sql("INSERT INTO orders VALUES (2, 2, 'two', 'y')");
      expect(await move()).toEqual([expect.stringMatching(/orders: .*column of A note .*Refresh/)]);
      expect((await rowsOf(target, "orders")).map(({ values }) => values["A note"])).toEqual([null, "two"]);
      expect(await move()).toEqual([]);
    },
  );
});
