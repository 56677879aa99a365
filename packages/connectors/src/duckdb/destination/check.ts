import { access, constants, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { DuckdbConfig } from "./config.ts";
import { duckdbError } from "./failures.ts";
import { settingsOf } from "./settings.ts";
import { openFile } from "./shared-file.ts";

/** Opens the file if there is one; else looks whether it could be made, and makes nothing. */
export async function check(config: DuckdbConfig): Promise<void> {
  const settings = settingsOf(config);
  const path = resolve(settings.path);
  if ((await stat(path).catch(() => undefined)) === undefined) return checkDirectory(path);
  const file = await openFile(settings);
  await file.leave();
}

/** The nearest directory that exists must take a file or a directory. */
async function checkDirectory(path: string): Promise<void> {
  let directory = dirname(path);
  while ((await stat(directory).catch(() => undefined)) === undefined && dirname(directory) !== directory) {
    directory = dirname(directory);
  }
  try {
    if (!(await stat(directory)).isDirectory()) throw new Error(`Not a directory: ${directory}`);
    await access(directory, constants.W_OK | constants.X_OK).catch(() => {
      throw new Error(`Permission denied: ${directory}`);
    });
  } catch (error) {
    throw duckdbError(error, path);
  }
}
