import { defineConfig, type OxlintOverride } from "oxlint";
import { importTable, scope } from "./tools/boundaries/table.ts";

const deepImport = {
  regex: `^${scope}[^/]+/(src|test)/`,
  message: "Import a public door of the package (see its exports).",
};

const doors = new Set(Object.values(importTable).flatMap(({ source, tests }) => [...source, ...tests]));

function restrict(allowed: readonly string[]): OxlintOverride["rules"] {
  const paths = [...doors]
    .filter((door) => !allowed.includes(door))
    .map((name) => ({ name, message: "The import table does not allow this (tools/boundaries/table.ts)." }));
  return { "eslint/no-restricted-imports": ["error", { paths, patterns: [deepImport] }] };
}

const importRules = Object.entries(importTable).flatMap(([name, { source, tests }]): OxlintOverride[] => [
  { files: [`packages/${name}/src/**`], rules: restrict(source) },
  {
    files: [`packages/${name}/test/**`, `packages/${name}/src/**/*.test.ts`],
    rules: restrict([...source, ...tests]),
  },
]);

export default defineConfig({
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import"],
  categories: { correctness: "error", suspicious: "error" },
  options: { typeAware: true },
  ignorePatterns: ["**/fixtures/**"],
  rules: {
    "eslint/eqeqeq": "error",
    "eslint/max-params": ["error", { max: 5 }],
    "eslint/no-var": "error",
    "eslint/prefer-const": "error",
    "eslint/no-restricted-imports": ["error", { patterns: [deepImport] }],
    "import/no-cycle": "error",
    "import/no-default-export": "error",
    "typescript/consistent-type-exports": "error",
    "typescript/consistent-type-imports": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/no-non-null-assertion": "error",
    "typescript/only-throw-error": "error",
    "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    // Narrowing what comes off the wire is done by assertion after a check the rule cannot see.
    "typescript/no-unsafe-type-assertion": "off",
    "unicorn/consistent-function-scoping": "off",
    // JSON Schema has a keyword "then", and control characters are what escaping is about.
    "unicorn/no-thenable": "off",
    "eslint/no-control-regex": "off",
    // tsc's noImplicitReturns does this and knows exhaustive switches.
    "typescript/consistent-return": "off",
  },
  overrides: [...importRules, { files: ["*.config.ts"], rules: { "import/no-default-export": "off" } }],
});
