import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childProcess, environmentFor } from "@weir/engine";
import { rowsOf } from "@weir/kit";
import type { JsonObject, Runner } from "@weir/protocol";
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

/** What the connector's `spec` said when it was last generated. */
export function recordedSpec(id: string): JsonObject {
  const [, kind = "", name = ""] = /^([a-z]+)-(.+)$/.exec(id) ?? [];
  const path = new URL(`../../../connectors/src/${name}/${kind}.spec.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")) as JsonObject;
}
