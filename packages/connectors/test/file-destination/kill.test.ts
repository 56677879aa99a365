import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "@weir/kit/testing";
import { describe, expect, test } from "vitest";
import { type Going, goOn } from "./killed.ts";
import { newFolder, query, visible } from "./scene.ts";

interface Outcome {
  /** Parts whose commit the process told of. */
  readonly told: number;
  readonly finished: boolean;
  readonly killed: boolean;
  readonly steps: number;
  readonly milliseconds: number;
}

async function run(
  going: Going,
  kill: { readonly at?: number; readonly after?: number } = {},
): Promise<Outcome> {
  const started = performance.now();
  const child = spawn(process.execPath, [join(import.meta.dirname, "killed.ts"), JSON.stringify(going)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, KILL_AT: String(kill.at ?? 0) },
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exit = once(child, "close");
  if (kill.after !== undefined) {
    await Promise.race([sleep(kill.after), exit]);
    child.kill("SIGKILL");
  }
  const [code, signal] = (await exit) as [number | null, string | null];
  if (signal === null) expect(code).toBe(0);
  return {
    told: Math.max(0, ...[...output.matchAll(/parts (\d+)/g)].map(([, parts]) => Number(parts))),
    finished: output.includes("finished"),
    killed: signal !== null,
    steps: Number(/steps (\d+)/.exec(output)?.[1] ?? 0),
    milliseconds: performance.now() - started,
  };
}

interface Seen {
  readonly part: number;
  readonly rows: number;
  readonly generation: number;
}

/** What a reader finds: parts, each with its rows; a file that is not whole fails here. */
async function look({ folder, format }: Going): Promise<readonly Seen[]> {
  if (!existsSync(folder) || visible(folder).length === 0) return [];
  const pattern = `'${folder}/**/*.${format}*'`;
  const from =
    format === "parquet"
      ? `read_parquet(${pattern})`
      : format === "csv"
        ? `read_csv(${pattern})`
        : `read_json(${pattern})`;
  const found = await query(
    `SELECT part::INT AS part, count(*)::INT AS "rows", count(DISTINCT id)::INT AS ids, count(DISTINCT _airbyte_raw_id)::INT AS raw,
       _airbyte_generation_id::INT AS generation FROM ${from} GROUP BY ALL ORDER BY generation, part`,
  );
  for (const { rows, ids, raw } of found) expect([ids, raw]).toEqual([rows, rows]);
  return found.map(({ part, rows, generation }) => ({ part, rows, generation }) as Seen);
}

function whole({ parts, rows, generation }: Going, count = parts): readonly Seen[] {
  return Array.from({ length: count }, (_, part) => ({ part, rows, generation }));
}

const base = { compression: "none", attempt: 1, generation: 1, parts: 2, rows: 3, route: "batch" };

/** WEIR_EVERY_STEP=1 takes each step, in some minutes; else every sixth is taken. */
const STRIDE = process.env["WEIR_EVERY_STEP"] === "1" ? 1 : 6;

describe("killed before a step of its file work", () => {
  for (const mode of ["append", "overwrite"]) {
    for (const format of ["jsonl"]) {
      test(`${mode} of ${format}`, { timeout: 300_000 }, async () => {
        const first: Going = { ...base, folder: newFolder(), format, mode };
        const { steps } = await run(first, { at: 1_000_000 });
        expect(await look(first)).toEqual(whole(first));
        expect(steps).toBeGreaterThan(40);
        for (let at = 1; at <= steps; at += STRIDE) {
          const before: Going = { ...base, folder: newFolder(), format, mode };
          await goOn(before, () => {});
          const now: Going = { ...before, generation: 2 };
          const outcome = await run(now, { at });
          const seen = await look(now);
          if (mode === "overwrite") {
            // The old table, none, or the new one; never some of both.
            expect([whole(before), [], whole(now)], `step ${at}`).toContainEqual(seen);
            if (outcome.finished) expect(seen).toEqual(whole(now));
          } else {
            const fresh = seen.filter(({ generation }) => generation === 2);
            expect(seen.length - fresh.length).toBe(2);
            expect(fresh).toEqual(whole(now, fresh.length));
            expect(fresh.length).toBeGreaterThanOrEqual(outcome.told);
          }
          await goOn({ ...now, attempt: 2 }, () => {});
          const end = mode === "overwrite" ? whole(now) : [...whole(before), ...whole(now)];
          expect(await look(now), `step ${at}`).toEqual(end);
          expect(left(now), `step ${at}`).toEqual([]);
        }
      });
    }
  }
});

/** Data that nobody sees and nobody will. */
function left({ folder }: Going): readonly string[] {
  const hidden = join(folder, ".weir", "connection-killed");
  return readdirSync(hidden, { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && entry.parentPath !== join(hidden, "manifests") && entry.name !== "done",
    )
    .map((entry) => join(entry.parentPath, entry.name));
}

describe("SIGKILL at any moment", () => {
  const random = seededRandom(7);
  const ways = [
    ["jsonl", "zstd", "batch"],
    ["csv", "gzip", "batch"],
    ["parquet", "default", "batch"],
    ["parquet", "zstd", "csv"],
  ] as const;
  for (const mode of ["append", "overwrite"]) {
    for (const [format, compression, route] of ways) {
      test(`${mode} of ${format} by ${route}`, { timeout: 180_000 }, async () => {
        const going: Going = {
          folder: newFolder(),
          format,
          compression,
          mode,
          route,
          generation: 1,
          attempt: 1,
          parts: 5,
          rows: 10_000,
        };
        const usual = await run(going);
        expect(usual).toMatchObject({ told: 5, finished: true });
        expect(await look(going)).toEqual(whole(going));
        let kills = 0;
        for (let round = 0; kills < 3; round += 1) {
          const now = { ...going, folder: newFolder() };
          for (let attempt = 1; ; attempt += 1) {
            const outcome = await run(
              { ...now, attempt },
              attempt > 3 ? {} : { after: 50 + random() * usual.milliseconds },
            );
            if (outcome.killed) kills += 1;
            const seen = await look(now);
            expect(seen).toEqual(whole(now, seen.length));
            if (mode === "overwrite") expect([0, 5]).toContain(seen.length);
            if (outcome.finished) break;
          }
          expect(await look(now)).toEqual(whole(now));
        }
      });
    }
  }
});
