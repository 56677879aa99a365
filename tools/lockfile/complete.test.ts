import { expect, test } from "vitest";
import { addresses, missingEntries } from "./complete.ts";

const parent = {
  version: "1.0.0",
  dev: true,
  optionalDependencies: {
    "@x/linux-x64": "1.0.0",
    "@x/binding-linux-arm64-musl": "1.0.0",
    "@x/win32-ia32-msvc": "1.0.0",
  },
};

test("adds what is missing, for the platform in the name", () => {
  const packages = { "node_modules/x": parent, "node_modules/@x/linux-x64": { version: "1.0.0" } };
  expect(missingEntries({ packages })).toEqual({
    "node_modules/@x/binding-linux-arm64-musl": {
      version: "1.0.0",
      os: ["linux"],
      cpu: ["arm64"],
      libc: ["musl"],
      dev: true,
      optional: true,
    },
    "node_modules/@x/win32-ia32-msvc": {
      version: "1.0.0",
      os: ["win32"],
      cpu: ["ia32"],
      dev: true,
      optional: true,
    },
  });
});

test.each([
  ["a range", "@x/linux-x64", "^1.0.0", "which is not one version"],
  ["a name without a platform", "fsevents", "1.0.0", "the platform of fsevents is not in its name"],
])("refuses %s", (_what, name, version, message) => {
  const packages = { "node_modules/x": { version: "1.0.0", optionalDependencies: { [name]: version } } };
  expect(() => missingEntries({ packages })).toThrow(message);
});

test("finds registry addresses but not workspace links", () => {
  const packages = {
    "node_modules/@weir/kit": { resolved: "packages/kit", link: true },
    "node_modules/x": { resolved: "https://registry.example/x.tgz" },
  };
  expect(addresses({ packages })).toEqual(["node_modules/x"]);
});
