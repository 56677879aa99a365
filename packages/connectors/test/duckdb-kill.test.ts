import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "@weir/kit/testing";
import { describe, expect, test } from "vitest";
import { type Found, newPath, reading } from "./duckdb-scene.ts";

const PARTS = 6;
const ROWS = 10_000;
/** For each mode and route: 24 in all. */
const KILLS = 3;

interface Outcome {
  /** Parts whose commit the process was told of. */
  readonly told: number;
  readonly finished: boolean;
  readonly killed: boolean;
  readonly milliseconds: number;
}

/** One process going on with the load, killed after some time unless it is over. */
async function run(
  path: string,
  mode: string,
  route: string,
  attempt: number,
  killAfter?: number,
): Promise<Outcome> {
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "duckdb-killed.ts"), path, mode, route, String(attempt)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exit = once(child, "close");
  if (killAfter !== undefined) {
    await Promise.race([sleep(killAfter), exit]);
    child.kill("SIGKILL");
  }
  const [code, signal] = (await exit) as [number | null, string | null];
  if (signal === null) expect(code).toBe(0);
  const told = [...output.matchAll(/parts (\d+)/g)].map(([, parts]) => Number(parts));
  return {
    told: Math.max(0, ...told),
    finished: output.includes("finished"),
    killed: signal !== null,
    milliseconds: performance.now() - started,
  };
}

interface Kept {
  readonly parts: number;
  readonly finished: boolean;
}

const LAST = `SELECT document FROM _weir.checkpoints WHERE stream = 's' ORDER BY entry DESC LIMIT 1`;

/** Opens what a killed process left and compares rows with the checkpoint: neither more nor fewer. */
async function look(path: string): Promise<Kept> {
  if (!existsSync(path)) return { parts: 0, finished: false };
  return reading(path, async (read) => {
    const all = await read("SELECT schema_name AS s, table_name AS t FROM duckdb_tables() ORDER BY ALL");
    const [last] = all.some(({ t }) => t === "checkpoints") ? await read(LAST) : [];
    const kept = JSON.parse(String(last?.["document"] ?? '{"parts":0,"finished":false}')) as Kept;
    const tables = all.filter(({ t }) => t === "s" || String(t).includes("staging"));
    if (kept.finished) expect(tables).toEqual([{ s: "main", t: "s" }]);
    const found: Found[] = [];
    for (const { s, t } of tables) {
      const rows = await read(
        `SELECT part, count(*) AS n, count(DISTINCT id) AS ids, count(DISTINCT _airbyte_raw_id) AS raw,
           bool_and(text = 'row number ' || id AND id // ${ROWS} = part) AS good
         FROM "${String(s)}"."${String(t)}" GROUP BY part ORDER BY part`,
      );
      found.push(...rows);
    }
    const whole = { n: String(ROWS), ids: String(ROWS), raw: String(ROWS), good: true };
    expect(found).toEqual(
      Array.from({ length: kept.parts }, (_, part) => ({ part: String(part), ...whole })),
    );
    return kept;
  });
}

describe("SIGKILL at any moment leaves exactly what was committed", () => {
  const random = seededRandom(20);
  for (const mode of ["append", "overwrite", "append_dedup", "overwrite_dedup"]) {
    for (const route of ["csv", "batch"]) {
      test(`${mode} by ${route}`, { timeout: 180_000 }, async () => {
        const whole = await run(newPath(), mode, route, 1);
        expect(whole).toMatchObject({ told: PARTS, finished: true });
        let path = newPath();
        let before: Kept = { parts: 0, finished: false };
        for (let kills = 0, attempt = 1; kills < KILLS; attempt++) {
          const outcome = await run(path, mode, route, attempt, random() * whole.milliseconds);
          const now = await look(path);
          // What the process was told is there; one part that it was not told may be, and nothing else.
          expect(now.parts).toBeGreaterThanOrEqual(Math.max(before.parts, outcome.told));
          expect(now.parts).toBeLessThanOrEqual(Math.max(before.parts, outcome.told) + 1);
          if (outcome.finished) expect(now).toEqual({ parts: PARTS, finished: true });
          before = now;
          if (outcome.killed) kills += 1;
          if (!now.finished) continue;
          path = newPath();
          before = { parts: 0, finished: false };
        }
        expect(await run(path, mode, route, 99)).toMatchObject({ finished: true });
        expect(await look(path)).toEqual({ parts: PARTS, finished: true });
      });
    }
  }
});

describe("a process that leaves in the middle of a load ends", () => {
  for (const route of ["csv", "batch"]) {
    for (const way of ["exit", "throw"]) {
      test(`by ${way}, route ${route}`, async () => {
        const path = newPath();
        const script = join(import.meta.dirname, "duckdb-endless.ts");
        const child = spawn(process.execPath, [script, path, route, way], { stdio: "ignore" });
        const [code, signal] = (await once(child, "close", { signal: AbortSignal.timeout(30_000) })) as [
          number | null,
          string | null,
        ];
        // Feeds cannot be taken from DuckDB, so there the process may have to kill itself.
        const isPlain = code === (way === "exit" ? 3 : 1);
        expect(isPlain || (route === "batch" && signal === "SIGKILL")).toBe(true);
        expect(await reading(path, (read) => read("SELECT count(*) AS n FROM s"))).toEqual([{ n: "0" }]);
      });
    }
  }
});

describe("a session that is closed under its loads", () => {
  test.each(["csv", "batch"])("ends them and the process goes on, route %s", async (route) => {
    for (let round = 0; round < 3; round++) {
      const path = newPath();
      const script = join(import.meta.dirname, "duckdb-endless.ts");
      const child = spawn(process.execPath, [script, path, route, "close"], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      expect(await once(child, "close", { signal: AbortSignal.timeout(30_000) })).toEqual([0, null]);
      expect(await reading(path, (read) => read("SELECT count(*) AS n FROM s"))).toEqual([{ n: "0" }]);
    }
  });
});
