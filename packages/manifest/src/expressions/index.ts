export { type CompilerOptions, templateCompiler } from "./compiler.ts";
export type { PythonType, Template, TemplateOptions, Variables } from "./contract.ts";
export { PythonError } from "./python-error.ts";
export { recordValue, sliceValue } from "./mappings.ts";
export { textOf } from "./values/text.ts";
export { Callable } from "./values/types.ts";
