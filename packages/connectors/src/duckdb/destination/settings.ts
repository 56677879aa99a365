import { availableParallelism } from "node:os";
import { WeirError } from "@weir/protocol";
import type { DuckdbConfig } from "./config.ts";
import type { FileSettings } from "./shared-file.ts";

export function settingsOf({ path, memory_limit, threads }: DuckdbConfig): FileSettings {
  if (path.startsWith(":memory:")) {
    throw new WeirError({
      code: "config.invalid",
      message: "A database in memory is gone when the sync ends.",
      next: "Give the path of a file.",
      recovery: "ask",
      origin: "config",
      path: "path",
    });
  }
  return { path, memoryLimit: memory_limit, threads: threads === 0 ? availableParallelism() : threads };
}
