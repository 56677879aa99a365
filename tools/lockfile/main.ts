import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { addresses, missingEntries, type Lockfile } from "./complete.ts";

const path = join(dirname(dirname(import.meta.dirname)), "package-lock.json");
const lockfile = JSON.parse(readFileSync(path, "utf8")) as Lockfile;
const missing = missingEntries(lockfile);
const addressed = addresses(lockfile);

if (process.argv.includes("--check")) {
  for (const name of Object.keys(missing)) console.error(`error: no entry for ${name}: run npm run lockfile`);
} else if (Object.keys(missing).length > 0) {
  const packages = Object.entries({ ...lockfile.packages, ...missing }).toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  );
  writeFileSync(
    path,
    `${JSON.stringify({ ...lockfile, packages: Object.fromEntries(packages) }, null, 2)}\n`,
  );
}
for (const name of addressed) console.error(`error: ${name} names a registry: see .npmrc`);
console.log(`${Object.keys(missing).length} platform packages without an entry`);
const failed = addressed.length > 0 || (process.argv.includes("--check") && Object.keys(missing).length > 0);
process.exitCode = failed ? 1 : 0;
