import type { EncodingFormat } from "@weir/protocol";
import { failureOf } from "@weir/protocol";
import { describe, expect, it } from "vitest";
import { destinationPostgres } from "../../src/postgres/destination.ts";
import { destinationConfig, newDatabase } from "../postgres-destination.ts";
import { transfer } from "./routes.ts";
import { folderWith } from "./scene.ts";

const TYPES = {
  i: "integer",
  n: "number",
  s: "string",
  b: "boolean",
  d: "date",
  t: "timestamp_with_timezone",
  w: "timestamp_without_timezone",
  c: "time_without_timezone",
};
const PLAIN = "1,1.5,x,true,2024-02-29,2024-01-02T03:04:05Z,2024-01-02 03:04:05.25,10:11:12\n";

/** What lies in the table after the file went by a route, or what refused it. */
async function after(text: string, format: EncodingFormat): Promise<unknown> {
  const db = await newDatabase();
  const root = folderWith({ "a.csv": text });
  const stream = { files: ["a.csv"], types: TYPES };
  const config = destinationConfig(db.url);
  try {
    const { offered } = await transfer({ root, stream, destination: destinationPostgres, config, format });
    if (!offered) return "not offered";
  } catch (error) {
    const { code, recovery } = failureOf(error, "source");
    return `${recovery} ${code}`;
  }
  return db.sql(
    `SELECT i, n, s, b, d, t, w, c, _airbyte_meta->'changes' AS changes, right(_airbyte_raw_id, 8) AS number
       FROM rows ORDER BY _airbyte_raw_id`,
  );
}

describe("a CSV file as it is, into PostgreSQL", () => {
  const header = `${Object.keys(TYPES).join(",")}\n`;

  it("leaves what batches leave, wherever its bytes are cut", async () => {
    const hostile = [
      ",,,,,,,\n",
      '-5,-0.25,"a ""b"", c\nd\n",false,1999-12-31,1999-12-31 23:59:59.999999-03:30,0001-01-01T00:00:00,23:59:59.000001\n',
      '"7","12345678901234567890.123456789","\\N",,"2024-01-01",,,"00:00:00"\n',
      "0,0,\\.,true,,,,\n",
      '1,1,"\n\\.\n",true,,,,\n',
      "9223372036854775807,-0.0,' ü ',true,,,,\n",
    ].join("");
    const text = header + hostile + (PLAIN + hostile).repeat(4000) + PLAIN.trimEnd();
    const found = await after(text, "csv-file");
    expect(found).toHaveLength(6 + 4000 * 7 + 1);
    expect(found).toEqual(await after(text, "batch"));
  }, 60_000);

  it("with lines that end in CRLF leaves the same", async () => {
    const text = (header + PLAIN.repeat(3)).replaceAll("\n", "\r\n");
    const found = await after(text, "csv-file");
    expect(found).toHaveLength(3);
    expect(found).toEqual(await after(text, "batch"));
  });

  it.each(["2023-02-29", "today", "infinity"])("with the day %s is refused", async (day) => {
    expect(await after(`${header}${PLAIN.replace("2024-02-29", day)}`, "csv-file")).toMatch(/^skip /);
  });

  it("with an integer beyond 64 bits is refused", async () => {
    expect(await after(`${header}${PLAIN.replace("1,", "9223372036854775808,")}`, "csv-file")).toMatch(
      /^skip /,
    );
  });
});
