import { fieldsOf } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { source } from "../../src/faker/source.ts";
import { context, encodingOf, open, readAll, readParts } from "./scene.ts";

const text = (value: unknown): string => String(value);

describe("the catalog", () => {
  test("has Airbyte's three streams, keyed and with a cursor", async () => {
    const { streams } = await source.discover({ count: 10, seed: 0 }, context);
    expect(streams.map(({ name }) => name)).toEqual(["users", "products", "purchases"]);
    for (const stream of streams) {
      expect(stream).toMatchObject({
        supported_sync_modes: ["full_refresh", "incremental"],
        source_defined_cursor: true,
        default_cursor_field: ["updated_at"],
        source_defined_primary_key: [["id"]],
      });
    }
    expect(fieldsOf(streams[0]?.json_schema ?? {})).toHaveLength(17);
  });

  test("check finds nothing wrong", async () => {
    expect(await source.check({ count: 10, seed: 0 }, context)).toEqual({
      status: "SUCCEEDED",
      failures: [],
    });
  });

  test("a stream that does not exist is refused by name", async () => {
    const { session, configured } = await open({}, "users");
    const stranger = { ...configured, stream: { ...configured.stream, name: "orders" } };
    await expect(session.reader(stranger, null)).rejects.toMatchObject({
      failure: { code: "source.stream_missing", recovery: "ask", stream: "orders" },
    });
  });
});

describe("rows", () => {
  test("users fit their fields, ids have no gaps, emails are unique, updates come later than creation", async () => {
    const { rows } = await readAll({ count: 5000 }, "users");
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 5000 }, (_, row) => row + 1));
    expect(new Set(rows.map(({ email }) => email)).size).toBe(5000);
    let before = "";
    for (const row of rows) {
      expect(Object.values(row).every((value) => value !== null && value !== "")).toBe(true);
      expect(text(row["created_at"]) <= text(row["updated_at"])).toBe(true);
      expect(before < text(row["updated_at"])).toBe(true);
      before = text(row["updated_at"]);
      const mailbox = text(row["name"]).toLowerCase().replace(" ", ".");
      expect(text(row["email"])).toBe(`${mailbox}+${text(row["id"])}@example.com`);
    }
    expect(rows[0]?.["address"]).toMatchObject({
      street_number: expect.any(String),
      country_code: expect.any(String),
    });
  });

  test("values are spread over their ranges", async () => {
    const { rows } = await readAll({ count: 20_000 }, "users");
    for (const [field, least] of [
      ["name", 4000],
      ["occupation", 64],
      ["age", 81],
      ["telephone", 19_000],
      ["gender", 4],
    ] as const) {
      expect(new Set(rows.map((row) => row[field])).size, field).toBeGreaterThanOrEqual(least);
    }
    const female = rows.filter(({ gender }) => gender === "Female").length;
    expect(female).toBeGreaterThan(4600);
    expect(female).toBeLessThan(5400);
  });

  test("products are a hundred different ones with prices in cents", async () => {
    const { rows } = await readAll({ count: 3 }, "products");
    expect(new Set(rows.map(({ make, model }) => `${text(make)} ${text(model)}`)).size).toBe(100);
    for (const { price } of rows) expect(text(price)).toMatch(/^\d+(\.\d{1,2})?$/);
  });

  test("purchases belong to users and products and run in order of time", async () => {
    const count = 5000;
    const { rows } = await readAll({ count }, "purchases");
    expect(rows).toHaveLength(count);
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, row) => row + 1));
    const bought = new Map<number, number>();
    for (const row of rows) {
      const user = row["user_id"] as number;
      bought.set(user, (bought.get(user) ?? 0) + 1);
      const course = ["created_at", "added_to_cart_at", "purchased_at", "returned_at", "updated_at"]
        .map((field) => row[field])
        .filter((moment) => moment !== null)
        .map(text);
      expect(course).toEqual(course.toSorted());
      if (row["purchased_at"] === null) expect(row["returned_at"]).toBeNull();
    }
    for (let user = 1; user <= count; user++) {
      expect(bought.get(user) ?? 0).toBe(user % 10 === 6 ? 0 : user % 10 === 8 ? 2 : 1);
    }
    const share = (field: string): number => rows.filter((row) => row[field] !== null).length / count;
    expect(share("purchased_at")).toBeCloseTo(0.7, 1);
    expect(share("returned_at")).toBeCloseTo(0.1, 1);
  });

  test.each([0, 1, 5, 6, 7, 8, 9, 10, 17])(
    "with %i users, purchases are those of these users",
    async (count) => {
      const { rows } = await readAll({ count }, "purchases");
      const more = await readAll({ count: 100 }, "purchases");
      expect(rows).toEqual(more.rows.filter(({ user_id }) => (user_id as number) <= count));
    },
  );
});

describe("the same seed", () => {
  test.each(["users", "products", "purchases"])(
    "gives the same %s, however they are cut and chosen",
    async (name) => {
      const whole = await readAll({ count: 300, seed: 7 }, name);
      const cut = await readAll({ count: 300, seed: 7, records_per_slice: 7 }, name);
      expect(cut.parts.length).toBeGreaterThan(10);
      expect(cut.rows).toEqual(whole.rows);
      expect((await readAll({ count: 300, seed: 8 }, name)).rows).not.toEqual(whole.rows);

      const { reader, configured } = await open({ count: 300, seed: 7 }, name);
      const chosen = ["updated_at", "id"];
      const [part] = await readParts(reader, encodingOf(configured, chosen));
      expect(part?.rows).toEqual(whole.rows.map(({ updated_at, id }) => ({ updated_at, id })));
    },
  );

  test("a part read again gives the same rows", async () => {
    const { reader, encoding } = await open({ count: 5000, records_per_slice: 3000 }, "users");
    for await (const part of reader.parts(context.signal)) {
      const once = await readParts(
        {
          ...reader,
          parts: async function* () {
            yield part;
          },
        },
        encoding,
      );
      const again = await readParts(
        {
          ...reader,
          parts: async function* () {
            yield part;
          },
        },
        encoding,
      );
      expect(again).toEqual(once);
    }
  });
});
