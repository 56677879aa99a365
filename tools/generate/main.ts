// Writes what follows from declarations elsewhere; with --check only says what has drifted.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { renderComponents } from "./components.ts";
import { findConnectors } from "./connectors.ts";
import { renderReadmes } from "./readme.ts";
import { renderRegistry } from "./registry.ts";
import { renderSchema } from "./schema.ts";
import { renderSpecs } from "./specs.ts";
import { renderWasm } from "./wasm.ts";

const root = dirname(dirname(import.meta.dirname));
const check = process.argv.includes("--check");

// The project's schema looks connectors up in the registry, so the registry comes first.
const connectors = await findConnectors(root);
const drifted = [
  await put("packages/manifest/src/registry.ts", renderComponents(root)),
  await put("packages/connectors/src/registry.ts", await renderRegistry(connectors)),
  await put("packages/cli/weir.schema.json", await renderSchema(connectors)),
];
for (const { path, text } of await renderSpecs(connectors)) drifted.push(await put(path, text));
for (const { path, text } of await renderWasm(root)) drifted.push(await put(path, text));
const { readmes, missing } = await renderReadmes(root, connectors);
for (const { path, text } of readmes) drifted.push(await put(path, text));
for (const path of missing) console.error(`error: ${path} is missing: every connector explains itself there`);

const changed = drifted.filter((path) => path !== undefined);
for (const path of changed) console.log(`${check ? "differs" : "written"}: ${path}`);
if (check && changed.length > 0) {
  console.error('error: generated files differ from their declarations; run "npm run generate"');
}
console.log(`${drifted.length} generated files, ${changed.length} ${check ? "differ" : "written"}`);
if (missing.length > 0 || (check && changed.length > 0)) process.exitCode = 1;

/** The path when the file differs or was written. */
async function put(path: string, text: string): Promise<string | undefined> {
  const file = join(root, path);
  let current: string | undefined;
  try {
    current = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  if (current === text) return undefined;
  if (!check) writeFileSync(file, text);
  return path;
}
