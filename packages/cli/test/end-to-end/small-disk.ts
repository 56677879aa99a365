import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of its own that is soon full. */
export interface SmallDisk {
  readonly path: string;
  /** Makes room. */
  grow(size: string): void;
  remove(): void;
}

/** Undefined where mounting is not allowed: it takes root, and a container may lack it even then. */
export function smallDisk(size: string): SmallDisk | undefined {
  const path = mkdtempSync(join(tmpdir(), "weir-disk-"));
  const mount = (options: string): boolean =>
    process.platform === "linux" &&
    spawnSync("mount", ["-t", "tmpfs", "-o", `${options},mode=0777`, "weir-test", path]).status === 0;
  if (!mount(`size=${size}`)) {
    rmdirSync(path);
    return undefined;
  }
  return {
    path,
    grow: (larger) => {
      if (!mount(`remount,size=${larger}`)) throw new Error(`${path} cannot be made larger.`);
    },
    remove: () => {
      // A file may still be open for a moment.
      spawnSync("umount", ["--lazy", path]);
      rmdirSync(path);
    },
  };
}
