import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childProcess, environmentFor } from "@weir/engine";
import { rowsOf } from "@weir/kit";
import type { Runner } from "@weir/protocol";
import { bin } from "../process.ts";

export const folder = mkdtempSync(join(tmpdir(), "weir-executables-"));

/** One of Weir's own connectors as another platform would start it. */
export function executable(id: string, env: Readonly<Record<string, string>> = {}): Runner {
  return childProcess({
    id,
    argv: [process.execPath, bin, "connector", id],
    env: { ...environmentFor([], process.env), ...env },
    folder,
    rowsOf,
  });
}
