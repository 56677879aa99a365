import { access, constants, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileError, unusable } from "./failures.ts";

/** Says what is wrong before anything is made. */
export async function checkFolder(folder: string): Promise<void> {
  let path = resolve(folder);
  let found = await stat(path).catch(() => undefined);
  while (found === undefined && dirname(path) !== path) {
    path = dirname(path);
    found = await stat(path).catch(() => undefined);
  }
  if (found?.isDirectory() !== true)
    throw unusable(`${path} is not a folder.`, "Give the path of a folder, or of one that can be made.");
  try {
    await access(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fileError(error, path);
  }
}
