import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { countVectors } from "./vectors.ts";

const data = process.env["WEIR_TESTDATA"] ?? join(import.meta.dirname, "../../../../../shared");
const file = join(data, "conformance/expressions.json.gz");

/** Cases that were equal when this was written. */
const FLOOR = 21_923;

const isThere = existsSync(file);
test.skipIf(!isThere)(
  `every recorded expression is equal${isThere ? "" : " (skipped: WEIR_TESTDATA has no conformance/expressions.json.gz)"}`,
  { timeout: 60_000 },
  () => {
    const { equal, differences } = countVectors(file);
    expect(differences.slice(0, 5)).toEqual([]);
    expect(equal).toBeGreaterThanOrEqual(FLOOR);
  },
);
