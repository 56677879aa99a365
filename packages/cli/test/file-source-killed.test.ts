import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isObject, parseJson, stringifyJson } from "@weir/protocol";
import { describe, expect, it } from "vitest";
import { duckSql, newDatabase } from "./end-to-end/databases.ts";
import { start } from "./process.ts";
import { folderWith } from "./terminal.ts";

const ROWS = 120_000;

/** Every ten thousandth line is broken. */
const BROKEN = ROWS / 10_000;

const TALLY =
  "SELECT count(*) AS n, count(DISTINCT id) AS d, sum(id) AS s, sum(_weir_line - id) AS off FROM rows";

function line(id: number): string {
  const row = `{"id":${id},"text":"${"ü".repeat(id % 40)}"}\n`;
  return id % 10_000 === 0 ? `broken ${id}\n` : row;
}

/** Kills a sync by SIGKILL once it has committed something. */
async function killed(cwd: string, state: string): Promise<void> {
  const { child, ended } = start(["sync"], { cwd });
  const early = ended.then(({ stderr, stdout }) => {
    throw new Error(`It ended before it could be killed: ${stderr}${stdout}`);
  });
  early.catch(() => undefined);
  const committed = async (): Promise<void> => {
    while (!existsSync(state) || !/"committed":[1-9]/.test(readFileSync(state, "utf8"))) await sleep(5);
  };
  await Promise.race([committed(), early]);
  child.kill("SIGKILL");
  expect((await ended).signal).toBe("SIGKILL");
}

/** Texts of all rows in the files of rejected rows. */
async function rejected(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true });
  const texts: string[] = [];
  for (const name of names.filter((each) => each.endsWith(".jsonl"))) {
    for (const text of (await readFile(join(folder, name), "utf8")).trimEnd().split("\n")) {
      const row = parseJson(text);
      const record = isObject(row) && isObject(row["record"]) ? row["record"] : {};
      texts.push(typeof record["text"] === "string" ? record["text"] : text);
    }
  }
  return texts;
}

describe("a large file whose sync is killed in the middle", () => {
  it.each([
    ["postgres", "jsonl"],
    ["duckdb", "jsonl"],
    ["postgres", "csv"],
    ["duckdb", "csv"],
  ] as const)(
    "reaches %s once as %s, and its broken rows are set aside once",
    { timeout: 180_000 },
    async (to, format) => {
      const database = await newDatabase();
      const { password, ...postgres } = database.destination.config;
      const place = to === "postgres" ? { ...postgres, password: "${PASSWORD}" } : { path: "to.duckdb" };
      const ids = Array.from({ length: ROWS }, (_, at) => at + 1);
      // CSV is not cut: of one file nothing is committed before its end, so there are several.
      const files =
        format === "jsonl"
          ? { "data/a.jsonl": ids.map(line).join("") }
          : Object.fromEntries(
              Array.from({ length: 6 }, (_, file) => {
                const own = ids.slice((file * ROWS) / 6, ((file + 1) * ROWS) / 6);
                const rows = own.map((id) =>
                  id % 10_000 === 0 ? `broken ${id}\n` : `${id},${"ü".repeat(id % 40)}\n`,
                );
                return [`data/${file}.csv`, `id,text\n${rows.join("")}`];
              }),
            );
      const stream = stringifyJson({ name: "rows", files: [`*.${format}`], place: true });
      const cwd = await folderWith({
        ".env": `PASSWORD=${typeof password === "string" ? password : ""}\n`,
        ...files,
        "weir.yaml": `sources:
  from: { connector: source-file, config: { root: data, part_megabytes: 1, streams: [${stream}] } }
destinations: { to: { connector: destination-${to}, config: ${stringifyJson(place)} } }
connections:
  c:
    source: from
    destination: to
    streams: [{ name: rows, mode: incremental_append }]
    rejects: { max: 100 }
    limits: { bytesInFlight: 1000000 }
`,
      });
      await killed(cwd, join(cwd, ".weir", "state", "c.json"));
      const { ended } = start(["sync", "--json"], { cwd });
      const { code, stdout } = await ended;
      expect([code, stdout]).toEqual([0, expect.anything()]);
      const tally = to === "postgres" ? database.sql(TALLY) : duckSql(join(cwd, "to.duckdb"), TALLY);
      const sum = (ROWS * (ROWS + 1)) / 2 - (10_000 * BROKEN * (BROKEN + 1)) / 2;
      const kept = String(ROWS - BROKEN);
      const [found] = await tally;
      expect(found).toMatchObject({ n: kept, d: kept, s: String(sum) });
      if (format === "jsonl") expect(found?.["off"]).toBe("0");
      const texts = await rejected(join(cwd, ".weir"));
      expect(texts.toSorted()).toEqual(
        ids
          .filter((id) => id % 10_000 === 0)
          .map((id) => `broken ${id}`)
          .toSorted(),
      );
    },
  );
});
