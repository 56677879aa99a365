import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** `src/registry.ts` of the package manifest: every component, found by its file `components/<kind>/<component>.ts`. */
export function renderComponents(root: string): string {
  const home = join(root, "packages/manifest/src/components");
  const kinds = readdirSync(home, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const found = kinds
    .map(({ name }) => name)
    .toSorted()
    .flatMap((kind) => componentsOf(home, kind));
  const imports = found.map(({ name, path }) => `import { ${name} } from "./components/${path}";`);
  const list = found.map(({ name }) => `  ${name},`);
  return [
    "// Generated from components/<kind>/<component>.ts; do not edit.",
    'import type { Component } from "./component.ts";',
    ...imports,
    "",
    "export const components: readonly Component[] = [",
    ...list,
    "];",
    "",
  ].join("\n");
}

function componentsOf(home: string, kind: string): { readonly name: string; readonly path: string }[] {
  const files = readdirSync(join(home, kind)).filter(
    (file) => file.endsWith(".ts") && file !== "contract.ts",
  );
  return files.toSorted().flatMap((file) => {
    const text = readFileSync(join(home, kind, file), "utf8");
    const names = [...text.matchAll(/^export const (\w+) = defineComponent\(/gm)].map(
      ([, name]) => name ?? "",
    );
    if (names.length === 0) throw new Error(`${kind}/${file} defines no component`);
    return names.map((name) => ({ name, path: `${kind}/${file}` }));
  });
}
