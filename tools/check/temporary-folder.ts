import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let folder: string | undefined;

/** Called by the test runner before its first worker starts: what tests leave in the temporary folder goes with the run. */
export function setup(): void {
  folder = mkdtempSync(join(tmpdir(), "weir-test-"));
  // An embedded PostgreSQL that root starts runs as another user.
  chmodSync(folder, 0o1777);
  process.env["TMPDIR"] = folder;
}

/** Called by the test runner when its last worker is done. */
export function teardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
