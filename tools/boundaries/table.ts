/**
 * What one package may import from the others. Everything absent is forbidden.
 * oxlint.config.ts derives its import restrictions from this table, so the editor and the gate agree.
 */
export interface PackageRule {
  /** Doors, each named in full, that the sources of the package may use. */
  readonly source: readonly string[];
  /** Further doors for its tests. */
  readonly tests: readonly string[];
}

const testing = "@weir/kit/testing";

export const importTable: Readonly<Record<string, PackageRule>> = {
  protocol: { source: [], tests: [testing] },
  kit: {
    source: ["@weir/protocol"],
    tests: [
      "@weir/kit",
      testing,
      "@weir/kit/embedded-postgres",
      "@weir/kit/executable",
      "@weir/kit/acceptance",
    ],
  },
  manifest: {
    source: ["@weir/protocol", "@weir/kit"],
    tests: ["@weir/manifest", testing, "@weir/kit/executable", "@weir/kit/acceptance"],
  },
  connectors: {
    source: ["@weir/protocol", "@weir/kit"],
    tests: [
      "@weir/connectors",
      testing,
      "@weir/kit/embedded-postgres",
      "@weir/kit/executable",
      "@weir/kit/acceptance",
    ],
  },
  engine: {
    source: ["@weir/protocol"],
    tests: ["@weir/engine", testing, "@weir/kit/embedded-postgres"],
  },
  cli: {
    source: [
      "@weir/protocol",
      "@weir/kit",
      "@weir/kit/embedded-postgres",
      "@weir/kit/executable",
      "@weir/engine",
      "@weir/connectors",
      "@weir/manifest",
    ],
    tests: ["@weir/cli", testing, "@weir/kit/acceptance"],
  },
};

export const scope = "@weir/";

/** Loading these costs start time for everyone, so the connectors' registry may reach them by `await import()` only. */
export const lazyEntry = "packages/connectors/src/registry.ts";
export const vendorDrivers = ["pg", "pg-copy-streams", "@duckdb/node-api"];

export const forbiddenFolders = ["common", "shared", "core", "utils", "util", "helpers"];
export const forbiddenWords = ["manager", "helper", "helpers", "impl", "v2", "legacy"];

export const lineBudget = { median: 120, notice: 300, limit: 600 };
