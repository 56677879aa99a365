import { dirname } from "node:path";
import { makeFolder, replaceFile } from "@weir/kit";

/** Replaces a file that is this user's alone, durably and whole. One call for a file at a time. */
export async function writeAtomic(path: string, text: string): Promise<void> {
  await makeFolder(dirname(path));
  await replaceFile(path, text, { draft: `${path}.${process.pid}.tmp`, mode: 0o600 });
}
