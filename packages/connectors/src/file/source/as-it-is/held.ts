import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { fileError } from "../failures.ts";
import type { FoundFile } from "../found.ts";

export interface Hold {
  /** Stays this very file whatever happens to its name; absent where the system has no such paths. */
  readonly path: string | undefined;
  /** Fails when the file is not what it was; lets it go. */
  unchanged(): void;
  release(): void;
}

/** Files kept open while a destination may read them itself. */
export class HeldFiles {
  readonly #open = new Set<number>();

  /** Undefined where the file cannot be opened: reading its bytes says why. */
  hold({ place, name, size, stamp }: FoundFile): Hold | undefined {
    if (place.kind !== "local" || process.platform !== "linux") return undefined;
    const { path } = place;
    let descriptor: number;
    try {
      descriptor = openSync(path, "r");
    } catch {
      return undefined;
    }
    this.#open.add(descriptor);
    const before = fstatSync(descriptor, { bigint: true });
    const release = (): void => {
      if (this.#open.delete(descriptor)) closeSync(descriptor);
    };
    const unchanged = (): void => {
      try {
        const now = fstatSync(descriptor, { bigint: true });
        const named = statSync(path, { bigint: true, throwIfNoEntry: false });
        const same =
          Number(now.size) === size &&
          String(now.mtimeNs) === stamp &&
          now.ctimeNs === before.ctimeNs &&
          named?.ino === now.ino;
        if (!same) throw fileError("file_changed", name);
      } finally {
        release();
      }
    };
    return { path: `/proc/self/fd/${descriptor}`, unchanged, release };
  }

  close(): void {
    for (const descriptor of this.#open) closeSync(descriptor);
    this.#open.clear();
  }
}
