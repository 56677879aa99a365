import { readdir, readFile, stat, truncate, unlink } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "@weir/kit";
import type { Clock } from "@weir/protocol";
import { createExclusive } from "./disk.ts";
import { codeOf, guarded, unusable } from "./failures.ts";
import { emptyManifest, type Manifest, manifestText, parseManifest } from "./manifest.ts";

/** Names of emptied manifests stay this long: who looked before may still try to make the same number. */
const KEPT_MS = 86_400_000;

const NAME = /^(\d{12})\.json$/;

interface Standing {
  /** Number of the manifest; 0 when there is none. */
  readonly number: number;
  readonly manifest: Manifest;
}

/**
 * The manifests of one connection, numbered. A commit makes the file of the next number, which only one process can: the
 * file system compares and swaps, and a dead process holds nothing. The highest number counts. Earlier ones are emptied
 * but keep their names for a day, so that a process that stood still meanwhile cannot make one of them again.
 */
export class Ledger {
  readonly #root: string;
  readonly #folder: string;
  readonly #connection: string;
  readonly #unique: string;
  readonly #clock: Clock;
  #known: Standing | undefined;

  constructor(
    paths: { readonly root: string; readonly manifests: string },
    connection: string,
    unique: string,
    clock: Clock,
  ) {
    this.#root = paths.root;
    this.#folder = paths.manifests;
    this.#connection = connection;
    this.#unique = unique;
    this.#clock = clock;
  }

  /** What was committed last. Works before anything is there, and changes nothing. */
  async read(): Promise<Manifest> {
    this.#known = await guarded(this.#folder, () => this.#latest());
    return this.#known.manifest;
  }

  /** Commits what `change` makes of the last manifest; it is called again when another process was quicker. */
  async commit(change: (before: Manifest) => Manifest): Promise<Manifest> {
    return guarded(this.#root, async () => {
      for (;;) {
        const before = this.#known ?? (await this.#latest());
        this.#known = undefined;
        const manifest = change(before.manifest);
        if (await this.#make(before.number + 1, manifest)) {
          this.#known = { number: before.number + 1, manifest };
          if (before.number > 0) await truncate(this.#path(before.number), 0).catch(() => undefined);
          return manifest;
        }
      }
    });
  }

  async #make(number: number, manifest: Manifest): Promise<boolean> {
    if (number === 1) await makeFolder(this.#folder);
    return createExclusive(this.#path(number), manifestText(manifest), this.#unique);
  }

  async #latest(): Promise<Standing> {
    for (let tries = 0; ; tries++) {
      const number = Math.max(0, ...(await this.#numbers()));
      if (number === 0) return { number, manifest: emptyManifest(this.#connection) };
      const manifest = parseManifest(await readFile(this.#path(number), "utf8").catch(() => ""));
      if (manifest !== undefined) return { number, manifest };
      // Emptied by a commit that came in between; what stays unreadable is damaged.
      if (tries < 20) continue;
      throw unusable(
        `${this.#path(number)} is damaged: it is not a manifest of Weir.`,
        "Restore the folder from a backup, or write into a new one.",
      );
    }
  }

  async #numbers(): Promise<readonly number[]> {
    const names = await readdir(this.#folder).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    });
    return names.flatMap((name) => Number(NAME.exec(name)?.[1] ?? 0) || []);
  }

  /** Removes names nobody can be about to make. */
  async sweep(): Promise<void> {
    const numbers = await this.#numbers();
    const last = Math.max(0, ...numbers);
    for (const number of numbers) {
      if (number === last) continue;
      const found = await stat(this.#path(number)).catch(() => undefined);
      if (found === undefined || this.#clock.now() - found.mtimeMs < KEPT_MS) continue;
      await unlink(this.#path(number)).catch(() => undefined);
    }
  }

  #path(number: number): string {
    return join(this.#folder, `${String(number).padStart(12, "0")}.json`);
  }
}
