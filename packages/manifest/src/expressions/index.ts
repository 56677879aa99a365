export { templateCompiler } from "./compiler.ts";
export type { PythonType, Template, Variables } from "./contract.ts";
export { PythonError } from "./python-error.ts";
export { recordValue, sliceValue } from "./mappings.ts";
export { Callable } from "./values/types.ts";
